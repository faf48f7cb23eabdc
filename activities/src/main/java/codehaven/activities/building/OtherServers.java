package codehaven.activities.building;

import codehaven.activities.building.Recipe.Note;
import codehaven.model.BuildSettings;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.FailureKind;
import codehaven.model.Framework;
import codehaven.workflows.StepFailure;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Dockerfiles for apps of other languages, on the official images of these. No text of a repository gets into a command unchecked. */
final class OtherServers {

    private static final String NAME = ".codehaven.Dockerfile";
    private static final int JAVA_USUAL = 21;
    private static final List<Integer> JAVAS = List.of(8, 11, 17, 21, 25);

    /** Without installing the project itself, which apps seldom can be. */
    private static final String LIST_DEPENDENCIES = """
            import importlib, sys
            toml = importlib.import_module('tomllib' if sys.version_info >= (3, 11) else 'pip._vendor.tomli')
            with open('pyproject.toml', 'rb') as file:
                project = toml.load(file).get('project', {})
            with open('/tmp/requirements.txt', 'w') as file:
                file.write('\\n'.join(project.get('dependencies', [])) + '\\n')
            """;

    /** A line of requirements that is the project itself. */
    private static final Pattern ITSELF = Pattern.compile("(?m)^\\s*(?:-e\\s+|--editable[ =])?\\.(?:\\[|/|\\s|$)");

    private static final String MODULE_NAME = "[A-Za-z_][A-Za-z0-9_]*";

    private final AppDirectory at;
    private final BuildSettings settings;
    private final List<Note> notes;

    private OtherServers(AppDirectory at, BuildSettings settings, List<Note> notes) {
        this.at = at;
        this.settings = settings;
        this.notes = notes;
    }

    /**
     * How the app is built and started; absent for languages that need a Dockerfile of the repository.
     *
     * @param notes gets what is to be said in the log
     */
    static Optional<Running.Dockerfile> of(
            Framework framework, AppDirectory at, BuildSettings settings, List<Note> notes) {
        var servers = new OtherServers(at, settings, notes);
        return switch (framework) {
            case DJANGO, FASTAPI, FLASK, PYTHON -> Optional.of(servers.python(framework));
            case GO -> Optional.of(servers.go());
            case JAVA -> Optional.of(servers.java());
            default -> Optional.empty();
        };
    }

    private Running.Dockerfile made(String text, String command, int usualPort) {
        return made(text, command, usualPort, List.of());
    }

    private Running.Dockerfile made(String text, String command, int usualPort, List<String> instead) {
        var own = settings.startCommand();
        var start = own != null && !own.isBlank() ? own.strip() : command;
        var told = StartCommand.port(start);
        var port = settings.app().port() != null ? settings.app().port() : told > 0 ? told : usualPort;
        say("It is started with `" + start + "` and told by PORT to listen on " + port + ".");
        return new Running.Dockerfile(
                NAME,
                text + "ENV PORT=" + port + " HOST=0.0.0.0\nEXPOSE " + port + "\nUSER 1000:1000\nCMD "
                        + json(StartCommand.exec(start)) + "\n",
                at.directory(),
                null,
                port,
                List.of(),
                instead);
    }

    static String json(List<String> words) {
        try {
            return JsonMapper.builder().build().writeValueAsString(words);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts can be written", e);
        }
    }

    // Python

