package codehaven.dev;

import io.grpc.StatusRuntimeException;
import io.temporal.api.enums.v1.IndexedValueType;
import io.temporal.api.operatorservice.v1.AddSearchAttributesRequest;
import io.temporal.api.operatorservice.v1.ListSearchAttributesRequest;
import io.temporal.api.operatorservice.v1.OperatorServiceGrpc;
import io.temporal.api.workflowservice.v1.DescribeNamespaceRequest;
import io.temporal.api.workflowservice.v1.ListWorkflowExecutionsRequest;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.testserver.TestServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A Temporal server for one machine: the real development server on a SQLite file with its Web UI, as a child process; only
 * where that cannot be had, the SDK's in-process test server, which says what it lacks.
 */
public final class DevTemporal implements AutoCloseable {
    /** What answers. */
    public enum Kind {
        /** The real server: durable, with the Web UI. */
        REAL,
        /** The SDK's test server inside this process: nothing is kept, and much is missing. */
        IN_PROCESS
    }

    /**
     * How it is to be started.
     *
     * @param directory where its database and log live
     * @param keywords names of search attributes of type Keyword, registered before it is called ready
     * @param program the {@code temporal} program to use, or null to find or get one
     * @param port the gRPC port, 0 for a free one; one that is taken is replaced by a free one when {@code movable}
     * @param uiPort the Web UI's port, 0 for a free one; likewise
     * @param movable whether a taken port is replaced rather than an error
     * @param progress takes lines for a person, when getting the program takes a while or fails
     */
    public record Plan(
            Path directory,
            List<String> keywords,
            @Nullable Path program,
            int port,
            int uiPort,
            boolean movable,
            Consumer<String> progress) {
        public Plan {
            keywords = List.copyOf(keywords);
            for (String keyword : keywords) {
                if (!keyword.matches("[A-Za-z][A-Za-z0-9_]*")) {
                    throw new IllegalArgumentException("Not a search attribute's name: " + keyword);
                }
            }
        }

        /** Any free ports, the program found by itself, nothing told. */
        public static Plan of(Path directory, Collection<String> keywords) {
            return new Plan(directory, List.copyOf(keywords), null, 0, 0, true, line -> {});
        }

        /** The ports that people know, 7233 and 8233, or free ones where those are taken. */
        public Plan withUsualPorts() {
            return new Plan(directory, keywords, program, 7233, 8233, true, progress);
        }

        public Plan withProgram(@Nullable Path other) {
            return new Plan(directory, keywords, other, port, uiPort, movable, progress);
        }

        public Plan withProgress(Consumer<String> other) {
            return new Plan(directory, keywords, program, port, uiPort, movable, other);
        }
    }

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String NAMESPACE = "default";

    private final Kind kind;
    private final int port;
    private final @Nullable Integer uiPort;
    private final List<String> keywords;
    private final @Nullable Child child;
    private TestServer.@Nullable PortBoundTestServer inProcess;

    private DevTemporal(Kind kind, int port, @Nullable Integer uiPort, List<String> keywords, @Nullable Child child) {
        this.kind = kind;
        this.port = port;
        this.uiPort = uiPort;
        this.keywords = keywords;
        this.child = child;
    }

    /** Starts one on free ports, with its database in the directory. */
    public static DevTemporal start(Path directory, Collection<String> keywords)
            throws IOException, InterruptedException {
        return start(Plan.of(directory, keywords));
    }

    /** Starts one and waits until the namespace {@code default} and its search attributes can be used. */
    public static DevTemporal start(Plan plan) throws IOException, InterruptedException {
        Optional<Path> program = TemporalProgram.obtain(plan.program(), plan.progress());
        if (program.isEmpty()) {
            return startInProcess(plan);
        }
        Child child = Child.claim("temporal", plan.directory());
        for (int attempt = 1; ; attempt++) {
            try {
                int port = choose(plan.port(), plan.movable());
                int uiPort = choose(plan.uiPort(), plan.movable());
                child.start(
                        command(program.get(), port, uiPort, plan.keywords()),
                        () -> trouble(port, plan.keywords()),
                        PATIENCE);
                return new DevTemporal(Kind.REAL, port, uiPort, plan.keywords(), child);
            } catch (IOException e) {
                if (!plan.movable() || attempt == 3) {
                    child.close();
                    throw e; // with a port of our choice, another program may have been faster
                }
            } catch (InterruptedException | RuntimeException e) {
                child.close();
                throw e;
            }
        }
    }

    private static int choose(int wished, boolean movable) throws IOException {
        return movable || wished == 0 ? Ports.wishedOrFree(wished) : wished;
    }

    private static List<String> command(Path program, int port, int uiPort, List<String> keywords) {
        List<String> command = new ArrayList<>(List.of(
                program.toString(),
                "server",
                "start-dev",
                "--ip",
                "127.0.0.1",
                "--port",
                Integer.toString(port),
                "--ui-port",
                Integer.toString(uiPort),
                "--db-filename",
                "temporal.db",
                // As durable as SQLite's usual journal, for fewer writes.
                "--sqlite-pragma",
                "journal_mode=WAL",
                "--log-level",
                "error",
                "--color",
                "never",
                "--dynamic-config-value",
                "system.forceSearchAttributesCacheRefreshOnRead=true"));
        for (String keyword : keywords) {
            command.add("--search-attribute");
            command.add(keyword + "=Keyword");
        }
        return command;
    }

