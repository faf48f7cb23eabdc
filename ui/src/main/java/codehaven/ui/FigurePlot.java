package codehaven.ui;

import codehaven.api.apps.AppView.InstanceFigures;
import codehaven.api.apps.AppView.Sample;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.DoubleFunction;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What the containers of an app used in the last half hour, together, as columns of half a minute, the newest at the
 * right. Heights are in pixels of {@code .plot.small}, places in per cent.
 *
 * @param now the newest figure; absent where there was none for a minute
 * @param most the highest one
 * @param top what the line at the top stands for
 * @param sentence all of it, for those who do not see it
 */
record FigurePlot(String name, @Nullable String now, String most, String top, List<Column> columns, String sentence) {

    static final Duration SHOWN = Duration.ofMinutes(30);

    private static final int SLOTS = 60;
    private static final long SLOT_MILLIS = SHOWN.toMillis() / SLOTS;

    /** The line at the top is {@link #TALLEST} above it, and its label above that. */
    private static final int FLOOR = 54;

    private static final int TALLEST = 38;
    private static final double WIDTH = 100.0;

    /** A column. */
    record Column(String x, String width, int y, int height) {}

    /** Of the four figures; none where no container has any. */
    static List<FigurePlot> of(List<InstanceFigures> figures, Instant now) {
        var samples = figures.stream().map(InstanceFigures::samples).toList();
        var recent = now.minus(SHOWN);
        if (samples.stream().flatMap(List::stream).noneMatch(each -> each.at().isAfter(recent))) {
            return List.of();
        }
        return List.of(
                plot("CPU", slots(samples, now, FigurePlot::cpu), FigurePlot::processors),
                plot("Memory", slots(samples, now, FigurePlot::memory), FigurePlot::bytes),
                plot("Network in", slots(samples, now, each -> rates(each, Sample::received)), FigurePlot::perSecond),
                plot("Network out", slots(samples, now, each -> rates(each, Sample::sent)), FigurePlot::perSecond));
    }

    private record Point(Instant at, double value) {}

    @FunctionalInterface
    private interface Reading {
        List<Point> of(List<Sample> samples);
    }

    private static List<Point> cpu(List<Sample> samples) {
        return samples.stream().map(each -> new Point(each.at(), each.cpu())).toList();
    }

    private static List<Point> memory(List<Sample> samples) {
        return samples.stream().map(each -> new Point(each.at(), each.memory())).toList();
    }

    /** Bytes a second between two samples; a count that fell began anew with its container. */
    private static List<Point> rates(List<Sample> samples, ToDoubleFunction<Sample> count) {
        var rates = new ArrayList<Point>();
        for (int i = 1; i < samples.size(); i++) {
            var seconds =
                    Duration.between(samples.get(i - 1).at(), samples.get(i).at())
                                    .toMillis()
                            / 1_000.0;
            if (seconds > 0) {
                var before = count.applyAsDouble(samples.get(i - 1));
                var after = count.applyAsDouble(samples.get(i));
                rates.add(new Point(samples.get(i).at(), (after >= before ? after - before : after) / seconds));
            }
        }
        return rates;
    }

    /** The mean of each container in each slot, those of all containers together; not a number where none has any. */
    private static double[] slots(List<List<Sample>> samples, Instant now, Reading reading) {
        var all = new double[SLOTS];
        Arrays.fill(all, Double.NaN);
        for (var each : samples) {
            var sums = new double[SLOTS];
            var counts = new int[SLOTS];
            for (var point : reading.of(each)) {
                var age = Duration.between(point.at(), now).toMillis();
                if (age >= 0 && age < SHOWN.toMillis()) {
                    var slot = SLOTS - 1 - (int) (age / SLOT_MILLIS);
                    sums[slot] += point.value();
                    counts[slot]++;
                }
            }
            for (int i = 0; i < SLOTS; i++) {
                if (counts[i] > 0) {
                    all[i] = (Double.isNaN(all[i]) ? 0 : all[i]) + sums[i] / counts[i];
                }
            }
        }
        return all;
    }

    private static FigurePlot plot(String name, double[] slots, DoubleFunction<String> words) {
        var most =
                Arrays.stream(slots).filter(each -> !Double.isNaN(each)).max().orElse(0);
        var top = ceiling(most);
        var columns = new ArrayList<Column>();
        var slot = WIDTH / SLOTS;
        for (int i = 0; i < SLOTS; i++) {
            if (!Double.isNaN(slots[i])) {
                var height = Math.max(1, (int) Math.round(TALLEST * slots[i] / top));
                columns.add(new Column(percent(i * slot), percent(slot * 0.72), FLOOR - height, height));
            }
        }
        var last = newest(slots);
        var now = last.isPresent() ? words.apply(last.getAsDouble()) : null;
        return new FigurePlot(
                name,
                now,
                words.apply(most),
                words.apply(top),
                columns,
                name + ", the last 30 minutes: " + (now == null ? "nothing now" : "now " + now) + ", at most "
                        + words.apply(most) + ".");
    }

    /** Of the last minute. */
    private static OptionalDouble newest(double[] slots) {
        for (int i = SLOTS - 1; i >= SLOTS - 2; i--) {
            if (!Double.isNaN(slots[i])) {
                return OptionalDouble.of(slots[i]);
            }
        }
        return OptionalDouble.empty();
    }

    /** The next round figure: 1, 2 or 5 and noughts. */
    private static double ceiling(double value) {
        if (value <= 0.01) {
            return 0.01;
        }
        var power = Math.pow(10, Math.floor(Math.log10(value)));
        for (var each : new double[] {1, 2, 5, 10}) {
            if (value <= each * power * 1.000_001) {
                return each * power;
            }
        }
        return 10 * power;
    }

    private static String processors(double value) {
        var text = String.format(Locale.ENGLISH, value < 0.1 ? "%.3f" : value < 10 ? "%.2f" : "%.1f", value);
        return text.replaceFirst("\\.?0+$", "") + " CPU";
    }

    private static String bytes(double value) {
        return Words.bytes(Math.round(value));
    }

    private static String perSecond(double value) {
        return bytes(value) + "/s";
    }

    private static String percent(double value) {
        return String.format(Locale.ROOT, "%.2f%%", value);
    }
}