    private Running.Dockerfile python(Framework framework) {
        var version = PythonVersion.of(at);
        var image = version.image();
        var extra = new ArrayList<String>();
        var command = pythonStart(framework, extra);
        var text = new StringBuilder("FROM " + image + " AS build\n"
                + "ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore VIRTUAL_ENV=/venv PATH=/venv/bin:$PATH\n"
                + "RUN python -m venv /venv\n"
                + "WORKDIR /app\n");
        install(text);
        if (!extra.isEmpty()) {
            text.append("RUN pip install ").append(String.join(" ", extra)).append('\n');
        }
        var build = settings.buildCommand();
        text.append("COPY . .\n");
        if (build != null && !build.isBlank()) {
            text.append("RUN ").append(json(List.of("sh", "-c", build))).append('\n');
        } else if (framework == Framework.DJANGO
                && pythonFiles().anyMatch(each -> at.text(each).contains("STATIC_ROOT"))) {
            text.append(
                    "RUN python manage.py collectstatic --noinput"
                            + " || echo 'collectstatic failed and is left out: it may need variables that only the running app has.'\n");
        }
        text.append("FROM ").append(image).append("""

                        ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 VIRTUAL_ENV=/venv PATH=/venv/bin:$PATH
                        COPY --from=build /venv /venv
                        COPY --from=build --chown=1000:1000 /app /app
                        WORKDIR /app
                        """);
        return made(text.toString(), command, Running.PYTHON_PORT, version.instead());
    }

    private void install(StringBuilder text) {
        var own = settings.installCommand();
        if (own != null) {
            text.append("COPY . .\n");
            if (!own.isBlank()) {
                text.append("RUN ").append(json(List.of("sh", "-c", own))).append('\n');
            }
        } else if (at.isFile("uv.lock")) {
            text.append("""
                    COPY pyproject.toml uv.lock ./
                    ENV UV_PROJECT_ENVIRONMENT=/venv UV_PYTHON_DOWNLOADS=never
                    RUN pip install uv && uv sync --frozen --no-dev --no-install-project --inexact
                    """);
        } else if (at.isFile("requirements.txt")) {
            // With all that it may include by name.
            var files = at.tree().names(at.directory()).stream()
                    .filter(each -> each.matches("[\\w.-]*(?:requirements|constraints)[\\w.-]*\\.txt"))
                    .toList();
            text.append("COPY ")
                    .append(
                            ITSELF.matcher(at.text("requirements.txt")).find()
                                    ? ". ."
                                    : String.join(" ", files) + " ./")
                    .append('\n');
            if (at.isDirectory("requirements")) {
                text.append("COPY requirements/ requirements/\n");
            }
            text.append("RUN pip install -r requirements.txt\n");
        } else if (at.isFile("Pipfile")) {
            text.append("COPY Pipfile* ./\n"
                    + (at.isFile("Pipfile.lock")
                            ? "RUN pip install pipenv && PIPENV_IGNORE_VIRTUALENVS=0 pipenv sync\n"
                            : "RUN pip install pipenv && PIPENV_IGNORE_VIRTUALENVS=0 pipenv install --skip-lock\n"));
        } else if (at.text("pyproject.toml").contains("[tool.poetry")) {
            text.append("""
                    COPY pyproject.toml poetry.lock* ./
                    RUN pip install poetry && poetry install --only main --no-root --no-interaction
                    """);
        } else if (at.isFile("pyproject.toml")) {
            text.append("COPY pyproject.toml ./\n")
                    .append("RUN ")
                    .append(json(List.of("python", "-c", LIST_DEPENDENCIES)))
                    .append("\nRUN pip install -r /tmp/requirements.txt\n");
        }
    }

    private String pythonStart(Framework framework, List<String> extra) {
        var own = settings.startCommand();
        if (own != null && !own.isBlank()) {
            return own;
        }
        var procfile = Procfile.web(at);
        if (procfile.isPresent()) {
            say("Starting what the Procfile says for web.");
            return procfile.get();
        }
        return switch (framework) {
            case FASTAPI -> {
                var target = target("FastAPI").orElseThrow(() -> noStart("no file makes a FastAPI() app"));
                add(extra, "uvicorn", "uvicorn", "fastapi[standard]", "fastapi[all]");
                yield "uvicorn " + target
                        + " --host 0.0.0.0 --port ${PORT:-8000} --proxy-headers --forwarded-allow-ips '*'";
            }
            case FLASK -> {
                var target = target("Flask").orElseThrow(() -> noStart("no file makes a Flask() app"));
                add(extra, "gunicorn", "gunicorn");
                yield gunicorn(target);
            }
            case DJANGO -> django(extra);
            default -> {
                var fast = target("(?:FastAPI|Starlette|FastHTML|Litestar)");
                if (fast.isPresent()) {
                    add(extra, "uvicorn", "uvicorn");
                    yield "uvicorn " + fast.get() + " --host 0.0.0.0 --port ${PORT:-8000}";
                }
                yield Stream.of("main.py", "app.py", "server.py", "run.py", "src/main.py")
                        .filter(at::isFile)
                        .findFirst()
                        .map(each -> "python " + each)
                        .orElseThrow(() -> noStart("there is no main.py or app.py"));
            }
        };
    }

