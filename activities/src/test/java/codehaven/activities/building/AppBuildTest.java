package codehaven.activities.building;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import codehaven.activities.building.Workshop.Job;
import codehaven.model.AppImage;
import codehaven.model.Failure;
import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** From source trees to images that run, on a real engine. */
@Tag("engine")
@Execution(ExecutionMode.CONCURRENT)
final class AppBuildTest {

    private static final Duration LONG = Duration.ofMinutes(3);

    private static final String EXPRESS = """
            --- package.json
            { "name": "shop", "scripts": { "start": "node server.js" },
              "dependencies": { "express": "^4.21.0" }, "devDependencies": { "is-odd": "^3.0.1" } }
            --- server.js
            const express = require('express');
            const app = express();
            app.get('/', (q, a) => a.send('hello from ' + process.env.PORT + ' as ' + process.getuid()));
            app.listen(process.env.PORT);
            --- .env
            TOKEN=from-the-repository
            --- public/page.txt
            left to the app
            """;

    @TempDir
    static Path directory;

    private static Workshop workshop;
    private static final List<String> PROJECTS = new ArrayList<>();

    @BeforeAll
    static void open() throws Exception {
        workshop = Workshop.withDocker(directory);
    }

    @AfterAll
    static void close() throws Exception {
        for (var each : PROJECTS) {
            for (var name : docker("images", "--format", "{{.Repository}}:{{.Tag}}")
                    .lines()
                    .toList()) {
                if (name.contains("/" + each + ":")) {
                    HostProcess.ask(Duration.ofMinutes(1), null, List.of("docker", "rmi", "-f", name));
                }
            }
            for (var id : docker("images", "-q", "-f", "dangling=true", "-f", "label=codehaven.project=" + each)
                    .lines()
                    .toList()) {
                HostProcess.ask(Duration.ofMinutes(1), null, List.of("docker", "rmi", id));
            }
        }
        workshop.close();
    }

    private static Job app(String drawing) throws IOException {
        var job = workshop.detected(drawing);
        job.project = "t" + Long.toString(ThreadLocalRandom.current().nextLong(1L << 40), 36);
        synchronized (PROJECTS) {
            PROJECTS.add(job.project);
        }
        return job;
    }

    private static String docker(String... arguments) throws IOException {
        var command = new ArrayList<>(List.of("docker"));
        command.addAll(List.of(arguments));
        var answer = HostProcess.ask(Duration.ofMinutes(2), null, command);
        assertThat(answer.good()).as("%s: %s", command, answer.output()).isTrue();
        return answer.output().strip();
    }

    private static AppImage imageOf(SiteBuild.Made made) {
        return Objects.requireNonNull(made.app());
    }

    /** What an app's page says when it runs as strictly as apps do. */
    private static String page(AppImage image, String path) throws Exception {
        var id = docker(
                "run",
                "-d",
                "--rm",
                "--read-only",
                "--tmpfs",
                "/tmp",
                "--cap-drop",
                "ALL",
                "--security-opt",
                "no-new-privileges",
                "-e",
                "PORT=" + image.port(),
                "-p",
                "127.0.0.1::" + image.port(),
                image.reference());
        try {
            var at = docker("port", id, image.port() + "/tcp")
                    .lines()
                    .findFirst()
                    .orElseThrow();
            for (var n = 0; n < 100; n++) {
                var answer = HostProcess.ask(
                        Duration.ofSeconds(10), null, List.of("curl", "-s", "-m", "5", "http://" + at + path));
                if (answer.good()) {
                    return answer.output();
                }
                Thread.sleep(200);
            }
            throw new AssertionError("no answer; the app says: " + docker("logs", id));
        } finally {
            docker("kill", id);
        }
    }

    private static StepFailure failure(Job job, BuildScope scope) {
        var failure = catchThrowableOfType(StepFailure.class, () -> workshop.build(job, scope));
        assertThat(failure).as(scope.text()).isNotNull();
        assertThat(workshop.leftOf(job)).isEmpty();
        return failure;
    }

