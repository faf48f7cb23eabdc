package codehaven.model;

import static codehaven.model.Kind.DYNAMIC;
import static codehaven.model.Kind.STATIC;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a site or an app can be made with: how it is built and where its output is when nothing in the repository says
 * otherwise. In the order of detection: what builds on another comes before it.
 */
public enum Framework {
    NEXTJS("nextjs", "Next.js", STATIC, "next build", "out", false, ".next/cache"),
    NUXT("nuxtjs", "Nuxt", STATIC, "nuxt generate", ".output/public", false, "node_modules/.cache"),
    SVELTEKIT("sveltekit", "SvelteKit", STATIC, "vite build", "build", false),
    ASTRO("astro", "Astro", STATIC, "astro build", "dist", false, "node_modules/.astro"),
    REMIX("remix", "Remix", STATIC, "remix vite:build", "build/client", true),
    REACT_ROUTER("react-router", "React Router", STATIC, "react-router build", "build/client", true),
    TANSTACK_START("tanstack-start", "TanStack Start", STATIC, "vite build", "dist/client", true),
    SOLID_START("solidstart", "SolidStart", STATIC, "vinxi build", ".output/public", false),
    ANALOG("analog", "Analog", STATIC, "vite build", "dist/analog/public", true),
    QWIK("qwik", "Qwik", STATIC, null, "dist", false),
    GATSBY("gatsby", "Gatsby", STATIC, "gatsby build", "public", false, ".cache", "public"),
    DOCUSAURUS("docusaurus", "Docusaurus", STATIC, "docusaurus build", "build", false, "node_modules/.cache"),
    VITEPRESS("vitepress", "VitePress", STATIC, "vitepress build docs", "docs/.vitepress/dist", false),
    VUEPRESS("vuepress", "VuePress", STATIC, "vuepress build src", "src/.vuepress/dist", false),
    ELEVENTY("eleventy", "Eleventy", STATIC, "eleventy", "_site", false, ".cache"),
    HEXO("hexo", "Hexo", STATIC, "hexo generate", "public", false),
    GRIDSOME("gridsome", "Gridsome", STATIC, "gridsome build", "dist", false),
    REDWOOD("redwoodjs", "RedwoodJS", STATIC, "rw build web", "web/dist", true),
    WAKU("waku", "Waku", STATIC, "waku build", "dist/public", false),
    VIKE("vike", "Vike", STATIC, "vike build", "dist/client", false),
    OBSERVABLE("observable", "Observable Framework", STATIC, "observable build", "dist", false),
    SANITY("sanity", "Sanity Studio", STATIC, "sanity build", "dist", true),
    EXPO("expo", "Expo", STATIC, "expo export -p web", "dist", true),
    QUASAR("quasar", "Quasar", STATIC, "quasar build", "dist/spa", true),
    IONIC_ANGULAR("ionic-angular", "Ionic Angular", STATIC, "ng build", "www", true, ".angular/cache"),
    IONIC_REACT("ionic-react", "Ionic React", STATIC, "react-scripts build", "build", true),
    STENCIL("stencil", "Stencil", STATIC, "stencil build", "www", true),
    UMI("umijs", "UmiJS", STATIC, "umi build", "dist", true),
    ANGULAR("angular", "Angular", STATIC, "ng build", "dist", true, ".angular/cache"),
    EMBER("ember", "Ember", STATIC, "ember build --environment=production", "dist", true),
    PREACT_CLI("preact", "Preact CLI", STATIC, "preact build", "build", true),
    VUE_CLI("vue", "Vue CLI", STATIC, "vue-cli-service build", "dist", true, "node_modules/.cache"),
    CREATE_REACT_APP(
            "create-react-app",
            "Create React App",
            STATIC,
            "react-scripts build",
            "build",
            true,
            "node_modules/.cache"),
    SOLID("solid", "Solid", STATIC, "vite build", "dist", true),
    VITE("vite", "Vite", STATIC, "vite build", "dist", true),
    SVELTE_ROLLUP("svelte", "Svelte with Rollup", STATIC, "rollup -c", "public", true),
    PARCEL("parcel", "Parcel", STATIC, "parcel build", "dist", false, ".parcel-cache"),
    STORYBOOK("storybook", "Storybook", STATIC, "storybook build", "storybook-static", false, "node_modules/.cache"),
    HUGO("hugo", "Hugo", STATIC, "hugo --gc --minify", "public", false),
    ZOLA("zola", "Zola", STATIC, "zola build", "public", false),
    JEKYLL("jekyll", "Jekyll", STATIC, "jekyll build", "_site", false),
    MIDDLEMAN("middleman", "Middleman", STATIC, "middleman build", "build", false),
    MKDOCS("mkdocs", "MkDocs", STATIC, "mkdocs build", "site", false),
    SPHINX("sphinx", "Sphinx", STATIC, "sphinx-build -b html . _build/html", "_build/html", false),
    PELICAN("pelican", "Pelican", STATIC, "pelican content", "output", false),
    NITRO("nitro", "Nitro", DYNAMIC, "nitro build", ".output", false),
    NESTJS("nestjs", "NestJS", DYNAMIC, null, "dist", false),
    EXPRESS("express", "Express", DYNAMIC, null, ".", false),
    FASTIFY("fastify", "Fastify", DYNAMIC, null, ".", false),
    KOA("koa", "Koa", DYNAMIC, null, ".", false),
    HONO("hono", "Hono", DYNAMIC, null, ".", false),
    ELYSIA("elysia", "Elysia", DYNAMIC, null, ".", false),
    NODE("node", "Node.js", DYNAMIC, null, ".", false),
    DENO("deno", "Deno", DYNAMIC, null, ".", false),
    DJANGO("django", "Django", DYNAMIC, null, ".", false),
    FASTAPI("fastapi", "FastAPI", DYNAMIC, null, ".", false),
    FLASK("flask", "Flask", DYNAMIC, null, ".", false),
    PYTHON("python", "Python", DYNAMIC, null, ".", false),
    RAILS("rails", "Ruby on Rails", DYNAMIC, null, ".", false),
    RUBY("ruby", "Ruby", DYNAMIC, null, ".", false),
    LARAVEL("laravel", "Laravel", DYNAMIC, null, ".", false),
    PHP("php", "PHP", DYNAMIC, null, ".", false),
    GO("go", "Go", DYNAMIC, null, ".", false),
    RUST("rust", "Rust", DYNAMIC, null, ".", false),
    JAVA("java", "Java", DYNAMIC, null, ".", false),
    DOCKERFILE("dockerfile", "Dockerfile", DYNAMIC, null, ".", false),
    /** Files that are served as they are, or a build that is not in this table. */
    STATIC_FILES("static", "Static files", STATIC, null, ".", false);

