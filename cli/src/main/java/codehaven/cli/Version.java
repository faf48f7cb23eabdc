package codehaven.cli;

import picocli.CommandLine.IVersionProvider;

/** What {@code --version} prints and {@code GET /v1/system} says. */
final class Version implements IVersionProvider {

    static String text() {
        var version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    @Override
    public String[] getVersion() {
        return new String[] {"codehaven " + text()};
    }
}
