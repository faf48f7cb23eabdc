package codehaven.cli;

import picocli.CommandLine.Command;

@Command(
        name = "up",
        description = "Starts everything, with embedded backends for those that no setting points elsewhere.",
        sortOptions = false)
final class Up extends Role {

    @Override
    public Integer call() throws Exception {
        var started = System.nanoTime();
        var installation = Installation.up(settings(), this::say);
        installation.describe(this::say);
        say("ready in %.1f s".formatted((System.nanoTime() - started) / 1e9));
        return stay(installation);
    }
}
