package codehaven.cli;

import picocli.CommandLine.Command;

@Command(name = "edge", description = "Serves the sites, against real backends named by settings.", sortOptions = false)
final class Edge extends Role {

    @Override
    public Integer call() throws Exception {
        var started = System.nanoTime();
        var installation = Installation.edge(settings(), this::say);
        installation.describe(this::say);
        say("ready in %.1f s".formatted((System.nanoTime() - started) / 1e9));
        return stay(installation);
    }
}
