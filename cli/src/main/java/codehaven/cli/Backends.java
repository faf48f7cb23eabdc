package codehaven.cli;

import static codehaven.cli.Setting.MONGODB;
import static codehaven.cli.Setting.REDIS;
import static codehaven.cli.Setting.S3_ACCESS_KEY;
import static codehaven.cli.Setting.S3_BUCKET;
import static codehaven.cli.Setting.S3_ENDPOINT;
import static codehaven.cli.Setting.S3_REGION;
import static codehaven.cli.Setting.S3_SECRET_KEY;
import static codehaven.cli.Setting.SECRET_KEY;
import static codehaven.cli.Setting.TEMPORAL;
import static codehaven.cli.Setting.TEMPORAL_API_KEY;
import static codehaven.cli.Setting.TEMPORAL_NAMESPACE;
import static codehaven.cli.Setting.TEMPORAL_TLS;

import codehaven.state.StateSettings;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.net.URI;
import java.time.Duration;
import java.util.Base64;
import java.util.List;

/** What the settings say of the backends, checked before anything is opened. */
final class Backends {

    private static final List<Setting> S3 = List.of(S3_ENDPOINT, S3_REGION, S3_BUCKET, S3_ACCESS_KEY, S3_SECRET_KEY);

    private Backends() {}

    /** Whether S3 is somewhere else; then all that it needs must be named. */
    static boolean s3Given(Settings settings) {
        return S3.stream().anyMatch(settings::has);
    }

    /**
     * @throws WrongSetting for the first setting that is missing or malformed
     */
    static StateSettings state(Settings settings, String role) {
        var mongodb = settings.required(MONGODB, role);
        if (!mongodb.startsWith("mongodb://") && !mongodb.startsWith("mongodb+srv://")) {
            throw settings.wrong(MONGODB, "begins with mongodb:// or mongodb+srv://");
        }
        settings.required(REDIS, role);
        settings.uri(REDIS, "redis", "rediss");
        var secret = settings.required(SECRET_KEY, role);
        try {
            if (Base64.getDecoder().decode(secret).length != 32) {
                throw settings.wrong(SECRET_KEY, "is 32 bytes in Base64 (openssl rand -base64 32 makes one)");
            }
        } catch (IllegalArgumentException e) {
            throw settings.wrong(SECRET_KEY, "is 32 bytes in Base64 (openssl rand -base64 32 makes one)");
        }
        return new StateSettings(
                mongodb,
                settings.required(REDIS, role),
                settings.uri(S3_ENDPOINT, "http", "https").orElse(null),
                settings.text(S3_REGION)
                        .orElseGet(() -> settings.has(S3_ENDPOINT) ? "auto" : settings.required(S3_REGION, role)),
                settings.required(S3_BUCKET, role),
                settings.required(S3_ACCESS_KEY, role),
                settings.required(S3_SECRET_KEY, role),
                secret);
    }

    /** The edge decrypts nothing, so it needs no secret key. */
    static StateSettings edgeState(Settings settings) {
        settings.take(SECRET_KEY, Base64.getEncoder().encodeToString(new byte[32]), "the edge");
        return state(settings, "edge");
    }

    /** Connects lazily: what cannot be reached now is waited for with each call. */
    static WorkflowServiceStubs temporal(Settings settings, String role) {
        var address = settings.required(TEMPORAL, role);
        if (!address.matches("[^:/\\s]+:\\d{1,5}|\\[[0-9a-fA-F:]+]:\\d{1,5}")) {
            throw settings.wrong(TEMPORAL, "is HOST:PORT");
        }
        var options =
                WorkflowServiceStubsOptions.newBuilder().setTarget(address).setRpcTimeout(Duration.ofSeconds(10));
        settings.text(TEMPORAL_API_KEY).ifPresent(key -> options.addApiKey(() -> key));
        if (settings.has(TEMPORAL_TLS) ? settings.flag(TEMPORAL_TLS) : settings.has(TEMPORAL_API_KEY)) {
            options.setEnableHttps(true);
        }
        return WorkflowServiceStubs.newServiceStubs(options.build());
    }

    static WorkflowClient client(WorkflowServiceStubs stubs, Settings settings) {
        return WorkflowClient.newInstance(
                stubs,
                WorkflowClientOptions.newBuilder()
                        .setNamespace(settings.text(TEMPORAL_NAMESPACE).orElse("default"))
                        .build());
    }

    /** An address without what only we may know. */
    static String shown(String address) {
        return address.replaceFirst("//[^@/]*@", "//");
    }

    static String shown(URI address) {
        return shown(address.toString());
    }
}
