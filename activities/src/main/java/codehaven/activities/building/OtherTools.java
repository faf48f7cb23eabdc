package codehaven.activities.building;

import codehaven.activities.building.Recipe.Install;
import codehaven.model.Framework;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What sites of other languages are built with: an official image of the language, and the generator's own package in a
 * version that the project's lock file, requirements or variables choose.
 *
 * @param image absent for the Node.js image
 * @param instead images that do as well as that
 * @param key names the caches that fit
 */
record OtherTools(
        @Nullable String image,
        List<String> instead,
        @Nullable String prepare,
        @Nullable Install install,
        String build,
        List<String> homeCaches,
        Map<String, String> variables,
        String key) {

    private static final String RUBY = "ruby:3.3-bookworm";

    /** The variable of the same name chooses another, as it does elsewhere. */
    private static final String HUGO_VERSION = "0.166.0";

    private static final String ZOLA_VERSION = "0.21.0";

    /** The tools for a framework that is none of JavaScript's; absent for the others. */
    static Optional<OtherTools> of(Framework framework, AppDirectory at) {
        return switch (framework) {
            case HUGO ->
                Optional.of(new OtherTools(
                        null,
                        List.of(),
                        hugo(),
                        null,
                        framework.command(),
                        List.of(".cache/hugo_cache"),
                        Map.of("HUGO_ENVIRONMENT", "production"),
                        "hugo"));
            case ZOLA ->
                Optional.of(new OtherTools(
                        null, List.of(), zola(), null, framework.command(), List.of(), Map.of(), "zola"));
            case JEKYLL -> Optional.of(ruby(at, "jekyll", framework, Map.of("JEKYLL_ENV", "production")));
            case MIDDLEMAN -> Optional.of(ruby(at, "middleman", framework, Map.of()));
            case MKDOCS ->
                Optional.of(python(
                        at, "mkdocs", List.of("requirements.txt", "docs/requirements.txt"), framework.command()));
            case PELICAN ->
                Optional.of(python(
                        at,
                        "'pelican[markdown]'",
                        List.of("requirements.txt"),
                        at.isFile("publishconf.py") ? "pelican content -s publishconf.py" : framework.command()));
            case SPHINX -> {
                var place = Signs.sphinxPlace(at).orElse("");
                var source = place.isEmpty() ? "." : place; // One of our own words, see SPHINX_PLACES.
                yield Optional.of(python(
                        at,
                        "sphinx",
                        List.of("docs/requirements.txt", "doc/requirements.txt", "requirements.txt"),
                        "sphinx-build -b html " + source + " _build/html"));
            }
            default -> Optional.empty();
        };
    }

    private static String hugo() {
        return released(
                "hugo",
                "HUGO_VERSION",
                HUGO_VERSION,
                "hugo version",
                "*\"v$version\"[-+\\ ]*",
                "gohugoio/hugo/releases/download/v${v}/hugo_extended_${v}_linux-${arm ? \"arm64\" : \"amd64\"}.tar.gz");
    }

    private static String zola() {
        return released(
                "zola",
                "ZOLA_VERSION",
                ZOLA_VERSION,
                "zola --version",
                "*\" $version\"",
                "getzola/zola/releases/download/v${v}/zola-v${v}-${arm ? \"aarch64\" : \"x86_64\"}-unknown-linux-gnu.tar.gz");
    }

    /**
     * Fetches the project's own release of a program, unless one of that version is there.
     *
     * @param variable what in the environment chooses another version
     * @param fits a shell pattern for what the program prints in the version wanted
     * @param path of the archive, a JavaScript template of {@code v} and {@code arm}
     */
    private static String released(
            String program, String variable, String version, String print, String fits, String path) {
        var fetch = "const v = process.env.VERSION, arm = process.arch === \"arm64\";"
                + " fetch(`https://github.com/" + path + "`)"
                + ".then(r => { if (!r.ok) throw new Error(`" + program + " ${v}: ${r.status} from ${r.url}`);"
                + " return r.arrayBuffer(); })"
                + ".then(b => process.stdout.write(Buffer.from(b)))";
        return "version=\"${" + variable + ":-" + version + "}\"; version=\"${version#v}\"; cd \"$HOME\" && case \"$("
                + print + " 2>/dev/null)\" in " + fits + ") ;; *) echo \"Fetching " + program
                + " $version\" && mkdir -p "
                + Recipe.TOOLS + "/bin && VERSION=\"$version\" node -e '" + fetch + "' > " + Recipe.TOOLS
                + "/archive.tar.gz"
                + " && tar -xzf " + Recipe.TOOLS + "/archive.tar.gz -C " + Recipe.TOOLS + "/bin " + program + "; rm -f "
                + Recipe.TOOLS + "/archive.tar.gz; test -x " + Recipe.TOOLS + "/bin/" + program + " ;; esac";
    }

    private static OtherTools ruby(AppDirectory at, String gem, Framework framework, Map<String, String> variables) {
        var environment = new java.util.HashMap<>(variables);
        environment.put("BUNDLE_SILENCE_ROOT_WARNING", "1");
        if (at.isFile("Gemfile")) {
            return new OtherTools(
                    RUBY,
                    List.of(),
                    null,
                    new Install(gems("bundle install"), null),
                    gems("bundle exec " + framework.command()),
                    List.of(".gems"),
                    environment,
                    "ruby");
        }
        return new OtherTools(
                RUBY,
                List.of(),
                gems("gem list --installed --exact " + gem + " >/dev/null || gem install --no-document " + gem),
                null,
                gems(framework.command()),
                List.of(".gems"),
                environment,
                "ruby");
    }

    /** The image keeps gems where only root may write. */
    private static String gems(String command) {
        return "export GEM_HOME=\"$HOME/.gems\" BUNDLE_PATH=\"$HOME/.gems\" BUNDLE_APP_CONFIG=\"$HOME/.bundle\""
                + " PATH=\"$HOME/.gems/bin:$PATH\"; " + command;
    }

    private static OtherTools python(AppDirectory at, String distribution, List<String> requirements, String build) {
        var files = requirements.stream().filter(at::isFile).toList();
        var install = files.isEmpty()
                ? "pip install --user --disable-pip-version-check " + distribution
                : "pip install --user --disable-pip-version-check " + distribution + " -r "
                        + String.join(" -r ", files);
        var version = PythonVersion.any();
        return new OtherTools(
                version.image(),
                version.instead(),
                null,
                new Install(install, null),
                "export PATH=\"$HOME/.local/bin:$PATH\"; " + build,
                List.of(".cache/pip"),
                Map.of("PIP_ROOT_USER_ACTION", "ignore", "PYTHONUNBUFFERED", "1"),
                "python");
    }
}
