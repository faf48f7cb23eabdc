package codehaven.api;

import codehaven.dev.DevMongo;
import codehaven.dev.DevRedis;
import codehaven.dev.DevS3;
import codehaven.dev.DevTemporal;
import codehaven.state.State;
import codehaven.state.StateSettings;
import codehaven.workflows.BuildAndPublish;
import codehaven.workflows.LookAtRepository;
import codehaven.workflows.SearchAttributes;
import codehaven.workflows.TaskQueues;
import io.temporal.client.WorkflowClient;
import io.temporal.common.SearchAttributeKey;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The server on real backends, started once for all tests, with a worker whose steps are {@link FakeSteps}. */
final class Installation {

    private static @org.jspecify.annotations.Nullable Installation running;

    final DevMongo mongo;
    final DevRedis redis;
    final DevTemporal temporal;
    final State state;
    final WorkflowClient client;
    final FakeSteps steps;
    final WorkerFactory workers;
    final ApiServer server;
    final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    final JsonMapper json = JsonMapper.shared();

    static synchronized Installation get() {
        if (running == null) {
            try {
                running = new Installation(Files.createTempDirectory("codehaven-api"));
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        return running;
    }

    private Installation(Path directory) throws IOException, InterruptedException {
        var keywords =
                SearchAttributes.ALL.stream().map(SearchAttributeKey::getName).toList();
        var starting = CompletableFuture.supplyAsync(() -> {
            try {
                return DevTemporal.start(Files.createDirectories(directory.resolve("temporal")), keywords);
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        mongo = DevMongo.start(Files.createDirectories(directory.resolve("mongo")));
        redis = DevRedis.start(Files.createDirectories(directory.resolve("redis")));
        var s3 = DevS3.start(Files.createDirectories(directory.resolve("s3")), "test", "test-secret");
        state = State.open(new StateSettings(
                mongo.uri("codehaven"),
                redis.uri(),
                s3.endpoint(),
                "us-east-1",
                "codehaven",
                s3.accessKey(),
                s3.secretKey(),
                Base64.getEncoder().encodeToString(new byte[32])));
        temporal = starting.join();
        var stubs = WorkflowServiceStubs.newServiceStubs(WorkflowServiceStubsOptions.newBuilder()
                .setTarget(temporal.address())
                .build());
        client = WorkflowClient.newInstance(stubs);
        steps = new FakeSteps(state);
        workers = WorkerFactory.newInstance(client);
        var options = WorkerOptions.newBuilder()
                .setMaxHeartbeatThrottleInterval(Duration.ofMillis(500))
                .setDefaultDeadlockDetectionTimeout(10_000)
                .build();
        var deployments = workers.newWorker(TaskQueues.DEPLOYMENTS, options);
        deployments.registerWorkflowImplementationTypes(BuildAndPublish.class, LookAtRepository.class);
        deployments.registerActivitiesImplementations(steps);
        workers.newWorker(TaskQueues.BUILDS, options).registerActivitiesImplementations(steps);
        workers.start();
        server = ApiServer.start(settings(0), state, client, info());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            server.close();
            workers.shutdownNow();
            state.close();
            stubs.shutdownNow();
            temporal.close();
            s3.close();
            redis.close();
            mongo.close();
        }));
    }

    static ApiSettings settings(int port) {
        return new ApiSettings(
                "127.0.0.1",
                port,
                0,
                URI.create("https://haven.example"),
                "sites.localhost",
                URI.create("http://sites.localhost:8081"),
                false);
    }

    SystemInfo info() {
        return new SystemInfo(
                "0.1.0-test",
                new SystemInfo.Backend(temporal.address(), true),
                temporal.uiAddress().orElse(null),
                new SystemInfo.Backend("mongo", true),
                new SystemInfo.Backend("redis", true),
                new SystemInfo.Backend("s3", true),
                () -> new SystemInfo.Builds("process", null, true, "A sandbox", 2));
    }

    URI at(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path);
    }

    /** An answer, its body read as JSON where it has one. */
    record Answer(int status, JsonNode body, HttpResponse<String> raw) {
        String text(String pointer) {
            return body.at(pointer).asString("");
        }
    }

    Answer get(String path) {
        return send(HttpRequest.newBuilder(at(path)));
    }

    Answer post(String path, String body, String... headers) {
        var request = HttpRequest.newBuilder(at(path))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body));
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    Answer send(String method, String path, String body) {
        return send(HttpRequest.newBuilder(at(path))
                .header("Content-Type", "application/json")
                .method(method, BodyPublishers.ofString(body)));
    }

    Answer send(HttpRequest.Builder request) {
        try {
            var raw = http.send(request.timeout(Duration.ofSeconds(30)).build(), BodyHandlers.ofString());
            var type = raw.headers().firstValue("Content-Type").orElse("");
            var body = type.contains("json") ? json.readTree(raw.body()) : json.nullNode();
            return new Answer(raw.statusCode(), body, raw);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Deploys and gives the id. */
    String deploy(String repository, String ref) {
        var answer = post("/v1/deployments", "{\"repository\":\"" + repository + "\",\"ref\":\"" + ref + "\"}");
        if (answer.status() != 202) {
            throw new AssertionError(answer.raw().body());
        }
        return answer.text("/id");
    }

    /** Waits until the deployment is as wanted, at most two minutes. */
    JsonNode await(String id, Predicate<JsonNode> wanted) {
        var deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (true) {
            var body = get("/v1/deployments/" + id).body();
            if (wanted.test(body)) {
                return body;
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError("it stays " + body);
            }
            pause();
        }
    }

    JsonNode awaitStatus(String id, String status) {
        return await(id, body -> body.at("/status").asString("").equals(status));
    }

    static void pause() {
        try {
            Thread.sleep(50);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