    static DevTemporal startInProcess(Plan plan) throws IOException {
        plan.progress()
                .accept(
                        "WARNING: no Temporal server can be had here, so a test server inside this program stands in for it."
                                + " It lacks: persistence (what runs is lost at the end), lists by query, reset, schedules, the Web"
                                + " UI; and a cancellation that races with the end of a step can hang. Set CODEHAVEN_TEMPORAL_CLI to"
                                + " a \"temporal\" program, or CODEHAVEN_TEMPORAL to a server.");
        int port = choose(plan.port(), plan.movable());
        DevTemporal temporal = new DevTemporal(Kind.IN_PROCESS, port, null, plan.keywords(), null);
        temporal.open();
        return temporal;
    }

    private void open() {
        // Locked time skipping: timers last as long as they say.
        inProcess = TestServer.createPortBoundServer(port, true);
        register(port, keywords);
    }

    /** {@code 127.0.0.1:port}, for gRPC. */
    public String address() {
        return "127.0.0.1:" + port;
    }

    /** Where a browser finds the Web UI; absent for the in-process server. */
    public Optional<URI> uiAddress() {
        return Optional.ofNullable(uiPort).map(number -> URI.create("http://127.0.0.1:" + number));
    }

    public Kind kind() {
        return kind;
    }

    /** Takes it away; {@link #start()} brings it back on the same port, the real one with everything it knew. */
    public synchronized void stop() {
        if (child != null) {
            child.stop();
        }
        TestServer.PortBoundTestServer running = inProcess;
        inProcess = null;
        if (running != null) {
            running.close();
        }
    }

    /** Brings it back after {@link #stop()}. */
    public synchronized void start() throws IOException, InterruptedException {
        if (child != null) {
            child.start();
        } else if (inProcess == null) {
            open();
        }
    }

    /** Whether it can be used now; one that died is brought back within a few seconds. */
    public boolean serves() {
        return trouble(port, keywords).isEmpty();
    }

    /** The process id of the real server. */
    public long pid() {
        if (child == null) {
            throw new IllegalStateException("The in-process server has no process of its own");
        }
        return child.pid();
    }

    @Override
    public void close() {
        stop();
        if (child != null) {
            child.close();
        }
    }

    private static void register(int port, List<String> keywords) {
        WorkflowServiceStubs service = connect(port);
        try {
            AddSearchAttributesRequest.Builder request =
                    AddSearchAttributesRequest.newBuilder().setNamespace(NAMESPACE);
            for (String keyword : keywords) {
                request.putSearchAttributes(keyword, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD);
            }
            OperatorServiceGrpc.newBlockingStub(service.getRawChannel()).addSearchAttributes(request.build());
        } finally {
            service.shutdownNow();
        }
    }

    private static WorkflowServiceStubs connect(int port) {
        return WorkflowServiceStubs.newServiceStubs(WorkflowServiceStubsOptions.newBuilder()
                .setTarget("127.0.0.1:" + port)
                .build());
    }

    /** Why a workflow cannot be started and found yet; empty when it can. */
    private static Optional<String> trouble(int port, List<String> keywords) {
        if (!Programs.listens(port)) {
            // Cheaper than a gRPC channel, whose next try would be a second away.
            return Optional.of("nobody listens on port " + port);
        }
        WorkflowServiceStubs service = connect(port);
        try {
            service.blockingStub()
                    .withDeadlineAfter(5, TimeUnit.SECONDS)
                    .describeNamespace(DescribeNamespaceRequest.newBuilder()
                            .setNamespace(NAMESPACE)
                            .build());
            Set<String> known = OperatorServiceGrpc.newBlockingStub(service.getRawChannel())
                    .withDeadlineAfter(5, TimeUnit.SECONDS)
                    .listSearchAttributes(ListSearchAttributesRequest.newBuilder()
                            .setNamespace(NAMESPACE)
                            .build())
                    .getCustomAttributesMap()
                    .keySet();
            for (String keyword : keywords) {
                if (!known.contains(keyword)) {
                    return Optional.of("the search attribute " + keyword + " is not registered");
                }
            }
            if (!keywords.isEmpty()) {
                // In backticks, for some words ("Trigger") have a meaning in its query language.
                service.blockingStub()
                        .withDeadlineAfter(5, TimeUnit.SECONDS)
                        .listWorkflowExecutions(ListWorkflowExecutionsRequest.newBuilder()
                                .setNamespace(NAMESPACE)
                                .setPageSize(1)
                                .setQuery("`" + keywords.getLast() + "` = 'none'")
                                .build());
            }
            return Optional.empty();
        } catch (StatusRuntimeException e) {
            return Optional.of(e.getStatus().toString());
        } finally {
            service.shutdownNow();
        }
    }
}
