package codehaven.ui;

import codehaven.api.ApiServer;
import codehaven.api.ApiSettings;
import codehaven.api.SystemInfo;
import codehaven.model.BuildSettings;
import codehaven.model.Checkpoint;
import codehaven.model.Deployment;
import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentEvent.Level;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentEvent.StatusChanged;
import codehaven.model.DeploymentEvent.StepChanged;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.GitSource;
import codehaven.model.Outcome;
import codehaven.model.Slug;
import codehaven.model.Step;
import codehaven.model.StepRun;
import codehaven.model.Trigger;
import codehaven.state.State;
import io.temporal.client.WorkflowClient;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** The dashboard on real backends, with deployments whose timelines are written by hand; Temporal is not there. */
final class LogHaven {

    private static final AtomicLong IDS = new AtomicLong(System.currentTimeMillis());
    private static @Nullable LogHaven running;

    final State state;
    final ApiServer server;
    final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

    static synchronized LogHaven get() {
        if (running == null) {
            try {
                running = new LogHaven(Files.createTempDirectory("codehaven-ui"), 0);
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        return running;
    }

    LogHaven(Path directory, int port) throws IOException, InterruptedException {
        var backends = Backends.start(directory);
        state = backends.state();
        var stubs = WorkflowServiceStubs.newServiceStubs(WorkflowServiceStubsOptions.newBuilder()
                .setTarget("127.0.0.1:1")
                .build());
        var embedded = new SystemInfo.Backend("embedded", true);
        server = ApiServer.start(
                new ApiSettings(
                        "127.0.0.1",
                        port,
                        0,
                        URI.create("http://localhost"),
                        "sites.localhost",
                        URI.create("http://sites.localhost:8081"),
                        false),
                state,
                WorkflowClient.newInstance(stubs),
                new SystemInfo(
                        "0.1.0-test",
                        embedded,
                        null,
                        embedded,
                        embedded,
                        embedded,
                        () -> new SystemInfo.Builds("process", null, true, "A sandbox", 2)));
        backends.closeAtExit(() -> {
            server.close();
            stubs.shutdownNow();
        });
    }

    URI at(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    HttpResponse<String> get(String path) {
        try {
            return http.send(
                    HttpRequest.newBuilder(at(path))
                            .timeout(Duration.ofSeconds(30))
                            .build(),
                    BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A deployment that builds. */
    String building() {
        var id = Long.toString(IDS.incrementAndGet(), 36);
        var eight = id.substring(Math.max(0, id.length() - 8));
        state.deployments()
                .insert(new Deployment(
                        eight,
                        new Slug("storefront"),
                        Environment.PREVIEW,
                        DeploymentStatus.QUEUED,
                        Trigger.API,
                        new GitSource("https://github.com/haven/storefront", "main"),
                        BuildSettings.DETECTED,
                        1,
                        null,
                        null,
                        null,
                        null,
                        Instant.now(),
                        null,
                        List.of(),
                        null,
                        null,
                        null,
                        null,
                        0));
        state.deployments().adopt(eight, null, "run");
        state.deployments().enter(eight, "run", DeploymentStatus.BUILDING, Checkpoint.NONE);
        tell(eight, new StatusChanged(Instant.now(), DeploymentStatus.BUILDING, null));
        return eight;
    }

    void step(String id, Step step, StepRun.State how, Instant started, @Nullable Instant ended) {
        tell(id, new StepChanged(Instant.now(), new StepRun(step, how, 1, started, ended)));
    }

    /** Goes on with the log. */
    void print(String id, Step step, int count, LongFunction<String> text) {
        var last = state.timeline().lastLine(id);
        for (long from = last + 1; from <= last + count; from += 500) {
            var to = Math.min(last + count, from + 499);
            state.timeline()
                    .append(
                            id,
                            LongStream.rangeClosed(from, to)
                                    .mapToObj(n -> line(n, step, text.apply(n)))
                                    .toList());
        }
        state.bus().nudge(id);
    }

    private static LogLine line(long n, Step step, String text) {
        var level = text.contains("ERROR") ? Level.error : text.contains("WARN") ? Level.warn : Level.info;
        var at = Instant.parse("2026-03-12T14:04:06.512Z").plusMillis(n * 7);
        return new LogLine(at, n, step, "stdout", text, level);
    }

    /** Retries it. */
    void again(String id) {
        state.deployments().reopen(id, BuildSettings.DETECTED, Checkpoint.NONE);
        tell(id, new StatusChanged(Instant.now(), DeploymentStatus.QUEUED, null));
        state.deployments().adopt(id, null, "run");
        state.deployments().enter(id, "run", DeploymentStatus.BUILDING, Checkpoint.NONE);
    }

    void end(String id, Outcome outcome) {
        state.deployments().finish(id, "run", outcome, Checkpoint.NONE, null, Instant.now());
        var failure = outcome instanceof Outcome.Failed failed ? failed.failure() : null;
        tell(id, new StatusChanged(Instant.now(), outcome.status(), failure));
    }

    private void tell(String id, DeploymentEvent event) {
        state.timeline().append(id, List.of(event));
        state.bus().nudge(id);
    }
}
