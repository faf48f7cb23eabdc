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
 * @param key names the caches that fit
 */
record OtherTools(
        @Nullable String image,
        @Nullable String prepare,
        @Nullable Install install,
        String build,
        List<String> homeCaches,
        Map<String, String> variables,
        String key) {

    private static final String RUBY = "ruby:3.3-bookworm";
    private static final String PYTHON = "python:3.12-slim-bookworm";

    /** The variable of the same name chooses another, as it does elsewhere. */
    private static final String HUGO_VERSION = "0.152.2";

    private static final String ZOLA_VERSION = "0.21.0";

    /** The tools for a framework that is none of JavaScript's; absent for the others. */
    static Optional<OtherTools> of(Framework framework, AppDirectory at) {
        return switch (framework) {
            case HUGO ->
                Optional.of(new OtherTools(
                        null,
                        hugo(),
                        null,
                        framework.command(),
                        List.of(".cache/hugo_cache"),
                        Map.of("HUGO_ENVIRONMENT", "production"),
                        "hugo"));
            case ZOLA ->
                Optional.of(new OtherTools(null, zola(), null, framework.command(), List.of(), Map.of(), "zola"));
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

    /** The npm package fetches Hugo's own release of the same version and checks it against the release's checksums. */
    private static String hugo() {
        return "version=\"${HUGO_VERSION:-" + HUGO_VERSION + "}\"; version=\"${version#v}\"; cd \"$HOME\""
                + " && case \"$(hugo version 2>/dev/null)\" in *\"v$version\"[-+\\ ]*) ;;"
                + " *) npm install --global --prefix \"$HOME/" + Recipe.TOOLS
                + "\" --no-audit --no-fund \"hugo-extended@$version\" ;; esac";
    }

    private static String zola() {
        return "version=\"${ZOLA_VERSION:-" + ZOLA_VERSION + "}\"; version=\"${version#v}\"; cd \"$HOME\""
                + " && case \"$(zola --version 2>/dev/null)\" in *\" $version\") ;; *) mkdir -p " + Recipe.TOOLS
                + "/bin"
                + " && VERSION=\"$version\" node -e '" + ZOLA_DOWNLOAD + "' > " + Recipe.TOOLS + "/zola.tar.gz"
                + " && tar -xzf " + Recipe.TOOLS + "/zola.tar.gz -C " + Recipe.TOOLS + "/bin zola ;; esac";
    }

    private static final String ZOLA_DOWNLOAD = "const v = process.env.VERSION;"
            + " const cpu = process.arch === \"arm64\" ? \"aarch64\" : \"x86_64\";"
            + " fetch(`https://github.com/getzola/zola/releases/download/v${v}/zola-v${v}-${cpu}-unknown-linux-gnu.tar.gz`)"
            + ".then(r => { if (!r.ok) throw new Error(`Zola ${v}: ${r.status} from ${r.url}`); return r.arrayBuffer(); })"
            + ".then(b => process.stdout.write(Buffer.from(b)))";

    private static OtherTools ruby(AppDirectory at, String gem, Framework framework, Map<String, String> variables) {
        var environment = new java.util.HashMap<>(variables);
        environment.put("BUNDLE_SILENCE_ROOT_WARNING", "1");
        if (at.isFile("Gemfile")) {
            return new OtherTools(
                    RUBY,
                    null,
                    new Install(gems("bundle install"), null),
                    gems("bundle exec " + framework.command()),
                    List.of(".gems"),
                    environment,
                    "ruby");
        }
        return new OtherTools(
                RUBY,
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
        return new OtherTools(
                PYTHON,
                null,
                new Install(install, null),
                "export PATH=\"$HOME/.local/bin:$PATH\"; " + build,
                List.of(".cache/pip"),
                Map.of("PIP_ROOT_USER_ACTION", "ignore", "PYTHONUNBUFFERED", "1"),
                "python");
    }
}