    @Test
    void expressIsBuiltAndAnswers() throws Exception {
        var job = app(EXPRESS).variable("SECRET", "canary-4711");
        var scope = new BuildScope(job.deployment);
        var made = workshop.build(job, scope);
        var image = imageOf(made);

        assertThat(made.basket().count())
                .as("what Express serves only its code knows")
                .isZero();
        assertThat(image.port()).isEqualTo(3000);
        assertThat(image.tag()).isEqualTo("codehaven/" + job.project + ":" + job.deployment);
        assertThat(image.reference()).startsWith("sha256:");
        assertThat(image.digest()).isNull();
        assertThat(image.bytes()).isGreaterThan(1_000_000);
        assertThat(page(image, "/")).isEqualTo("hello from 3000 as 1000");
        assertThat(scope.text()).contains("no registry is configured");
        assertThat(workshop.leftOf(job)).isEmpty();

        var files = docker("run", "--rm", "--entrypoint", "sh", image.tag(), "-c", "ls -a . node_modules");
        assertThat(files).contains("express", "server.js").doesNotContain(".env", "is-odd");
        var told = docker("history", "--no-trunc", image.tag()) + docker("inspect", image.tag());
        assertThat(told).contains("codehaven.run").doesNotContain("canary-4711", "from-the-repository");
        var saved = HostProcess.ask(
                Duration.ofMinutes(1),
                null,
                List.of(
                        "sh",
                        "-c",
                        "docker save " + image.tag() + " | grep -a -c -e canary-4711 -e from-the-repository"));
        assertThat(saved.output().strip()).as("no layer has them").isEqualTo("0");

        job.attempt = 2;
        var again = new BuildScope(job.deployment);
        assertThat(imageOf(workshop.build(job, again))).isEqualTo(image);
        assertThat(again.text()).contains("built already").doesNotContain("Running");
    }

    @Test
    void dependenciesAreALayerOfTheirOwn() throws Exception {
        var drawing = """
                --- package.json
                { "scripts": { "start": "node server.js" } }
                --- node_modules/x/index.js
                module.exports = 1
                --- server.js
                // VERSION
                require('http').createServer((q, a) => a.end('plain')).listen(process.env.PORT);
                """;
        var first = app(drawing);
        var one = imageOf(workshop.build(first, new BuildScope(first.deployment)));
        var second = app(drawing.replace("VERSION", "2"));
        second.project = first.project;
        var two = imageOf(workshop.build(second, new BuildScope(second.deployment)));
        var layers = "{{join .RootFS.Layers \" \"}}";
        var before = List.of(docker("inspect", "-f", layers, one.tag()).split(" "));
        var after = List.of(docker("inspect", "-f", layers, two.tag()).split(" "));
        assertThat(after.subList(0, after.size() - 2)).isEqualTo(before.subList(0, before.size() - 2));
        assertThat(page(two, "/")).isEqualTo("plain");
    }

    private static final String DOCKERFILE = """
            --- Dockerfile
            # syntax=docker/dockerfile:1
            ARG NODE=22
            FROM node:${NODE}-bookworm-slim AS build
            WORKDIR /src/RANDOM
            RUN --mount=type=bind,source=package.json,target=package.json \\
                --mount=type=cache,target=/root/.npm \\
                test -f package.json && \\
                # said between
                echo RANDOM > made.txt
            ARG PUBLIC_NAME
            ARG SECRET
            RUN echo "name=$PUBLIC_NAME secret=$SECRET" > told.txt
            FROM node:${NODE}-bookworm-slim
            WORKDIR /srv/RANDOM
            COPY --link --from=build /src/RANDOM/*.txt ./
            COPY --chmod=0755 run.sh server.js ./
            COPY <<EOF /srv/RANDOM/note.txt
            from here
            EOF
            EXPOSE 4000
            USER node
            CMD ["./run.sh"]
            --- run.sh
            #!/bin/sh
            exec node server.js
            --- server.js
            const fs = require('fs');
            require('http').createServer((q, a) => a.end(fs.readFileSync('told.txt', 'utf8') + fs.readFileSync('made.txt') + fs.readFileSync('note.txt')
              + fs.existsSync('ignored.txt'))).listen(4000);
            --- ignored.txt
            no
            --- .dockerignore
            *.txt
            --- package.json
            { "dependencies": { "express": "4" }, "scripts": { "start": "node server.js" } }
            """;

    @Test
    void dockerfileIsBuiltWithWhatOnlyBuildKitKnows() throws Exception {
        // In its folders too: no layer is there of an earlier run that was broken off.
        var random = Long.toString(System.nanoTime());
        var job = app(DOCKERFILE.replace("RANDOM", random))
                .variable("PUBLIC_NAME", "shop")
                .variable("SECRET", "canary-4711");
        job.sensitive = Set.of("SECRET");
        var scope = new BuildScope(job.deployment);
        var made = workshop.build(job, scope);
        var image = imageOf(made);
        assertThat(image.port()).as("its one EXPOSE").isEqualTo(4000);
        assertThat(page(image, "/")).isEqualTo("name=shop secret=\n" + random + "\nfrom here\nfalse");
        assertThat(made.cache()).isEqualTo("miss");
        assertThat(scope.text()).contains("RUN --mount").contains("ARG SECRET is not given");
        assertThat(docker("history", "--no-trunc", image.tag())).doesNotContain("canary-4711");

        job.run = "run-2";
        assertThat(workshop.build(job, new BuildScope(job.deployment)).cache()).isEqualTo("hit");
        assertThat(docker("images", "-q", "codehaven/" + job.project + ":stage-1"))
                .isNotEmpty();
    }

