package codehaven.state;

import codehaven.model.AppSettings;
import codehaven.model.BuildSettings;
import codehaven.model.BuildSettings.HealthCheck;
import codehaven.model.BuildSettings.Limits;
import codehaven.model.Checkpoint;
import codehaven.model.Checkpoint.BuiltOutput;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Checkpoint.StoredSource;
import codehaven.model.Commit;
import codehaven.model.CommitSha;
import codehaven.model.Deployment;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.GitSource;
import codehaven.model.Host;
import codehaven.model.Kind;
import codehaven.model.Project;
import codehaven.model.Site;
import codehaven.model.Slug;
import codehaven.model.Step;
import codehaven.model.Target;
import codehaven.model.Trigger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;

/** Things to store. Names are new each time, so that tests share backends without meeting. */
final class Examples {

    static final Instant AT = Instant.parse("2026-03-04T05:06:07.089Z");
    static final CommitSha SHA = new CommitSha("0123456789abcdef0123456789abcdef01234567");

    static final BuildSettings FULL = new BuildSettings(
            "packages/web",
            "vite",
            "npm ci",
            "npm run build",
            "dist",
            "node server.js",
            "22",
            "Dockerfile",
            "git diff --quiet HEAD^ .",
            true,
            false,
            true,
            new HealthCheck("/health", 10),
            new Limits(2048, 600, 256, 0.5),
            new AppSettings(
                    3000, 2, 600, "SIGINT", 20, true, List.of(new AppSettings.Volume("data", "/data")), "docker"));

    static final ClonedTree CLONED = new ClonedTree(
            new Commit(SHA, "Make it work", "Ada <ada@example.org>", AT), "main", "main", SHA.text(), 12, 3456);
    static final StoredSource STORED = new StoredSource("ab".repeat(32), 1234, true);
    static final BuiltOutput BUILT =
            new BuiltOutput("outputs/k3v9x2mq.tar.zst", "vite", Kind.STATIC, 14, 214_512, true, "hit", null);

    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final String RUN = Long.toString(System.nanoTime(), 36);

    private Examples() {}

    static String unique() {
        return RUN + Integer.toString(COUNT.incrementAndGet(), 36);
    }

    static Slug slug() {
        return new Slug("p" + unique());
    }

    static Project project(Slug slug) {
        return new Project(slug, "https://example.org/" + slug + ".git", "main", FULL, AT);
    }

    static Deployment queued() {
        return queued(unique(), slug(), AT);
    }

    static Deployment queued(String id, Slug project, Instant createdAt) {
        return new Deployment(
                id,
                project,
                Environment.PRODUCTION,
                DeploymentStatus.QUEUED,
                Trigger.API,
                new GitSource("https://example.org/" + project + ".git", "main"),
                BuildSettings.DETECTED,
                1,
                null,
                null,
                null,
                null,
                createdAt,
                null,
                List.of(),
                null,
                null,
                null,
                null,
                0);
    }

    static Site site(Host host, Slug project, String deployment, long generation) {
        return new Site(
                host, project, deployment, new Target.Files("cd".repeat(32)), generation, Site.Role.PRODUCTION, AT);
    }

    static Host host() {
        return new Host("h" + unique() + ".sites.localhost");
    }

    static LogLine line(long n) {
        return line(n, "line " + n);
    }

    static LogLine line(long n, String text) {
        return new LogLine(AT.plusMillis(n), n, Step.BUILDING, "stdout", text, Level.info);
    }

    static List<LogLine> lines(long from, long to) {
        return new ArrayList<>(
                LongStream.rangeClosed(from, to).mapToObj(Examples::line).toList());
    }

    static Checkpoint builtCheckpoint() {
        return new Checkpoint(CLONED, STORED, BUILT);
    }
}
