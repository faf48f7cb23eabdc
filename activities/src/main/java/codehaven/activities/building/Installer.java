package codehaven.activities.building;

/** The programs that install a JavaScript project's dependencies. */
enum Installer {
    NPM("npm"),
    PNPM("pnpm"),
    YARN("yarn"),
    /** Yarn 2 and newer. */
    YARN_BERRY("yarn"),
    BUN("bun");

    private final String program;

    Installer(String program) {
        this.program = program;
    }

    /** The program's name in a shell. */
    String program() {
        return program;
    }

    /** The command that runs a script of package.json; the name must be one of ours, not a repository's. */
    String run(String script) {
        return program + " run " + script;
    }
}
