package codehaven.cli;

import picocli.CommandLine.Command;

@Command(
        name = "worker",
        description = "Runs deployments, against real backends named by settings; start as many as you like.",
        sortOptions = false)
final class Worker extends Role {

    @Override
    public Integer call() throws Exception {
        var started = System.nanoTime();
        var installation = Installation.worker(settings(), this::say);
        installation.describe(this::say);
        say("ready in %.1f s".formatted((System.nanoTime() - started) / 1e9));
        return stay(installation);
    }
}
