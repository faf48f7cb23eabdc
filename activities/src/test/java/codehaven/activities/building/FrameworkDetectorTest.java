package codehaven.activities.building;

import static codehaven.activities.building.Installer.BUN;
import static codehaven.activities.building.Installer.NPM;
import static codehaven.activities.building.Installer.PNPM;
import static codehaven.activities.building.Installer.YARN;
import static codehaven.activities.building.Installer.YARN_BERRY;
import static codehaven.model.Framework.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import codehaven.model.AppSettings;
import codehaven.model.BuildSettings;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FrameworkDetectorTest {

    @TempDir
    Path top;

    private int trees;

    private static final String VITE_REACT = """
            --- index.html
            <div id="root"></div>
            --- vite.config.ts
            import { defineConfig } from 'vite'
            import react from '@vitejs/plugin-react'
            export default defineConfig({ plugins: [react()] })
            --- package.json
            { "name": "vite-react-typescript-starter", "private": true, "type": "module",
              "scripts": { "dev": "vite", "build": "tsc -b && vite build", "preview": "vite preview" },
              "dependencies": { "react": "^19.3.1", "react-dom": "^19.3.1" },
              "devDependencies": { "@vitejs/plugin-react": "^6.1.2", "typescript": "~7.0.2", "vite": "^8.3.4" } }
            """;

    private Recipe detect(String drawing) {
        return detect(drawing, BuildSettings.DETECTED);
    }

    private Recipe detect(String drawing, BuildSettings settings) {
        return FrameworkDetector.detect(Drawn.tree(top.resolve("tree" + trees++), drawing), settings);
    }

    private static Recipe.Install installOf(Recipe recipe) {
        return Objects.requireNonNull(recipe.install());
    }

    private static Recipe.Fallback fallbackOf(Recipe recipe) {
        return Objects.requireNonNull(installOf(recipe).fallback());
    }

    private StepFailure refused(String drawing, BuildSettings settings) {
        return org.assertj.core.api.Assertions.catchThrowableOfType(StepFailure.class, () -> detect(drawing, settings));
    }

    private StepFailure refused(String drawing) {
        return refused(drawing, BuildSettings.DETECTED);
    }

    /** Settings with a few words of their own: {@code "rootDirectory", "apps/web", "outputDirectory", "out"}. */
    private static BuildSettings with(String... words) {
        return new BuildSettings(
                word("rootDirectory", words),
                word("framework", words),
                word("installCommand", words),
                word("buildCommand", words),
                word("outputDirectory", words),
                word("startCommand", words),
                word("nodeVersion", words),
                word("dockerfile", words),
                null,
                null,
                null,
                null,
                null,
                BuildSettings.Limits.DEFAULT,
                AppSettings.DEFAULT);
    }

    private static @Nullable String word(String name, String... words) {
        for (int i = 0; i < words.length; i += 2) {
            if (words[i].equals(name)) {
                return words[i + 1];
            }
        }
        return null;
    }

    private static String packageJson(String dependency, String build) {
        return """
                --- package.json
                { "scripts": { "build": "%s" }, "dependencies": { "%s": "^1.0.0" } }
                """.formatted(build, dependency);
    }

    @Nested
    class Generators {

        @Test
        void viteWithReactIsBuiltByItsScriptIntoDist() {
            var recipe = detect(VITE_REACT);
            assertThat(recipe.framework()).isEqualTo(VITE);
            assertThat(recipe.image()).isEqualTo("node:22-bookworm-slim");
            assertThat(recipe.packageManager()).isEqualTo(NPM);
            assertThat(installOf(recipe).command()).isEqualTo("npm install --include=dev");
            assertThat(recipe.build()).isEqualTo("npm run build");
            assertThat(recipe.outputs()).startsWith("dist").contains("build", "out");
            assertThat(recipe.outputGiven()).isFalse();
            assertThat(recipe.spa()).isTrue();
            assertThat(recipe.notes()).isEmpty();
        }

        @Test
        void outDirOfViteIsReadFromConfigAndScript() {
            assertThat(detect(VITE_REACT.replace("plugins: [react()]", "build: { outDir: \"site/made\" }"))
                            .outputs())
                    .startsWith("site/made", "dist");
            assertThat(detect(VITE_REACT.replace("&& vite build", "&& vite build --outDir=../elsewhere/made"))
                            .outputs())
                    .as("what leaves the repository is no candidate")
                    .doesNotContain("../elsewhere/made");
            assertThat(detect(VITE_REACT.replace("plugins: [react()]", "root: 'src', build: { outDir: '../made' }"))
                            .outputs())
                    .startsWith("made");
            assertThat(detect(
                                    VITE_REACT.replace(
                                            "plugins: [react()]",
                                            "// build: { outDir: 'no' },\nbuild: { outDir: path.resolve(__dirname, 'really') }"))
                            .outputs())
                    .startsWith("really");
        }

        @Test
        void viteOfCreateVueRunsItsBuildInParts() {
            var recipe = detect("""
                    --- index.html
                    <div id="app"></div>
                    --- vite.config.ts
                    export default {}
                    --- package.json
                    { "name": "vue", "type": "module",
                      "scripts": { "dev": "vite", "build": "run-p type-check \\"build-only {@}\\" --",
                                   "build-only": "vite build --outDir www", "type-check": "vue-tsc --build" },
                      "dependencies": { "vue": "^3.5.32", "vue-router": "^5.0.4" },
                      "devDependencies": { "npm-run-all2": "^8.0.4", "vite": "^8.0.8", "vue-tsc": "^3.2.6" },
                      "engines": { "node": "^20.19.0 || >=22.12.0" } }
                    """);
            assertThat(recipe.framework()).isEqualTo(VITE);
            assertThat(recipe.node()).isEqualTo(22);
            assertThat(recipe.outputs()).startsWith("www", "dist");
        }

        @Test
        void astroGivesFilesUnlessItIsAServer() {
            var drawing = """
                    --- astro.config.mjs
                    // @ts-check
                    import { defineConfig } from 'astro/config';
                    export default defineConfig({});
                    --- src/pages/index.astro
                    --- package.json
                    { "name": "astro", "type": "module", "engines": { "node": ">=22.12.0" },
                      "scripts": { "dev": "astro dev", "build": "astro build" },
                      "dependencies": { "astro": "^6.0.0" } }
                    """;
            var recipe = detect(drawing);
            assertThat(recipe.framework()).isEqualTo(ASTRO);
            assertThat(recipe.outputs()).startsWith("dist");
            assertThat(recipe.spa()).isNull();
            assertThat(detect(drawing.replace("({})", "({ outDir: './public_html' })"))
                            .outputs())
                    .startsWith("public_html");

            var refusal = refused(drawing.replace("({})", "({ output: 'server', adapter: vercel() })"));
            assertThat(refusal.kind()).isEqualTo(FailureKind.NO_PROJECT_FOUND);
            assertThat(refusal).hasMessage("The Astro app renders pages on request, and has no adapter for Node.js.");
        }

        @Test
        void nextIsFilesOnlyWhenExported() {
            var drawing = """
                    --- next.config.ts
                    import type { NextConfig } from "next";
                    const nextConfig: NextConfig = {
                      /* config options here */
                    };
                    export default nextConfig;
                    --- src/app/page.tsx
                    --- package.json
                    { "name": "next", "scripts": { "dev": "next dev", "build": "next build", "start": "next start" },
                      "dependencies": { "next": "16.4.3", "react": "19.3.0", "react-dom": "19.3.0" } }
                    """;
            var exported = detect(
                    drawing.replace("/* config options here */", "output: 'export', images: { unoptimized: true }"));
            assertThat(exported.framework()).isEqualTo(NEXTJS);
            assertThat(exported.outputs()).startsWith("out");
            assertThat(exported.treeCaches()).containsExactly(".next/cache");

            var renamed = detect(drawing.replace("/* config options here */", "output: \"export\", distDir: \"made\""));
            assertThat(renamed.outputs()).startsWith("made", "out");

            var onCondition = "output: process.env.EXPORT ? undefined : 'export',";
            assertThat(detect(drawing.replace("/* config options here */", onCondition))
                            .framework())
                    .isEqualTo(NEXTJS);

            var server = detect(drawing.replace("/* config options here */", "// output: 'export'"));
            assertThat(server.running()).isInstanceOf(Running.Tree.class);
            assertThat(server.notes())
                    .anySatisfy(note -> assertThat(note.sentence()).contains("output: 'export'"));

            assertThat(detect(drawing, with("outputDirectory", "out")).outputs())
                    .as("whoever names the output knows better")
                    .containsExactly("out");
        }

        @Test
        void svelteKitIsFilesWithTheStaticAdapterWhereverItIsSet() {
            var manifest = """
                    --- package.json
                    { "name": "kit", "type": "module",
                      "scripts": { "dev": "vite dev", "build": "vite build", "prepare": "svelte-kit sync || echo ''" },
                      "devDependencies": { "@sveltejs/adapter-static": "^3.0.10", "@sveltejs/adapter-auto": "^7.0.1",
                        "@sveltejs/kit": "^2.63.0", "svelte": "^5.56.1", "vite": "^8.0.16" } }
                    """;
            var inVite = """
                    --- vite.config.ts
                    import adapter from '@sveltejs/adapter-static';
                    import { sveltekit } from '@sveltejs/kit/vite';
                    export default { plugins: [sveltekit({ adapter: adapter({ pages: 'made' }) })] };
                    """;
            var recipe = detect(manifest + inVite);
            assertThat(recipe.framework()).isEqualTo(SVELTEKIT);
            assertThat(recipe.outputs()).startsWith("made", "build");

            var auto = detect(manifest + inVite.replace("adapter-static", "adapter-auto"));
            assertThat(auto.running()).isInstanceOf(Running.Tree.class);
            assertThat(auto.variables())
                    .as("so adapter-auto makes a Node.js server")
                    .containsKey("GCP_BUILDPACKS");

            var refusal = refused(manifest + inVite.replace("adapter-static", "adapter-vercel"));
            assertThat(refusal).hasMessageContaining("made for another platform by @sveltejs/adapter-vercel");
        }

        @Test
        void whatIsMadeForAnotherPlatformIsRefusedBeforeItIsBuilt() {
            var start = """
                    --- package.json
                    { "scripts": { "build": "vinxi build", "start": "vinxi start" },
                      "dependencies": { "@solidjs/start": "^1.0.10", "solid-js": "^1.9.2", "vinxi": "^0.4.3" } }
                    --- app.config.ts
                    import { defineConfig } from "@solidjs/start/config";
                    export default defineConfig({ server: { preset: "vercel" } });
                    """;
            assertThat(refused(start)).hasMessageContaining("made for another platform by the preset 'vercel'");
            assertThat(detect(start.replace("\"vercel\"", "\"node-server\"")).running())
                    .isNotNull();
            assertThat(detect(start.replace("vinxi build", "vinxi build --preset node-server"))
                            .running())
                    .isNotNull();
            assertThat(detect(start, with("startCommand", "node .vercel/run.mjs"))
                            .running())
                    .as("somebody knows how it is started")
                    .isNotNull();

            var remix = """
                    --- package.json
                    { "scripts": { "build": "remix vite:build" },
                      "dependencies": { "@remix-run/node": "2.10.0", "@remix-run/serve": "2.10.0" },
                      "devDependencies": { "@remix-run/dev": "2.10.0", "vite": "^5.1.0" } }
                    --- vite.config.ts
                    export default { plugins: [remix({ presets: [vercelPreset()] })] };
                    """;
            assertThat(refused(remix)).hasMessageContaining("vercelPreset");
            assertThat(detect(remix.replace("[vercelPreset()]", "process.env.VERCEL ? [vercelPreset()] : []"))
                            .running())
                    .as("only there")
                    .isNotNull();
            assertThat(detect(remix.replace("vercelPreset()", "")).running()).isNotNull();
            assertThat(refused(remix.replace("vercelPreset()", "").replace("@remix-run/serve", "isbot"))
                            .hint())
                    .contains("Install @remix-run/serve");
        }

        @Test
        void svelteKitOfEarlierYearsHasItsOwnConfig() {
            var recipe = detect("""
                    --- svelte.config.js
                    import adapter from '@sveltejs/adapter-static';
                    export default { kit: { adapter: adapter({ fallback: '200.html' }) } };
                    --- vite.config.js
                    --- package.json
                    { "scripts": { "build": "vite build" }, "devDependencies": { "@sveltejs/kit": "^2.0.0", "vite": "^5" } }
                    """);
            assertThat(recipe.outputs()).startsWith("build");
        }

        @Test
        void vitePressIsBuiltWhereItsHiddenFolderIs() {
            var drawing = """
                    --- docs/.vitepress/config.mts
                    import { defineConfig } from 'vitepress'
                    export default defineConfig({ title: "My Awesome Project" })
                    --- docs/index.md
                    # Hello
                    --- package.json
                    { "scripts": { "docs:dev": "vitepress dev docs", "docs:build": "vitepress build docs" },
                      "devDependencies": { "vitepress": "^1.6.4" } }
                    """;
            var recipe = detect(drawing);
            assertThat(recipe.framework()).isEqualTo(VITEPRESS);
            assertThat(recipe.build()).isEqualTo("npm run docs:build");
            assertThat(recipe.outputs()).startsWith("docs/.vitepress/dist");

            assertThat(detect(drawing.replace("{ title", "{ outDir: '../public_html', title"))
                            .outputs())
                    .startsWith("public_html");
        }

        @Test
        void vitePressAtTheTopHasItsOutputThere() {
            var recipe = detect("""
                    --- .vitepress/config.js
                    export default {}
                    --- index.md
                    --- package.json
                    { "scripts": { "build": "vitepress build" }, "devDependencies": { "vitepress": "^1.6.4" } }
                    """);
            assertThat(recipe.outputs()).startsWith(".vitepress/dist");
        }

        @Test
        void documentationBesideAnAppDoesNotHideTheApp() {
            var recipe = detect("""
                    --- index.html
                    --- package.json
                    { "scripts": { "build": "vite build", "docs:build": "vitepress build docs" },
                      "devDependencies": { "vite": "^7", "vitepress": "^1.6.4", "storybook": "^9" } }
                    """);
            assertThat(recipe.framework()).isEqualTo(VITE);
            assertThat(recipe.build()).isEqualTo("npm run build");
        }

        @Test
        void eleventyWorksWithAndWithoutPackageJson() {
            var config = """
                    --- eleventy.config.js
                    export default function (eleventyConfig) {}
                    export const config = { dir: { input: "src", output: "made" } };
                    --- src/index.md
                    """;
            var recipe = detect(config + packageJson("@11ty/eleventy", "eleventy"));
            assertThat(recipe.framework()).isEqualTo(ELEVENTY);
            assertThat(recipe.outputs()).startsWith("made", "_site");
            assertThat(detect(config + packageJson("@11ty/eleventy", "npx @11ty/eleventy --output=www"))
                            .outputs())
                    .startsWith("www", "made");
        }

        @Test
        void eleventyAloneIsFetchedByNpx() {
            var recipe = detect("""
                    --- .eleventy.js
                    module.exports = () => {};
                    --- index.md
                    """);
            assertThat(recipe.install()).isNull();
            assertThat(recipe.build()).isEqualTo("npx --yes @11ty/eleventy");
            assertThat(recipe.outputs()).startsWith("_site");
        }

        @Test
        void angularWritesIntoTheFolderOfItsBrowserBuild() {
            var recipe = detect("""
                    --- angular.json
                    { "version": 1, "newProjectRoot": "projects", /* as generated */
                      "projects": {
                        "lib": { "projectType": "library", "architect": { "build": { "builder": "@angular/build:ng-packagr" } } },
                        "ng": { "projectType": "application", "root": "", "architect": { "build": {
                          "builder": "@angular/build:application", "options": { "browser": "src/main.ts" } } } } } }
                    --- package.json
                    { "name": "ng", "scripts": { "ng": "ng", "build": "ng build" },
                      "dependencies": { "@angular/core": "^21.2.0" }, "devDependencies": { "@angular/cli": "^21.2.28" } }
                    """);
            assertThat(recipe.framework()).isEqualTo(ANGULAR);
            assertThat(recipe.outputs()).startsWith("dist/ng/browser", "dist/ng");
            assertThat(recipe.spa()).isTrue();
        }

        @Test
        void angularOfEarlierYearsWritesIntoItsOutputPath() {
            var recipe = detect("""
                    --- angular.json
                    { "defaultProject": "b", "projects": {
                        "a": { "architect": { "build": { "builder": "@angular-devkit/build-angular:browser",
                               "options": { "outputPath": "dist/a" } } } },
                        "b": { "architect": { "build": { "builder": "@angular-devkit/build-angular:browser",
                               "options": { "outputPath": "../www/b" } } } } } }
                    """ + packageJson("@angular/cli", "ng build"));
            assertThat(recipe.outputs()).startsWith("dist/a");
        }

        @Test
        void createReactAppIsNotFailedByWarnings() {
            var recipe = detect("""
                    --- public/index.html
                    --- .env
                    BUILD_PATH=./made
                    """ + packageJson("react-scripts", "react-scripts build"));
            assertThat(recipe.framework()).isEqualTo(CREATE_REACT_APP);
            assertThat(recipe.variables()).containsEntry("CI", "false");
            assertThat(recipe.outputs()).startsWith("made", "build");
        }

        @Test
        void nuxtRunsUnlessItIsGenerated() {
            var manifest = """
                    --- nuxt.config.ts
                    export default defineNuxtConfig({ compatibilityDate: '2025-07-15' })
                    --- package.json
                    { "scripts": { "build": "nuxt build", "dev": "nuxt dev", "generate": "nuxt generate", "postinstall": "nuxt prepare" },
                      "dependencies": { "nuxt": "^4.0.0", "vue": "^3.5.0" } }
                    """;
            var recipe = detect(manifest);
            assertThat(recipe.framework()).isEqualTo(NUXT);
            assertThat(recipe.build()).isEqualTo("npm run build");
            assertThat(((Running.Tree) Objects.requireNonNull(recipe.running())).start())
                    .containsExactly("node", ".output/server/index.mjs");

            var onePage = detect(manifest.replace("'2025-07-15'", "'2025-07-15', ssr: false"));
            assertThat(onePage.running()).as("it makes a server all the same").isNotNull();
            var old = detect(
                    manifest.replace("'2025-07-15'", "'2025-07-15', ssr: false").replace("^4.0.0", "^2.18.0"));
            assertThat(old.running()).isNull();

            var generated = detect(manifest, with("buildCommand", "npm run generate"));
            assertThat(generated.running()).isNull();
            assertThat(generated.outputs()).startsWith("dist", ".output/public");
        }

        @Test
        void otherGeneratorsAreKnownByTheirPackage() {
            assertThat(detect(packageJson("@docusaurus/core", "docusaurus build"))
                            .framework())
                    .isEqualTo(DOCUSAURUS);
            assertThat(detect(packageJson("gatsby", "gatsby build")).outputs()).startsWith("public");
            assertThat(detect(packageJson("hexo", "hexo generate") + "--- _config.yml\npublic_dir: made # there\n")
                            .outputs())
                    .startsWith("made", "public");
            assertThat(detect(packageJson("@vue/cli-service", "vue-cli-service build")
                                    + "--- vue.config.js\nmodule.exports = { outputDir: 'www' }\n")
                            .outputs())
                    .startsWith("www", "dist");
            assertThat(detect(packageJson("parcel", "parcel build src/index.html --dist-dir made"))
                            .outputs())
                    .startsWith("made", "dist");
            assertThat(detect(
                                    packageJson("react-router-dom", "webpack --mode production")
                                            + "--- webpack.config.js\nmodule.exports = { output: { path: path.resolve(__dirname, 'made') } }\n")
                            .outputs())
                    .startsWith("made", "dist");
        }

        @Test
        void storybookIsBuiltAloneAndWithoutTheBuildScript() {
            var recipe = detect("""
                    --- .storybook/main.ts
                    --- package.json
                    { "scripts": { "build": "tsc -p .", "build-storybook": "storybook build -o made" },
                      "devDependencies": { "storybook": "^9.0.0", "@storybook/react-vite": "^9.0.0", "vite": "^7.0.0" } }
                    """);
            assertThat(recipe.framework()).isEqualTo(STORYBOOK);
            assertThat(recipe.build()).isEqualTo("npm run build-storybook");
            assertThat(recipe.outputs()).startsWith("made", "storybook-static");
        }

        @Test
        void sitesOfOtherLanguagesComeWithTheirImage() {
            var hugo = detect("""
                    --- hugo.toml
                    baseURL = 'https://example.org/'
                    publishDir = 'made'
                    """);
            assertThat(hugo.framework()).isEqualTo(HUGO);
            assertThat(hugo.prepare()).contains("hugo_extended_", "${HUGO_VERSION:-");
            assertThat(hugo.install()).isNull();
            assertThat(hugo.outputs()).startsWith("made", "public");
        }

        @Test
        void jekyllWithItsGemfileIsBundled() {
            var recipe = detect("""
                    --- _config.yml
                    title: Hello
                    --- Gemfile
                    gem "jekyll", "~> 4.4"
                    --- index.md
                    """);
            assertThat(recipe.framework()).isEqualTo(JEKYLL);
            assertThat(recipe.image()).startsWith("ruby:3.3");
            assertThat(recipe.node()).isNull();
            assertThat(installOf(recipe).command()).endsWith("bundle install");
            assertThat(recipe.build()).endsWith("bundle exec jekyll build");
            assertThat(recipe.outputs()).startsWith("_site");
        }

        @Test
        void mkDocsInstallsItsRequirements() {
            var recipe = detect("""
                    --- mkdocs.yml
                    site_name: Hello
                    --- docs/requirements.txt
                    mkdocs-material
                    """);
            assertThat(recipe.image()).startsWith("python:3.12");
            assertThat(installOf(recipe).command()).endsWith("mkdocs -r docs/requirements.txt");
            assertThat(recipe.outputs()).startsWith("site");
        }
    }

    @Nested
    class PlainFiles {

        @Test
        void plainHtmlIsServedAsItIs() {
            var recipe = detect("""
                    --- index.html
                    --- style.css
                    """);
            assertThat(recipe.framework()).isEqualTo(STATIC_FILES);
            assertThat(recipe.servesTheTree()).isTrue();
            assertThat(recipe.outputs()).containsExactly("");
        }

        @Test
        void theFolderPublicIsTheSite() {
            assertThat(detect("--- public/index.html\n--- README.md\n").outputs())
                    .containsExactly("public");
        }

        @Test
        void packageJsonWithoutBuildInstallsNothing() {
            var recipe = detect("""
                    --- index.html
                    --- package.json
                    { "devDependencies": { "prettier": "^3" } }
                    """);
            assertThat(recipe.servesTheTree()).isTrue();
        }

        @Test
        void anUnknownBuildIsRunAndItsOutputSearched() {
            var recipe = detect("""
                    --- public/logo.svg
                    --- package.json
                    { "scripts": { "build": "node make.js" } }
                    """);
            assertThat(recipe.framework()).isEqualTo(STATIC_FILES);
            assertThat(recipe.build()).isEqualTo("npm run build");
            assertThat(recipe.outputs()).startsWith("dist", "build").endsWith("public", "");
            assertThat(recipe.output(directory -> switch (directory) {
                        case "public" -> Recipe.Look.FILES;
                        case "site" -> Recipe.Look.SITE;
                        default -> Recipe.Look.ABSENT;
                    }))
                    .as("what looks like a site is before what only has files")
                    .contains("site");
        }

        @Test
        void theSourceIsNotTheOutputOfABuildThatMadeNothing() {
            var recipe = detect("""
                    --- public/logo.svg
                    --- out/notes.md
                    --- package.json
                    { "scripts": { "build": "true" } }
                    """);
            assertThat(recipe.output(
                            directory -> directory.isEmpty() || directory.equals("public") || directory.equals("out")
                                    ? Recipe.Look.FILES
                                    : Recipe.Look.ABSENT))
                    .isEmpty();
        }

        @Test
        void nothingToBuildSaysWhereThereIsSomething() {
            var refusal = refused("""
                    --- README.md
                    --- website/package.json
                    { "scripts": { "build": "vite build" } }
                    """);
            assertThat(refusal)
                    .hasMessage("There is neither a package.json nor an index.html at the top of the repository.");
            assertThat(refusal.crossing(1)
                            .getDetails()
                            .get(codehaven.model.Failure.class)
                            .hint())
                    .contains("website");
        }
    }

    @Nested
    class PackageManagers {

        @Test
        void npmWithALockInstallsItAndKnowsWhatToDoWhenItDisagrees() {
            var recipe = detect(VITE_REACT + "--- package-lock.json\n{ \"lockfileVersion\": 3 }\n");
            assertThat(installOf(recipe).command()).isEqualTo("npm ci --include=dev");
            assertThat(fallbackOf(recipe)
                            .when()
                            .matcher("npm error code EUSAGE")
                            .find())
                    .isTrue();
            assertThat(fallbackOf(recipe).command()).isEqualTo("npm install --include=dev");
            assertThat(recipe.prepare()).isNull();
        }

        @Test
        void pnpmIsOfTheVersionThatTheLockNeeds() {
            var nine = detect(VITE_REACT + "--- pnpm-lock.yaml\nlockfileVersion: '9.0'\n");
            assertThat(nine.packageManager()).isEqualTo(PNPM);
            assertThat(nine.prepare()).contains("in 9.*|10.*)", "pnpm@10");
            assertThat(installOf(nine).command()).isEqualTo("pnpm install --frozen-lockfile --prod=false");
            assertThat(nine.build()).isEqualTo("pnpm run build");
            assertThat(detect(VITE_REACT + "--- pnpm-lock.yaml\nlockfileVersion: '6.0'\n")
                            .prepare())
                    .contains("in 8.*)", "pnpm@8");
            assertThat(detect(VITE_REACT + "--- pnpm-lock.yaml\nlockfileVersion: 5.4\n")
                            .prepare())
                    .contains("pnpm@7");
        }

        @Test
        void packageManagerDecidesBeforeAnyLock() {
            var recipe =
                    detect(VITE_REACT.replace("\"private\": true", "\"packageManager\": \"pnpm@9.15.4+sha512.ab12\"")
                            + "--- package-lock.json\n{}\n");
            assertThat(recipe.packageManager()).isEqualTo(PNPM);
            assertThat(recipe.prepare()).contains("in 9.*)", "pnpm@9.15.4 ;;");
            assertThat(installOf(recipe).command())
                    .as("there is no lock of pnpm")
                    .contains("--no-frozen-lockfile");
        }

        @Test
        void textThatIsNoVersionNeverReachesAShell() {
            var recipe =
                    detect(VITE_REACT.replace("\"private\": true", "\"packageManager\": \"pnpm@9.0.0;touch /tmp/x\""));
            assertThat(recipe.packageManager()).isEqualTo(NPM);
            assertThat(recipe.prepare()).isNull();
        }

        @Test
        void yarnOfBothKindsIsToldApartByItsLock() {
            var classic = detect(VITE_REACT + "--- yarn.lock\n# yarn lockfile v1\n");
            assertThat(classic.packageManager()).isEqualTo(YARN);
            assertThat(installOf(classic).command()).contains("--frozen-lockfile", "--production=false");

            var berry = detect(VITE_REACT + "--- yarn.lock\n__metadata:\n  version: 8\n");
            assertThat(berry.packageManager()).isEqualTo(YARN_BERRY);
            assertThat(berry.prepare()).contains("@yarnpkg/cli-dist@4");
            assertThat(installOf(berry).command()).isEqualTo("yarn install --immutable");
            assertThat(berry.build()).isEqualTo("yarn run build");
        }

        @Test
        void aYarnInTheTreeIsUsed() {
            var recipe = detect(VITE_REACT.replace("\"private\": true", "\"packageManager\": \"yarn@3.8.7\"") + """
                    --- yarn.lock
                    __metadata:
                      version: 8
                    --- .yarnrc.yml
                    nodeLinker: node-modules
                    yarnPath: .yarn/releases/yarn-3.8.7.cjs
                    --- .yarn/releases/yarn-3.8.7.cjs
                    """);
            assertThat(recipe.packageManager()).isEqualTo(YARN_BERRY);
            assertThat(recipe.prepare()).doesNotContain("cli-dist");
        }

        @Test
        void bunIsBroughtByNpm() {
            var recipe = detect(VITE_REACT + "--- bun.lock\n{}\n");
            assertThat(recipe.packageManager()).isEqualTo(BUN);
            assertThat(recipe.prepare()).contains("bun@1");
            assertThat(recipe.build()).isEqualTo("bun run build");
        }

        @Test
        void severalLocksAreAWarning() {
            var recipe = detect(VITE_REACT + "--- yarn.lock\n# yarn lockfile v1\n--- package-lock.json\n{}\n");
            assertThat(recipe.packageManager()).isEqualTo(YARN);
            assertThat(recipe.notes())
                    .singleElement()
                    .satisfies(note -> assertThat(note.sentence()).contains("yarn.lock, package-lock.json"));
        }
    }

    @Nested
    class Monorepos {

        private static final String TURBO = """
                --- pnpm-workspace.yaml
                packages:
                  - "apps/*" # what is deployed
                  - 'packages/**'
                  - '!**/fixtures/**'
                --- pnpm-lock.yaml
                lockfileVersion: '9.0'
                --- turbo.json
                { "tasks": { "build": { "dependsOn": ["^build"] } } }
                --- package.json
                { "name": "mono", "private": true, "scripts": { "build": "turbo run build" },
                  "devDependencies": { "turbo": "^2.11.4" }, "packageManager": "pnpm@10.5.0", "engines": { "node": ">=20" } }
                --- packages/ui/package.json
                { "name": "@mono/ui", "scripts": { "build": "tsc" }, "devDependencies": { "typescript": "5" } }
                --- packages/ui/fixtures/site/package.json
                { "scripts": { "build": "vite build" }, "devDependencies": { "vite": "7" } }
                --- packages/ui/fixtures/site/index.html
                --- apps/web/index.html
                --- apps/web/package.json
                { "name": "web", "scripts": { "build": "vite build" }, "dependencies": { "@mono/ui": "workspace:*" },
                  "devDependencies": { "vite": "^7" } }
                --- apps/api/package.json
                { "name": "api", "scripts": { "start": "node src/index.js" }, "dependencies": { "express": "^5" } }
                --- apps/api/src/index.js
                import express from 'express'
                """;

        @Test
        void theOneSiteOfAWorkspaceIsTaken() {
            var recipe = detect(TURBO);
            assertThat(recipe.rootDirectory()).isEqualTo("apps/web");
            assertThat(recipe.installDirectory()).isEmpty();
            assertThat(recipe.packageManager()).isEqualTo(PNPM);
            assertThat(installOf(recipe).command()).isEqualTo("pnpm install --frozen-lockfile --prod=false");
            assertThat(recipe.build()).isEqualTo("turbo run build");
            assertThat(recipe.outputs()).startsWith("apps/web/dist");
            assertThat(recipe.notes())
                    .singleElement()
                    .satisfies(note -> assertThat(note.sentence()).contains("apps/web"));
            assertThat(recipe.inShell("turbo run build", "/src")).isEqualTo("""
                    export PATH='/src/apps/web/node_modules/.bin':'/src/apps/node_modules/.bin':'/src/node_modules/.bin':"$HOME/.codehaven/bin:$PATH"
                    turbo run build""");
        }

        @Test
        void theRootDirectoryChoosesAndTheWorkspaceInstalls() {
            var recipe = detect(
                    TURBO.replace(", \"packageManager\": \"pnpm@10.5.0\"", ""), with("rootDirectory", "./apps/web/"));
            assertThat(recipe.rootDirectory()).isEqualTo("apps/web");
            assertThat(recipe.installDirectory()).isEmpty();
            assertThat(recipe.build())
                    .as("turbo refuses without packageManager")
                    .isEqualTo("pnpm run build");
        }

        @Test
        void severalSitesAreForThePersonToChoose() {
            var refusal = refused(TURBO + "--- apps/docs/package.json\n{ \"dependencies\": { \"astro\": \"5\" } }\n");
            assertThat(refusal).hasMessage("The repository is a workspace with 2 apps: apps/docs, apps/web.");
            assertThat(refusal.kind()).isEqualTo(FailureKind.NO_PROJECT_FOUND);
        }

        @Test
        void workspacesOfNpmInstallAtTheirRoot() {
            var recipe = detect("""
                    --- package.json
                    { "private": true, "workspaces": ["site"] }
                    --- package-lock.json
                    { "lockfileVersion": 3 }
                    --- site/package.json
                    { "scripts": { "build": "vite build" }, "devDependencies": { "vite": "^7" } }
                    --- site/index.html
                    """);
            assertThat(recipe.rootDirectory()).isEqualTo("site");
            assertThat(recipe.installDirectory()).isEmpty();
            assertThat(installOf(recipe).command()).startsWith("npm ci");
        }

        @Test
        void aFolderOutsideOfTheWorkspaceInstallsByItself() {
            var recipe = detect(
                    TURBO + "--- old/index.html\n--- old/package.json\n{ \"devDependencies\": { \"vite\": \"4\" } }\n",
                    with("rootDirectory", "old"));
            assertThat(recipe.installDirectory()).isEqualTo("old");
            assertThat(installOf(recipe).command()).contains("--ignore-workspace");
            assertThat(recipe.build()).isEqualTo("vite build");
        }

        @Test
        void nxKeepsOutputsAtTheTop() {
            var recipe = detect("""
                    --- nx.json
                    {}
                    --- package.json
                    { "devDependencies": { "nx": "21", "vite": "7" } }
                    --- package-lock.json
                    {}
                    --- apps/web/index.html
                    --- apps/web/project.json
                    { "name": "web", "targets": { "build": { "options": { "outputPath": "dist/apps/web" } } } }
                    --- apps/web/vite.config.mts
                    export default { build: { outDir: '../../dist/apps/web' } }
                    """, with("rootDirectory", "apps/web"));
            assertThat(recipe.framework()).isEqualTo(VITE);
            assertThat(recipe.installDirectory()).isEmpty();
            assertThat(recipe.build()).isEqualTo("vite build");
            assertThat(recipe.outputs()).startsWith("dist/apps/web");
        }
    }

    @Nested
    class Settings {

        @Test
        void theProjectsOwnCommandsAndDirectoryWin() {
            var recipe = detect(
                    VITE_REACT,
                    with(
                            "installCommand",
                            "npm i -f",
                            "buildCommand",
                            "vite build --base=/x/",
                            "outputDirectory",
                            "./made/"));
            assertThat(installOf(recipe).command()).isEqualTo("npm i -f");
            assertThat(installOf(recipe).fallback()).isNull();
            assertThat(recipe.build()).isEqualTo("vite build --base=/x/");
            assertThat(recipe.outputs()).containsExactly("made");
            assertThat(recipe.outputGiven()).isTrue();
        }

        @Test
        void emptyCommandsAreSkipped() {
            var recipe = detect(VITE_REACT, with("installCommand", "", "buildCommand", ""));
            assertThat(recipe.servesTheTree()).isTrue();
            assertThat(recipe.prepare()).isNull();
        }

        @Test
        void anUnknownFrameworkIsAnsweredWithTheKnownOnes() {
            assertThat(refused(VITE_REACT, with("framework", "wordpress")))
                    .hasMessage("The framework 'wordpress' is not known.");
            assertThat(detect(VITE_REACT, with("framework", "astro")).framework())
                    .isEqualTo(ASTRO);
            assertThat(detect(VITE_REACT, with("framework", "static")).servesTheTree())
                    .isTrue();
        }

        @Test
        void aRootDirectoryThatIsNoneIsNamed() {
            assertThat(refused(VITE_REACT + "--- site/package.json\n{}\n", with("rootDirectory", "sites")))
                    .hasMessage("There is no folder 'sites' in the repository at this commit.");
            assertThat(refused(VITE_REACT, with("rootDirectory", "../..")))
                    .hasMessage("The root directory '../..' is outside of the repository.");
            assertThat(refused(VITE_REACT, with("rootDirectory", "package.json")))
                    .hasMessage("The root directory 'package.json' is a file.");
            assertThat(refused(VITE_REACT, with("outputDirectory", "../../etc")).kind())
                    .isEqualTo(FailureKind.NO_OUTPUT);
        }

        @Test
        void nodeIsWhatTheProjectAsksFor() {
            assertThat(detect(VITE_REACT, with("nodeVersion", "20")).image()).isEqualTo("node:20-bookworm-slim");
            assertThat(detect(VITE_REACT + "--- .nvmrc\nlts/*\n").node()).isEqualTo(22);
            assertThat(detect(VITE_REACT + "--- .nvmrc\nv20.11.0\n").node()).isEqualTo(20);
            var engines = VITE_REACT.replace("\"private\": true", "\"engines\": { \"node\": \"18.x\" }");
            var recipe = detect(engines);
            assertThat(recipe.node()).isEqualTo(20);
            assertThat(recipe.notes())
                    .singleElement()
                    .satisfies(note -> assertThat(note.sentence())
                            .isEqualTo(
                                    "engines.node asks for Node.js 18.x, which is not available here. Building with Node.js 20;"
                                            + " 20, 22 and 24 are supported."));
            assertThat(detect(engines.replace("18.x", ">=18") + "--- .nvmrc\n24\n")
                            .node())
                    .as("engines leaves the choice to .nvmrc")
                    .isEqualTo(24);
        }

        @Test
        void otherNodesThatFitMayStandIn() {
            assertThat(detect(VITE_REACT).instead()).containsExactly("node:24-bookworm-slim", "node:20-bookworm-slim");
            assertThat(detect(VITE_REACT, with("nodeVersion", "22")).instead()).isEmpty();
            assertThat(detect(VITE_REACT + "--- .nvmrc\nv20.11.0\n").instead()).isEmpty();
            var engines = VITE_REACT.replace("\"private\": true", "\"engines\": { \"node\": \">=22\" }");
            assertThat(detect(engines).instead()).containsExactly("node:24-bookworm-slim");
            assertThat(detect(engines + "--- .nvmrc\nlts/*\n").instead()).containsExactly("node:24-bookworm-slim");
        }

        @Test
        void filesOfSettingsThatAreNotReadAreNamed() {
            var recipe = detect(VITE_REACT + "--- vercel.json\n{}\n--- netlify.toml\n--- docs/codehaven.json\n{}\n");
            assertThat(recipe.notes())
                    .extracting(Recipe.Note::sentence)
                    .containsExactly(
                            "vercel.json is not read yet, and what it says has no effect: say it in the project's settings.",
                            "netlify.toml is not read yet, and what it says has no effect: say it in the project's"
                                    + " settings.");
            assertThat(recipe.notes())
                    .allSatisfy(each -> assertThat(each.level()).isEqualTo(codehaven.model.DeploymentEvent.Level.warn));
        }
    }

    @Nested
    class Refusals {

        @Test
        void appsThatOnlyADockerfileBuildsAreNamed() {
            var drawing = "--- Gemfile\n--- config/application.rb\n";
            assertThat(refused(drawing))
                    .hasMessage(
                            "This is a Ruby on Rails app, which can be built by a Dockerfile only, and there is none.");
            assertThat(detect(drawing + "--- Dockerfile\nFROM ruby\n").framework())
                    .isEqualTo(DOCKERFILE);
        }

        @Test
        void appWithoutAnyStartIsNamed() {
            assertThat(refused(packageJson("express", "tsc") + "--- lib/a.js\n", with("framework", "express")))
                    .hasMessageContaining("Nothing says how the app is started");
        }

        @Test
        void brokenPackageJsonIsNamedWithItsLine() {
            assertThat(refused("--- package.json\n{\n  \"name\": oops\n}\n"))
                    .hasMessage("package.json cannot be read: it is not valid JSON at line 2.");
        }
    }

    @Nested
    class Apps {

        private Running.Tree tree(Recipe recipe) {
            return (Running.Tree) Objects.requireNonNull(recipe.running());
        }

        private Running.Dockerfile image(Recipe recipe) {
            return (Running.Dockerfile) Objects.requireNonNull(recipe.running());
        }

        private String generated(String drawing) {
            return Objects.requireNonNull(image(detect(drawing)).generated());
        }

        private static final String NEXT = """
                --- next.config.mjs
                export default { OPTIONS };
                --- app/page.js
                --- package.json
                { "scripts": { "build": "next build", "start": "next start -p 4100" }, "dependencies": { "next": "16.0.0" } }
                """;

        @Test
        void nextJsIsStartedByItselfOrStandalone() {
            var whole = tree(detect(NEXT.replace("OPTIONS", "")));
            assertThat(whole.start()).containsExactly("next", "start", "-p", "4100");
            assertThat(whole.port()).isEqualTo(4100);
            assertThat(whole.pieces()).containsExactly(new Running.Piece("", ""));
            assertThat(whole.assets())
                    .containsExactly(
                            new Running.Asset("/app/.next/static", "_next/static"),
                            new Running.Asset("/app/public", ""));

            var alone = tree(detect(NEXT.replace("OPTIONS", "output: 'standalone'")));
            assertThat(alone.start()).containsExactly("node", "server.js");
            assertThat(alone.port()).isEqualTo(3000);
            assertThat(alone.pieces()).containsExactly(new Running.Piece(".next/standalone", ""));
        }

        @Test
        void whatAppsDecideAboutFilesStaysWithThem() {
            var guarded = tree(detect(NEXT.replace("OPTIONS", "") + "--- middleware.js\n"));
            assertThat(guarded.assets()).containsExactly(new Running.Asset("/app/.next/static", "_next/static"));
            assertThat(tree(detect(NEXT.replace("OPTIONS", "basePath: '/docs'")))
                            .assets())
                    .isEmpty();
        }

        @Test
        void svelteKitAndAstroTakeWhatTheyNeed() {
            var kit = tree(detect("""
                    --- svelte.config.js
                    import adapter from '@sveltejs/adapter-node';
                    export default { kit: { adapter: adapter({ out: 'made' }) } };
                    --- package.json
                    { "type": "module", "scripts": { "build": "vite build" },
                      "devDependencies": { "@sveltejs/kit": "2", "@sveltejs/adapter-node": "5", "vite": "7" } }
                    """));
            assertThat(kit.start()).containsExactly("node", "made");
            assertThat(kit.pieces()).first().isEqualTo(new Running.Piece("made", "made"));
            assertThat(kit.files()).containsExactly("package.json");
            assertThat(kit.finish()).contains("npm prune --omit=dev");

            var astro = tree(detect("""
                    --- astro.config.mjs
                    import node from '@astrojs/node';
                    export default { output: 'server', adapter: node({ mode: 'standalone' }) };
                    --- package.json
                    { "scripts": { "build": "astro build" }, "dependencies": { "astro": "5", "@astrojs/node": "9" } }
                    """));
            assertThat(astro.start()).containsExactly("node", "./dist/server/entry.mjs");
            assertThat(astro.assets()).containsExactly(new Running.Asset("/app/dist/client", ""));
        }

        private String start(String scripts, String more) {
            var recipe = detect("--- package.json\n{ \"dependencies\": { \"express\": \"5\" }, \"scripts\": { "
                    + scripts + " } }\n--- server.js\nrequire('express')\n" + more);
            return String.join(" ", tree(recipe).start()) + " | " + recipe.build();
        }

        @Test
        void startScriptsAreReadAsPeopleMeanThem() {
            assertThat(start("\"start\": \"node server.js\"", "")).isEqualTo("node server.js | null");
            assertThat(start("\"start\": \"NODE_ENV=production node server.js\"", ""))
                    .isEqualTo("sh -c exec env NODE_ENV=production node server.js | null");
            assertThat(start("\"start\": \"tsc && node dist/server.js\"", "")).isEqualTo("node dist/server.js | tsc");
            assertThat(start("\"build\": \"tsc\", \"start\": \"npm run build && node dist/a.js\"", ""))
                    .isEqualTo("node dist/a.js | npm run build");
            assertThat(start("\"migrate\": \"x\", \"start\": \"pnpm migrate && node server.js\"", ""))
                    .isEqualTo("sh -c npm run migrate && exec node server.js | null");
            assertThat(start("\"start\": \"nodemon server.js\"", "")).isEqualTo("node server.js | null");
            assertThat(start("\"dev\": \"x\"", "")).isEqualTo("node server.js | null");
            assertThat(start("\"start\": \"node server.js\"", "--- Procfile\nrelease: x\nweb: node server.js --web\n"))
                    .isEqualTo("node server.js --web | null");
            assertThat(start("\"start\": \"tsx src/index.ts\"", "")).isEqualTo("tsx src/index.ts | null");
        }

        @Test
        void portsAreReadFromWhatSaysThem() {
            var manifest = "--- package.json\n{ \"dependencies\": { \"express\": \"5\" } }\n--- server.js\n";
            assertThat(tree(detect(manifest + "require('express')().listen(5050)\n"))
                            .port())
                    .isEqualTo(5050);
            assertThat(tree(detect(manifest + "require('express')().listen(process.env.PORT || 5050)\n"))
                            .port())
                    .isEqualTo(3000);
            assertThat(StartCommand.port("uvicorn main:app --port 9000")).isEqualTo(9000);
            assertThat(StartCommand.port("gunicorn --bind 0.0.0.0:${PORT:-8000} app:app"))
                    .isZero();
        }

        @Test
        void developmentDependenciesStayWhereCodeImportsThem() {
            var drawing = """
                    --- package.json
                    { "scripts": { "start": "node server.js" }, "dependencies": { "express": "5" }, "devDependencies": { "dotenv": "16" } }
                    --- server.js
                    require('express')
                    """;
            assertThat(tree(detect(drawing)).finish()).contains("npm prune");
            assertThat(tree(detect(drawing + "require('dotenv').config()\n")).finish())
                    .isNull();
        }

        @Test
        void developmentDependenciesStayWhereConfigurationImportsThem() {
            var express = """
                    --- package.json
                    { "scripts": { "start": "node server.js" }, "dependencies": { "express": "5" }, "devDependencies": { "dotenv": "16" } }
                    --- server.js
                    require('express')
                    """;
            assertThat(tree(detect(express + "--- src/config.js\nrequire('dotenv')\n"))
                            .finish())
                    .isNull();
            assertThat(tree(detect(express + "--- config/index.js\nrequire('dotenv')\n"))
                            .finish())
                    .isNull();
            assertThat(tree(detect(express + "--- vitest.config.js\nrequire('dotenv')\n"))
                            .finish())
                    .contains("npm prune");

            var next = NEXT.replace(
                            "\"dependencies\"",
                            "\"devDependencies\": { \"typescript\": \"5\", \"@next/mdx\": \"16\" }, \"dependencies\"")
                    .replace("OPTIONS", "");
            assertThat(tree(detect(next)).finish()).contains("npm prune");
            assertThat(tree(detect(next.replace("export default", "import mdx from '@next/mdx'\nexport default")))
                            .finish())
                    .isNull();
            assertThat(tree(detect(next.replace("next.config.mjs", "next.config.ts")))
                            .finish())
                    .isNull();
        }

        @Test
        void yarnInstallsFilesWhereAnAppIsStartedFromThem() {
            var yarn = "--- yarn.lock\n__metadata:\n  version: 8\n";
            var app = detect(NEXT.replace("OPTIONS", "") + yarn);
            assertThat(app.packageManager()).isEqualTo(YARN_BERRY);
            assertThat(app.variables()).containsEntry("YARN_NODE_LINKER", "node-modules");
            assertThat(app.notes())
                    .anySatisfy(each -> assertThat(each.sentence()).contains("Plug'n'Play"));
            var bare = detect(NEXT.replace("OPTIONS", "").replace("\"build\": \"next build\",", "") + yarn);
            assertThat(bare.build()).as("its program is a file").isEqualTo("next build");
            var linked = detect(NEXT.replace("OPTIONS", "") + yarn + "--- .yarnrc.yml\nnodeLinker: pnpm\n");
            assertThat(linked.variables()).doesNotContainKey("YARN_NODE_LINKER");
            assertThat(detect(VITE_REACT + yarn).variables()).doesNotContainKey("YARN_NODE_LINKER");
        }

        @Test
        void prerenderingAloneDoesNotMakeFilesOfAnApp() {
            var router = """
                    --- react-router.config.ts
                    export default { OPTIONS };
                    --- package.json
                    { "scripts": { "build": "react-router build", "start": "react-router-serve ./build/server/index.js" },
                      "dependencies": { "@react-router/dev": "7", "@react-router/serve": "7" } }
                    """;
            var prerendered = detect(router.replace("OPTIONS", "prerender: ['/']"));
            assertThat(prerendered.running()).isNotNull();
            assertThat(prerendered.notes())
                    .anySatisfy(each -> assertThat(each.sentence()).contains("Set ssr: false in react-router.config"));
            assertThat(detect(router.replace("OPTIONS", "ssr: false, prerender: ['/']"))
                            .running())
                    .isNull();

            var start = """
                    --- vite.config.ts
                    import { tanstackStart } from '@tanstack/react-start/plugin/vite'
                    export default { plugins: [tanstackStart({ OPTIONS })] }
                    --- package.json
                    { "scripts": { "build": "vite build" }, "dependencies": { "@tanstack/react-start": "1", "nitro": "3", "vite": "7" } }
                    """;
            assertThat(detect(start.replace("OPTIONS", "prerender: { enabled: true }"))
                            .running())
                    .isNotNull();
            assertThat(detect(start.replace("OPTIONS", "spa: { enabled: true }"))
                            .running())
                    .isNull();
        }

        @Test
        void serverBesideABundlersPagesRuns() {
            var drawing = VITE_REACT
                    .replace("\"dev\": \"vite\"", "\"dev\": \"vite\", \"start\": \"node server.js\"")
                    .replace("\"react\":", "\"express\": \"5\", \"react\":");
            var recipe = detect(drawing);
            assertThat(recipe.framework()).isEqualTo(VITE);
            assertThat(tree(recipe).start()).containsExactly("node", "server.js");
            assertThat(recipe.build()).isEqualTo("npm run build");
            assertThat(detect(drawing, with("outputDirectory", "dist")).running())
                    .isNull();
        }

        @Test
        void dockerfileWinsOverServersAndNotOverSites() {
            var file = "--- Dockerfile\nFROM node:22\n";
            var express = "--- server.js\nrequire('express')\n" + packageJson("express", "tsc");
            assertThat(detect(express + file).framework()).isEqualTo(DOCKERFILE);
            assertThat(detect(express + file, with("framework", "express")).framework())
                    .isEqualTo(EXPRESS);
            assertThat(detect(file + "--- index.html\n").framework()).isEqualTo(DOCKERFILE);
            assertThat(detect(NEXT.replace("OPTIONS", "") + file).framework()).isEqualTo(DOCKERFILE);
            var site = detect(VITE_REACT + file);
            assertThat(site.framework()).isEqualTo(VITE);
            assertThat(site.notes())
                    .singleElement()
                    .satisfies(note -> assertThat(note.sentence()).contains("set the project's dockerfile"));
            assertThat(detect(VITE_REACT + file, with("dockerfile", "Dockerfile"))
                            .framework())
                    .isEqualTo(DOCKERFILE);
            assertThat(detect(VITE_REACT + "--- Dockerfile.codehaven\nFROM node\n")
                            .framework())
                    .isEqualTo(DOCKERFILE);
            assertThat(refused(VITE_REACT, with("dockerfile", "docker/Dockerfile")))
                    .hasMessage("There is no file 'docker/Dockerfile' at the top of the repository.");
        }

        @Test
        void pythonIsServedByAServerThatIsFitForIt() {
            var flask = generated("""
                    --- .python-version
                    3.11.4
                    --- requirements.txt
                    flask==3.0
                    --- src/web.py
                    from flask import Flask
                    app = Flask(__name__)
                    """);
            assertThat(flask)
                    .contains(
                            "FROM python:3.11-slim-bookworm AS build",
                            "RUN pip install gunicorn",
                            "src.web:app",
                            "USER 1000:1000");
            var fast = generated("""
                    --- pyproject.toml
                    [project]
                    requires-python = ">=3.10,<3.12"
                    dependencies = ["fastapi[standard]>=0.115"]
                    --- app/main.py
                    import fastapi
                    api = fastapi.FastAPI(title="x")
                    """);
            assertThat(fast)
                    .contains("python:3.11-slim", "app.main:api", "--port ${PORT:-8000}")
                    .doesNotContain("RUN pip install uvicorn");
            assertThat(generated("""
                    --- requirements.txt
                    starlette>=0.40
                    --- public/favicon.ico
                    --- main.py
                    from starlette.applications import Starlette
                    app = Starlette(routes=[])
                    """)).contains("RUN pip install uvicorn", "main:app");
            var django = generated("""
                    --- manage.py
                    --- requirements.txt
                    Django>=5
                    gunicorn
                    --- shop/wsgi.py
                    --- shop/settings.py
                    STATIC_ROOT = 'static'
                    """);
            assertThat(django)
                    .contains("shop.wsgi:application", "collectstatic")
                    .doesNotContain("RUN pip install gunicorn");
        }

        private List<String> instead(String drawing) {
            return image(detect(drawing)).instead();
        }

        @Test
        void otherPythonsThatFitMayStandIn() {
            var main = "--- main.py\nfrom fastapi import FastAPI\napp = FastAPI()\n--- requirements.txt\nfastapi\n";
            assertThat(instead(main))
                    .contains("python:3.11-slim-bookworm", "python:3.14-slim-bookworm")
                    .hasSize(5);
            assertThat(instead(main + "--- .python-version\n3.12\n")).isEmpty();
            var project = main + "--- pyproject.toml\n[project]\nrequires-python = \"RANGE\"\n";
            assertThat(instead(project.replace("RANGE", ">=3.10")))
                    .containsExactly(
                            "python:3.14-slim-bookworm",
                            "python:3.13-slim-bookworm",
                            "python:3.11-slim-bookworm",
                            "python:3.10-slim-bookworm");
            assertThat(instead(project.replace("RANGE", ">=3.10,<3.13,!=3.11.*")))
                    .containsExactly("python:3.10-slim-bookworm");
            assertThat(instead(project.replace("RANGE", "==3.11.*"))).isEmpty();
            assertThat(instead(project.replace("RANGE", "~=3.11.4"))).isEmpty();
            assertThat(detect("--- mkdocs.yml\nsite_name: x\n").instead()).contains("python:3.11-slim-bookworm");
        }

        @Test
        void newerGoMayStandIn() {
            var main = "--- main.go\npackage main\n--- go.mod\nmodule x\n";
            assertThat(instead(main + "go 1.25\n"))
                    .startsWith("golang:1.26-bookworm", "golang:1.27-bookworm")
                    .doesNotContain("golang:1.24-bookworm");
            assertThat(instead(main))
                    .as("it asks for none")
                    .startsWith("golang:1.25-bookworm")
                    .endsWith("golang:1.23-bookworm", "golang:1.22-bookworm", "golang:1.21-bookworm");
            assertThat(instead(main + "go 1.22\ntoolchain go1.24.1\n"))
                    .startsWith("golang:1.25-bookworm")
                    .endsWith("golang:1.23-bookworm", "golang:1.22-bookworm");
        }

        @Test
        void goAndJavaAreBuiltInTheirOwnVersions() {
            var go = generated("--- go.mod\nmodule x\ngo 1.23.1\n--- cmd/shop/main.go\npackage main\n");
            assertThat(go).contains("FROM golang:1.23-bookworm AS build", "-o /out/server ./cmd/shop", "CGO_ENABLED=0");
            var maven = generated("--- pom.xml\n<properties><java.version>17</java.version></properties>\n--- mvnw\n");
            assertThat(maven)
                    .contains("FROM eclipse-temurin:17-jdk AS build", "sh ./mvnw", "FROM eclipse-temurin:17-jre");
            assertThat(image(detect("--- build.gradle.kts\n")).generated()).contains("FROM gradle:jdk21");
            assertThat(image(detect("--- build.gradle.kts\n")).port()).isEqualTo(8080);
        }
    }

    @Nested
    class HostileTrees {

        @Test
        void linksOutOfTheTreeAreNotFollowed(@TempDir Path outside) throws IOException {
            Drawn.tree(outside, VITE_REACT);
            var tree = Files.createDirectory(top.resolve("linked"));
            Files.createSymbolicLink(tree.resolve("package.json"), outside.resolve("package.json"));
            Files.createSymbolicLink(tree.resolve("site"), outside);
            Files.createSymbolicLink(tree.resolve("loop"), tree);
            assertThatExceptionOfType(StepFailure.class)
                    .isThrownBy(() -> FrameworkDetector.detect(tree, BuildSettings.DETECTED))
                    .withMessageContaining("neither a package.json");
            assertThatExceptionOfType(StepFailure.class)
                    .isThrownBy(() -> FrameworkDetector.detect(tree, with("rootDirectory", "site")))
                    .withMessageContaining("There is no folder");
        }

        @Test
        void hugeAndDeepTextsCostLittle() {
            var scripts = new StringBuilder("--- package.json\n{ \"scripts\": { \"build\": \"a\"");
            for (int i = 0; i < 2_000; i++) {
                scripts.append(", \"s")
                        .append(i)
                        .append("\": \"npm run s")
                        .append(i / 2)
                        .append(" && npm run s")
                        .append(i + 1)
                        .append('"');
            }
            scripts.append(" }, \"devDependencies\": { \"vite\": \"7\" }, \"workspaces\": [\"")
                    .append("**/".repeat(50))
                    .append("*\"] }\n");
            var config = "--- vite.config.js\n" + "outDir: resolve(((((".repeat(20_000) + "\n--- index.html\n";
            org.assertj.core.api.Assertions.assertThatCode(
                            () -> detect(scripts + config + "--- config.toml\n" + "\n".repeat(500_000)))
                    .doesNotThrowAnyException();
            assertThatExceptionOfType(StepFailure.class)
                    .isThrownBy(() -> detect("--- package.json\n" + "[".repeat(900_000)));
        }
    }
}
