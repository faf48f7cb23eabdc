package codehaven.activities.building;

import codehaven.model.FailureKind;
import codehaven.model.Framework;
import codehaven.model.Kind;
import codehaven.workflows.StepFailure;
import java.util.Optional;
import java.util.regex.Pattern;

/** Tells sites that are files when built from apps that have to run, for frameworks that make both; refuses the latter. */
final class RunningApps {

    private static final String NOT_YET = ", and apps that have to run are not supported yet.";
    private static final String ONLY_FILES =
            "To publish only its files, set framework to static and outputDirectory to where they are.";

    private RunningApps() {}

    /**
     * @param build the build command, empty where there is none
     * @throws StepFailure when the app has to run
     */
    static void refuse(Framework framework, AppDirectory at, String build) {
        reason(framework, at, build).ifPresent(hint -> {
            var where = at.directory().isEmpty() ? "This" : at.directory();
            throw failure(
                    where + " is " + article(framework) + framework.label() + " app that answers requests itself"
                            + NOT_YET,
                    hint);
        });
    }

    static StepFailure dockerfile(String where) {
        return failure(where + " is built by its Dockerfile" + NOT_YET, ONLY_FILES);
    }

    private static String article(Framework framework) {
        return "AEIOU".indexOf(framework.label().charAt(0)) >= 0 ? "an " : "a ";
    }

    private static StepFailure failure(String message, String hint) {
        return new StepFailure(FailureKind.NO_PROJECT_FOUND, message, hint, null, null, null);
    }

    /** What to do instead, when the app has to run. */
    private static Optional<String> reason(Framework framework, AppDirectory at, String build) {
        if (framework.kind() == Kind.DYNAMIC) {
            return Optional.of(ONLY_FILES);
        }
        return switch (framework) {
            case NEXTJS ->
                unless(
                        has("\\boutput\\s*:\\s*[^,;}\\n]{0,200}['\"`]export['\"`]", at.config("next.config"))
                                || at.commands(build).stream().anyMatch(each -> each.contains("next export")),
                        "Set output: 'export' in next.config, which makes files in out/.");
            case NUXT ->
                unless(
                        isGenerated(at, build),
                        "Set the build command to 'npx nuxt generate', which makes files in .output/public/.");
            case SVELTEKIT -> svelteKit(at);
            case ASTRO ->
                unless(
                        !has("\\boutput\\s*:\\s*['\"`]server['\"`]", at.config("astro.config")),
                        "Remove output: 'server' from astro.config, so that the pages are files in dist/.");
            case REMIX ->
                unless(
                        has("\\bssr\\s*:\\s*false", at.config("vite.config")),
                        "Set ssr: false for Remix in vite.config, which makes files in build/client/.");
            case REACT_ROUTER ->
                unless(
                        has("\\bssr\\s*:\\s*false|\\bprerender\\b", at.config("react-router.config")),
                        "Set ssr: false or prerender in react-router.config, which makes files in build/client/.");
            case TANSTACK_START ->
                unless(
                        has("\\bprerender\\s*:|\\bspa\\s*:", at.config("vite.config") + at.config("app.config")),
                        "Set spa or prerender for TanStack Start in vite.config, which makes files in dist/client/.");
            case SOLID_START ->
                unless(
                        has("['\"`]static['\"`]|\\bssr\\s*:\\s*false|\\bprerender\\s*:", at.config("app.config")),
                        "Set server: { preset: 'static' } in app.config, which makes files in .output/public/.");
            default -> Optional.empty();
        };
    }

    /** Whether Nuxt is to make files. The text of the build command may be Nuxt's own or run a script that is. */
    static boolean isGenerated(AppDirectory at, String build) {
        return at.commands(build).stream()
                        .anyMatch(each -> has("\\b(?:nuxt|nuxi)\\S*\\s+generate|\\bbuild\\s+.*--prerender", each))
                || has(
                        "\\bssr\\s*:\\s*false|\\btarget\\s*:\\s*['\"`]static['\"`]|\\bpreset\\s*:\\s*['\"`](?:static|github[_-]pages)['\"`]",
                        at.config("nuxt.config"));
    }

    /** Since SvelteKit 2.60 the adapter may be in vite.config as well. */
    private static Optional<String> svelteKit(AppDirectory at) {
        var hint =
                "Install @sveltejs/adapter-static, use it in place of the adapter in svelte.config or vite.config, and add"
                        + " 'export const prerender = true' to src/routes/+layout.";
        var configs = at.config("svelte.config") + at.config("vite.config");
        if (configs.contains("@sveltejs/adapter-")) {
            return unless(configs.contains("@sveltejs/adapter-static"), hint);
        }
        return unless(at.uses("@sveltejs/adapter-static") || configs.contains("adapter"), hint);
    }

    private static Optional<String> unless(boolean files, String hint) {
        return files ? Optional.empty() : Optional.of(hint);
    }

    private static boolean has(String pattern, String text) {
        return Pattern.compile(pattern).matcher(text).find();
    }
}
