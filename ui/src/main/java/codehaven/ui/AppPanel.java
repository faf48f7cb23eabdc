package codehaven.ui;

import codehaven.api.apps.AppState;
import codehaven.api.apps.AppView;
import codehaven.api.apps.AppView.InstanceView;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the page of a deployment says of its app.
 *
 * @param plots what its containers used lately; none while nothing is known
 * @param typed the number of replicas that was typed, and refused
 * @param wrong why
 */
record AppPanel(
        AppView app,
        AppSaid said,
        List<Row> rows,
        List<FigurePlot> plots,
        @Nullable String typed,
        @Nullable String wrong) {

    private static final int DIGITS = 12;

    /** A container. */
    record Row(InstanceView instance, String state, String icon, String word) {
        static Row of(InstanceView instance) {
            return new Row(
                    instance, instance.state().text(), AppSaid.icon(instance.state()), AppSaid.word(instance.state()));
        }
    }

    static AppPanel of(AppView app, List<FigurePlot> plots, @Nullable String typed, @Nullable String wrong) {
        return new AppPanel(
                app, AppSaid.of(app), app.instances().stream().map(Row::of).toList(), plots, typed, wrong);
    }

    public boolean isAsleep() {
        return app.state() == AppState.ASLEEP;
    }

    public boolean isStopped() {
        return app.state() == AppState.STOPPED;
    }

    /** Whether somebody wants it to run. */
    public boolean isUp() {
        return !isAsleep() && !isStopped();
    }

    public String replicas() {
        return typed == null ? Integer.toString(app.replicas()) : typed;
    }

    /** The beginning of the digest. */
    public @Nullable String digest() {
        var digest = app.image().digest();
        if (digest == null) {
            return null;
        }
        var end = digest.indexOf(':') + 1 + DIGITS;
        return digest.length() > end ? digest.substring(0, end) + "…" : digest;
    }

    /** "at most 512 MiB and 1 processor each", as far as the project says. */
    public @Nullable String limits() {
        var memory = app.memoryMb() == null ? null : app.memoryMb() + " MiB";
        var cpus = app.cpus() == null ? null : processors(app.cpus());
        if (memory == null && cpus == null) {
            return null;
        }
        return "at most " + (memory == null ? cpus : cpus == null ? memory : memory + ", " + cpus);
    }

    private static String processors(double cpus) {
        var number = cpus == Math.rint(cpus) ? String.format(Locale.ROOT, "%.0f", cpus) : Double.toString(cpus);
        return number + (cpus == 1 ? " processor" : " processors");
    }
}