    @Test
    void failedStepIsToldWithItsCodeAndLine() throws Exception {
        var job = app("""
                --- Dockerfile
                FROM node:22-bookworm-slim
                RUN echo fine
                RUN echo "Error: the moon is missing" && exit 7
                """);
        var scope = new BuildScope(job.deployment);
        var failure = failure(job, scope);
        assertThat(failure.kind()).isEqualTo(FailureKind.BUILD_FAILED);
        assertThat(failure)
                .hasMessageContaining("RUN echo \"Error: the moon")
                .hasMessageContaining("exit code 7")
                .hasMessageContaining("the moon is missing");
        var lines = Objects.requireNonNull(
                failure.crossing(1).getDetails().get(Failure.class).lines());
        assertThat(scope.lines().get((int) lines.from() - 1).text()).contains("the moon is missing");

        var copies = app("--- Dockerfile\nFROM node:22-bookworm-slim\nCOPY nothing.txt ./\n");
        assertThat(failure(copies, new BuildScope(copies.deployment)))
                .hasMessageContaining("COPY nothing.txt")
                .satisfies(each -> assertThat(each.kind()).isEqualTo(FailureKind.BUILD_FAILED));

        var missing = app("--- Dockerfile\nFROM nobody/has:this\n");
        assertThat(failure(missing, new BuildScope(missing.deployment))).hasMessageContaining("nobody/has:this");
    }