    private final String id;
    private final String label;
    private final Kind kind;
    private final String command;
    private final String output;
    private final boolean spa;

    @SuppressWarnings("ImmutableEnumChecker") // made by List.of
    private final List<String> caches;

    Framework(
            String id,
            String label,
            Kind kind,
            @Nullable String command,
            String output,
            boolean spa,
            String... caches) {
        this.id = id;
        this.label = label;
        this.kind = kind;
        this.command = command == null ? "" : command;
        this.output = output;
        this.spa = spa;
        this.caches = List.of(caches);
    }

    /** The framework of that id, where there is one. */
    public static Optional<Framework> of(String id) {
        return Arrays.stream(values()).filter(each -> each.id.equals(id)).findFirst();
    }

    /** All ids, in order, for a sentence. */
    public static String ids() {
        return Arrays.stream(values()).map(Framework::id).collect(Collectors.joining(", "));
    }

    /** The word for programs: in settings, REST, metrics. */
    public String id() {
        return id;
    }

    /** The name that people know it by. */
    public String label() {
        return label;
    }

    /** Whether what it makes is files alone, as far as the framework itself decides it. */
    public Kind kind() {
        return kind;
    }

    /** The build command where package.json has none; empty where there is none to know. */
    public String command() {
        return command;
    }

    /** Where the output is by default, relative to the project's directory. */
    public String output() {
        return output;
    }

    /** Whether its sites answer unknown paths with {@code index.html}. */
    public boolean spa() {
        return spa;
    }

    /** Directories that make the next build faster, relative to the project's directory. */
    public List<String> caches() {
        return caches;
    }
}
