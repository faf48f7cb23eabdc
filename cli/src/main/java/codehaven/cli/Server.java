package codehaven.cli;

import picocli.CommandLine.Command;

@Command(
        name = "server",
        description = "The dashboard and REST, against real backends named by settings.",
        sortOptions = false)
final class Server extends Role {

    @Override
    public Integer call() throws Exception {
        var started = System.nanoTime();
        var installation = Installation.server(settings(), this::say);
        installation.describe(this::say);
        say("ready in %.1f s".formatted((System.nanoTime() - started) / 1e9));
        return stay(installation);
    }
}