    private String django(List<String> extra) {
        var asynchronous = names("daphne") || names("channels") || names("uvicorn");
        var module = pythonFiles()
                .filter(each -> each.matches(MODULE_NAME + "/(?:wsgi|asgi)\\.py"))
                .map(each -> each.substring(0, each.indexOf('/')))
                .findFirst()
                .orElseThrow(() -> noStart("no folder has a wsgi.py"));
        say("Database migrations are not run: put them before the server in the project's startCommand, such as"
                + " 'python manage.py migrate && gunicorn " + module + ".wsgi'.");
        if (asynchronous && at.isFile(module + "/asgi.py")) {
            add(extra, "uvicorn", "uvicorn");
            return "uvicorn " + module + ".asgi:application --host 0.0.0.0 --port ${PORT:-8000}";
        }
        add(extra, "gunicorn", "gunicorn");
        return gunicorn(module + ".wsgi:application");
    }

    private static String gunicorn(String target) {
        return "gunicorn --bind 0.0.0.0:${PORT:-8000} --workers ${WEB_CONCURRENCY:-2} --threads 8 --worker-tmp-dir /dev/shm --access-logfile - "
                + (target.contains("(") ? "\"" + target + "\"" : target);
    }

    /** Installs a server where the project does not, and says so. */
    private void add(List<String> extra, String distribution, String... any) {
        if (Stream.of(any).noneMatch(this::names)) {
            extra.add(distribution);
            say("The app is served with " + distribution
                    + ", which is added, as the project names no server of its own.");
        }
    }

    private boolean names(String distribution) {
        var named = Pattern.compile("(?im)(?:^|[\"'\\s])" + Pattern.quote(distribution) + "(?:$|[\"'\\s\\[=<>~!;,])");
        return Stream.of("requirements.txt", "pyproject.toml", "Pipfile")
                .anyMatch(each -> named.matcher(at.text(each)).find());
    }

    /** The module and the name of the app, as servers want them: {@code main:app}. */
    private Optional<String> target(String type) {
        var made = Pattern.compile(
                "(?m)^(" + MODULE_NAME + ")\\s*(?::[^=\\n]{1,80})?=\\s*(?:" + MODULE_NAME + "\\.)?" + type + "\\(");
        var factory = Pattern.compile("(?m)^def (create_app|make_app)\\(");
        String fallback = null;
        for (var file : pythonFiles().toList()) {
            var module = file.substring(0, file.length() - 3).replace('/', '.').replaceFirst("\\.__init__$", "");
            if (!module.matches(MODULE_NAME + "(?:\\." + MODULE_NAME + ")*")) {
                continue;
            }
            var text = at.text(file);
            var found = made.matcher(text);
            if (found.find()) {
                return Optional.of(module + ":" + found.group(1));
            }
            var makes = factory.matcher(text);
            if (fallback == null && type.equals("Flask") && makes.find() && text.contains("Flask(")) {
                fallback = module + ":" + makes.group(1) + "()";
            }
        }
        return Optional.ofNullable(fallback);
    }