    @Test
    void hangingStepEndsWithTheTimeAndWithACancel() throws Exception {
        var drawing = "--- Dockerfile\nFROM node:22-bookworm-slim\nRUN echo begun && sleep 600\n";
        var hangs = app(drawing).limits(512, 100, 1000, Duration.ofSeconds(6));
        var failure = failure(hangs, new BuildScope(hangs.deployment));
        assertThat(failure.kind()).isEqualTo(FailureKind.BUILD_TIMED_OUT);
        assertThat(failure).hasMessageContaining("6 seconds");

        var job = app(drawing.replace("begun", "begun again"));
        var scope = new BuildScope(job.deployment);
        var running = workshop.start(job, scope);
        Workshop.await("output", LONG, () -> scope.of("stdout").stream().anyMatch(each -> each.startsWith("begun")));
        scope.cancel();
        assertThat(running.stopped(Duration.ofSeconds(5))).isTrue();
        Workshop.await("no container", Duration.ofSeconds(10), () -> {
            try {
                return docker("ps", "-a", "--no-trunc", "--format", "{{.Command}}")
                        .lines()
                        .noneMatch(each -> each.contains("sleep 600"));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    @Test
    void stepThatEatsItsMemoryIsNamed() throws Exception {
        var job = app("""
                --- Dockerfile
                FROM node:22-bookworm-slim
                RUN node -e "const all = []; for (;;) all.push(Buffer.alloc(8 << 20, 1))"
                """).limits(160, 100, 1000, Duration.ofMinutes(1));
        var failure = failure(job, new BuildScope(job.deployment));
        assertThat(failure.kind()).as(failure.getMessage()).isEqualTo(FailureKind.BUILD_OUT_OF_MEMORY);
    }

    @Test
    void stepThatIsKilledWithMemoryLeftIsTriedAgain() throws Exception {
        var job = app("--- Dockerfile\nFROM node:22-bookworm-slim\nRUN echo begun; exit 137\n");
        var failure = failure(job, new BuildScope(job.deployment));
        assertThat(failure.kind()).as(failure.getMessage()).isEqualTo(FailureKind.DOCKER_UNAVAILABLE);
        assertThat(failure).hasMessageContaining("was ended from outside (exit code 137)");
    }

    @Test
    void versionThatIsHereStandsInForTheWholeBuild() throws Exception {
        var job = app("""
                --- package.json
                { "engines": { "node": "24 || 20" }, "scripts": { "build": "node -v > made.txt", "start": "node server.js" } }
                --- server.js
                const made = require('fs').readFileSync('made.txt', 'utf8').trim();
                require('http').createServer((q, a) => a.end(String(made === process.version))).listen(process.env.PORT);
                """);
        // Where 24 can be pulled it is; else whatever goes by the name of the other one.
        var other = "node:20-bookworm-slim";
        var here = !docker("images", "--quiet", other).isBlank();
        if (!here) {
            docker("tag", "node:22-bookworm-slim", other);
        }
        try {
            var image = imageOf(workshop.build(job, new BuildScope(job.deployment)));
            assertThat(page(image, "/")).as("built and run with the same").isEqualTo("true");
        } finally {
            if (!here) {
                docker("rmi", other);
            }
        }
    }

    @Test
    void standaloneServerOfNextJsHasACacheThatItCanWriteTo() throws Exception {
        var job = app("""
                --- next.config.mjs
                export default { output: 'standalone' };
                --- app/page.js
                --- build.sh
                mkdir -p .next/standalone/apps/web .next/static
                echo "require('http')" > .next/standalone/apps/web/server.js
                --- package.json
                { "scripts": { "build": "sh build.sh" }, "dependencies": { "next": "file:next" } }
                --- next/package.json
                { "name": "next", "version": "16.0.0" }
                """);
        var image = imageOf(workshop.build(job, new BuildScope(job.deployment)));
        assertThat(docker("run", "--rm", "--entrypoint", "readlink", image.tag(), "apps/web/.next/cache"))
                .isEqualTo("/tmp");
    }

    /** A local image of the language, else the usual one, which has to be pulled. */
    private static String version(String image, String pattern, String usual) throws IOException {
        return docker("images", "--format", "{{.Tag}}", image)
                .lines()
                .filter(each -> each.matches(pattern))
                .map(each -> each.replaceFirst("-.*", ""))
                .findFirst()
                .orElse(usual);
    }

    @Test
    void goIsCompiledAndItsFilesAreThere() throws Exception {
        // By hand: net/http takes most of a minute to compile.
        var job = app("""
                --- go.mod
                module example.com/shop

                go VERSION
                --- main.go
                package main
                import ("net"; "os")
                func main() {
                    text, _ := os.ReadFile("page.txt")
                    door, _ := net.Listen("tcp", ":" + os.Getenv("PORT"))
                    for {
                        visitor, _ := door.Accept()
                        visitor.Read(make([]byte, 4096))
                        visitor.Write(append([]byte("HTTP/1.0 200 OK\\r\\n\\r\\n"), text...))
                        visitor.Close()
                    }
                }
                --- page.txt
                from a file
                """.replace("VERSION", version("golang", "1\\.\\d+-bookworm", "1.24")));
        var scope = new BuildScope(job.deployment);
        var image = imageOf(workshop.build(job, scope));
        assertThat(image.port()).isEqualTo(8080);
        assertThat(page(image, "/")).isEqualTo("from a file\n");
    }

    @Test
    void assetsOfADynamicBuildAreForTheEdgeAndPagesAreNot() throws Exception {
        var job = app("""
                --- package.json
                { "scripts": { "build": "node build.js", "start": "react-router-serve" },
                  "dependencies": { "@react-router/dev": "file:dev" } }
                --- dev/package.json
                { "name": "@react-router/dev", "version": "7.0.0" }
                --- build.js
                const fs = require('fs');
                fs.mkdirSync('build/client/assets', { recursive: true });
                fs.writeFileSync('build/client/assets/a-1.js', 'a');
                fs.writeFileSync('build/client/index.html', 'a page of the app');
                fs.writeFileSync('build/client/robots.txt', '*');
                """);
        var made = workshop.build(job, new BuildScope(job.deployment));
        assertThat(made.basket().count()).isEqualTo(2);
        assertThat(made.basket().has("assets/a-1.js")).isTrue();
        assertThat(made.basket().has("robots.txt")).isTrue();
        assertThat(made.spa()).isFalse();
    }

    @Test
    void sweepKeepsTheNewestAndThoseThatAreApps() throws Exception {
        var job = app("--- Dockerfile\nFROM node:22-bookworm-slim\nCMD [\"true\"]\n");
        var all = new ArrayList<String>();
        for (var n = 0; n < 4; n++) {
            var next = app("--- Dockerfile\nFROM node:22-bookworm-slim\nRUN echo " + n + "\nCMD [\"true\"]\n");
            next.project = job.project;
            workshop.build(next, new BuildScope(next.deployment));
            all.add(next.deployment);
            Thread.sleep(1_100); // The engine knows seconds.
        }
        ImageSweep.of(
                        workshop.engine,
                        each -> all.getFirst().equals(each)
                                ? ImageSweep.Use.WANTED
                                : all.contains(each) ? ImageSweep.Use.ENDED : ImageSweep.Use.UNKNOWN,
                        Duration.ofSeconds(1),
                        2)
                .sweep();
        assertThat(docker("images", "--format", "{{.Tag}}", "codehaven/" + job.project)
                        .lines())
                .containsExactlyInAnyOrder(all.get(0), all.get(2), all.get(3));
    }
}
