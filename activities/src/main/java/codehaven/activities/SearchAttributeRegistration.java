package codehaven.activities;

import codehaven.workflows.SearchAttributes;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.enums.v1.IndexedValueType;
import io.temporal.api.operatorservice.v1.AddSearchAttributesRequest;
import io.temporal.api.operatorservice.v1.ListSearchAttributesRequest;
import io.temporal.client.WorkflowClient;
import io.temporal.common.SearchAttributeKey;
import io.temporal.serviceclient.OperatorServiceStubs;
import io.temporal.serviceclient.OperatorServiceStubsOptions;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sees to it that the namespace knows the search attributes that our workflows set: without them none can start. */
public final class SearchAttributeRegistration {

    private static final Logger LOGGER = LoggerFactory.getLogger(SearchAttributeRegistration.class);

    /** Temporal may be starting beside us. */
    private static final Duration STARTING = Duration.ofSeconds(30);
    /** Servers keep a copy of the list for up to a minute. */
    private static final Duration VISIBLE_WITHIN = Duration.ofSeconds(60);

    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(250);
    private static final int ANSWER_WITHIN_SECONDS = 5;

    private SearchAttributeRegistration() {}

    /**
     * Adds those that are missing and waits until they can be used.
     *
     * @throws IllegalStateException with one sentence that says what to do, if the server does not answer or refuses
     */
    public static void ensure(WorkflowClient client) {
        var namespace = client.getOptions().getNamespace();
        var service = client.getWorkflowServiceStubs();
        var operator = OperatorServiceStubs.newServiceStubs(likewise(service.getOptions()));
        try {
            var missing =
                    untilAnswered(operator, namespace, service.getOptions().getTarget());
            if (missing.isEmpty()) {
                return;
            }
            add(operator, namespace, missing);
            var deadline = System.nanoTime() + VISIBLE_WITHIN.toNanos();
            while (!missing(operator, namespace).isEmpty()) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(
                            "Temporal does not show the search attributes that were added to the" + " namespace '"
                                    + namespace + "': " + String.join(", ", missing) + ".");
                }
                pause();
            }
        } catch (StatusRuntimeException e) {
            switch (e.getStatus().getCode()) {
                case UNIMPLEMENTED -> LOGGER.debug("this Temporal server keeps no list of search attributes", e);
                case PERMISSION_DENIED, UNAUTHENTICATED, UNKNOWN, FAILED_PRECONDITION, INVALID_ARGUMENT ->
                    throw refused(namespace, e);
                default -> throw e;
            }
        } finally {
            operator.shutdownNow();
        }
    }

    /** To the same server, as the same user. */
    private static OperatorServiceStubsOptions likewise(WorkflowServiceStubsOptions options) {
        var same = OperatorServiceStubsOptions.newBuilder();
        same.setTarget(options.getTarget());
        same.setEnableHttps(options.getEnableHttps());
        same.setSslContext(options.getSslContext());
        same.setRpcTimeout(options.getRpcTimeout());
        same.setHeaders(options.getHeaders());
        same.setGrpcMetadataProviders(options.getGrpcMetadataProviders());
        same.setGrpcClientInterceptors(options.getGrpcClientInterceptors());
        same.setChannelInitializer(options.getChannelInitializer());
        return same.validateAndBuildWithDefaults();
    }

    private static Set<String> untilAnswered(OperatorServiceStubs operator, String namespace, String target) {
        var deadline = System.nanoTime() + STARTING.toNanos();
        while (true) {
            try {
                return missing(operator, namespace);
            } catch (StatusRuntimeException e) {
                var code = e.getStatus().getCode();
                var starting = code == Status.Code.UNAVAILABLE || code == Status.Code.DEADLINE_EXCEEDED;
                var away = code == Status.Code.NOT_FOUND;
                if (!starting && !away) {
                    throw e;
                }
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(
                            away
                                    ? "Temporal at " + target + " has no namespace '" + namespace
                                            + "': create it, or set CODEHAVEN_TEMPORAL_NAMESPACE to one that is there."
                                    : "Temporal at " + target
                                            + " (CODEHAVEN_TEMPORAL) does not answer: check the address and that it runs.",
                            e);
                }
            }
            pause();
        }
    }

    private static Set<String> missing(OperatorServiceStubs operator, String namespace) {
        var known = operator.blockingStub()
                .withDeadlineAfter(ANSWER_WITHIN_SECONDS, TimeUnit.SECONDS)
                .listSearchAttributes(ListSearchAttributesRequest.newBuilder()
                        .setNamespace(namespace)
                        .build())
                .getCustomAttributesMap();
        return SearchAttributes.ALL.stream()
                .map(SearchAttributeKey::getName)
                .filter(name -> known.get(name) != IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static void add(OperatorServiceStubs operator, String namespace, Set<String> names) {
        var request = AddSearchAttributesRequest.newBuilder().setNamespace(namespace);
        names.forEach(name -> request.putSearchAttributes(name, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD));
        try {
            var _ = operator.blockingStub()
                    .withDeadlineAfter(ANSWER_WITHIN_SECONDS, TimeUnit.SECONDS)
                    .addSearchAttributes(request.build());
        } catch (StatusRuntimeException e) {
            // Another of our processes did it at the same moment.
            if (e.getStatus().getCode() != Status.Code.ALREADY_EXISTS) {
                throw e;
            }
        }
    }

    private static IllegalStateException refused(String namespace, StatusRuntimeException e) {
        var names =
                SearchAttributes.ALL.stream().map(SearchAttributeKey::getName).toList();
        return new IllegalStateException(
                "Temporal refuses to add search attributes to the namespace '" + namespace + "' ("
                        + e.getStatus().getCode() + "): add " + String.join(", ", names)
                        + " there, each of type Keyword, with `temporal operator search-attribute create`, or in"
                        + " Temporal Cloud with `tcld namespace search-attributes add` or the web page of the namespace.",
                e);
    }

    private static void pause() {
        try {
            Thread.sleep(BETWEEN_LOOKS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for Temporal", e);
        }
    }
}