    /** Python files where apps are, likely ones first. */
    private Stream<String> pythonFiles() {
        var likely = List.of(
                "main.py",
                "app.py",
                "wsgi.py",
                "asgi.py",
                "server.py",
                "api.py",
                "run.py",
                "index.py",
                "application.py");
        var own = at.tree().names(at.directory()).stream().filter(each -> each.endsWith(".py"));
        var first = Stream.concat(likely.stream().filter(at::isFile), own);
        var below = at.tree().names(at.directory()).stream()
                .filter(each -> each.matches(MODULE_NAME)
                        && at.isDirectory(each)
                        && !each.matches("tests?|venv|env|node_modules"))
                .flatMap(each -> Stream.concat(
                        at.tree().names(at.path(each)).stream()
                                .filter(name -> name.endsWith(".py"))
                                .map(name -> each + "/" + name),
                        each.equals("src") || each.equals("app")
                                ? at.tree().names(at.path(each)).stream()
                                        .filter(name -> name.matches(MODULE_NAME) && at.isDirectory(each + "/" + name))
                                        .flatMap(name -> at.tree().names(at.path(each + "/" + name)).stream()
                                                .filter(file -> file.endsWith(".py"))
                                                .map(file -> each + "/" + name + "/" + file))
                                : Stream.empty()));
        return Stream.concat(first, below).distinct().limit(300);
    }

    // Go

    private Running.Dockerfile go() {
        var mod = at.text("go.mod");
        var version = GoVersion.of(mod);
        var main = goMain();
        var own = settings.buildCommand();
        var cgo = Pattern.compile("mattn/go-sqlite3|confluent-kafka-go|h2non/bimg|gographics/imagick")
                .matcher(mod)
                .find();
        say("Building " + (main.equals(".") ? "the main package" : main) + " with Go 1." + version.minor()
                + (cgo ? " and a C compiler." : "."));
        var build = own != null && !own.isBlank()
                ? json(List.of("sh", "-c", own))
                : "mkdir -p /out && CGO_ENABLED=" + (cgo ? 1 : 0)
                        + " go build -trimpath -ldflags='-s -w' -o /out/server " + main;
        return made(
                "FROM " + version.image() + " AS build\n"
                        + "WORKDIR /app\n"
                        + "COPY go.mod " + (at.isFile("go.sum") ? "go.sum " : "") + "./\n"
                        + (at.isDirectory("vendor")
                                        || Pattern.compile("(?m)^replace\\b.*=>\\s*\\.")
                                                .matcher(mod)
                                                .find()
                                ? ""
                                : "RUN go mod download\n")
                        + "COPY . .\n"
                        + "RUN " + build + "\n"
                        + "RUN mkdir -p /out && touch /out/.made\n"
                        + "FROM debian:bookworm-slim\n"
                        + "COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt\n"
                        + "COPY --from=build --chown=1000:1000 /app /app\n"
                        + "COPY --from=build /out/ /usr/local/bin/\n"
                        + "WORKDIR /app\n",
                "/usr/local/bin/server",
                Running.OTHER_PORT,
                version.instead());
    }

    private String goMain() {
        if (at.tree().names(at.directory()).stream().anyMatch(each -> each.endsWith(".go") && isMain(each))) {
            return ".";
        }
        var commands = at.tree().names(at.path("cmd")).stream()
                .filter(each -> each.matches("[\\w.-]{1,80}")
                        && at.tree().names(at.path("cmd/" + each)).stream()
                                .anyMatch(file -> file.endsWith(".go") && isMain("cmd/" + each + "/" + file)))
                .toList();
        for (var each : List.of("server", "api", "web", "app", "http", "main")) {
            if (commands.contains(each)) {
                return "./cmd/" + each;
            }
        }
        if (commands.size() == 1) {
            return "./cmd/" + commands.getFirst();
        }
        if (settings.buildCommand() != null) {
            return ".";
        }
        throw noStart(
                commands.isEmpty()
                        ? "no main package was found at the top or in cmd"
                        : "there are several main packages: " + String.join(", ", commands));
    }

