package codehaven.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A command that starts something and stays until it is told to stop. */
abstract sealed class Role implements Callable<Integer> permits Demo, Up, Server, Worker, Edge {

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    CommandSpec spec;

    @Option(names = "--config", paramLabel = "FILE", description = "a YAML file of settings (CODEHAVEN_CONFIG)")
    @Nullable
    Path file;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "this text")
    boolean help;

    Settings settings() {
        var named = System.getenv(Setting.PREFIX + "CONFIG");
        var from = file != null || named == null || named.isBlank() ? file : Path.of(named);
        return Main.settings(spec.commandLine().getParseResult(), from);
    }

    /** Prints a line for the user. */
    void say(String line) {
        spec.commandLine().getOut().println(line);
        spec.commandLine().getOut().flush();
    }

    /** Keeps the installation until Ctrl-C or SIGTERM, then closes it in order. */
    int stay(Installation installation) throws InterruptedException {
        var stopping = new CountDownLatch(1);
        var closed = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("stopping").unstarted(() -> {
                    say("stopping …");
                    stopping.countDown();
                    try {
                        installation.close();
                    } finally {
                        closed.countDown();
                    }
                    say("stopped");
                }));
        stopping.await();
        closed.await();
        return 0;
    }
}