    private boolean isMain(String file) {
        return !file.endsWith("_test.go")
                && Pattern.compile("(?m)^package main\\b")
                        .matcher(at.text(file))
                        .find();
    }

    // Java

    private static final Pattern MAVEN_JAVA = Pattern.compile(
            "<(?:java\\.version|maven\\.compiler\\.release|maven\\.compiler\\.target|maven\\.compiler\\.source|release)>\\s*(?:1\\.)?(\\d{1,2})\\s*<");
    private static final Pattern GRADLE_JAVA = Pattern.compile(
            "JavaLanguageVersion\\.of\\((\\d{1,2})\\)|jvmToolchain\\((\\d{1,2})\\)|(?:source|target)Compatibility\\s*=\\s*(?:JavaVersion\\.VERSION_|['\"])?(?:1[._])?(\\d{1,2})");

    private Running.Dockerfile java() {
        var maven = at.isFile("pom.xml");
        var version = javaVersion(maven);
        var wrapper = at.isFile(maven ? "mvnw" : "gradlew");
        var image = wrapper
                ? "eclipse-temurin:" + version + "-jdk"
                : maven ? "maven:3.9-eclipse-temurin-" + version : "gradle:jdk" + version;
        var own = settings.buildCommand();
        var build = own != null && !own.isBlank()
                ? own
                : maven
                        ? (wrapper ? "sh ./mvnw" : "mvn") + " -B -ntp -DskipTests package"
                        : (wrapper ? "sh ./gradlew" : "gradle") + " --no-daemon build -x test";
        say("Building with " + (maven ? "Maven" : "Gradle") + " on Java " + version + ".");
        var out = maven ? "target" : "build";
        var collect = "mkdir -p /out && if [ -f " + out + "/quarkus-app/quarkus-run.jar ]; then cp -R " + out
                + "/quarkus-app/. /out/ && mv /out/quarkus-run.jar /out/app.jar; else cp \"$(ls -S "
                + (maven ? "target/*.jar" : "build/libs/*.jar")
                + " | grep -v -e -sources.jar -e -javadoc.jar -e -plain.jar -e -tests.jar -e /original- | head -n 1)\" /out/app.jar; fi";
        return made(
                "FROM " + image + " AS build\nWORKDIR /src\nCOPY . .\nRUN " + json(List.of("sh", "-c", build))
                        + "\nRUN " + json(List.of("sh", "-c", collect)) + "\nFROM eclipse-temurin:" + version
                        + "-jre\nCOPY --from=build --chown=1000:1000 /out/ /app/\nWORKDIR /app\n",
                "java -XX:MaxRAMPercentage=75 -Dserver.port=${PORT:-8080} -Dquarkus.http.host=0.0.0.0 -Dquarkus.http.port=${PORT:-8080}"
                        + " -Dmicronaut.server.port=${PORT:-8080} -jar app.jar",
                Running.OTHER_PORT);
    }

    private int javaVersion(boolean maven) {
        var found = maven
                ? MAVEN_JAVA.matcher(at.text("pom.xml"))
                : GRADLE_JAVA.matcher(at.text("build.gradle") + "\n" + at.text("build.gradle.kts"));
        if (!found.find()) {
            return JAVA_USUAL;
        }
        for (var group = 1; group <= found.groupCount(); group++) {
            if (found.group(group) != null) {
                var wanted = Integer.parseInt(found.group(group));
                return JAVAS.stream().filter(each -> each >= wanted).findFirst().orElse(JAVAS.getLast());
            }
        }
        return JAVA_USUAL;
    }

    private void say(String sentence) {
        notes.add(new Note(Level.info, sentence));
    }

    private static StepFailure noStart(String why) {
        return new StepFailure(
                FailureKind.NO_PROJECT_FOUND,
                "Nothing says how the app is started: " + why + ".",
                "Set the project's startCommand, add a Procfile with a line such as 'web: …', or add a Dockerfile.",
                null,
                null,
                null);
    }
}
