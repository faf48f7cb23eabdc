package codehaven.cli;

import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Every setting: an environment variable {@code CODEHAVEN_…}, the same key in the settings file, or a flag. */
enum Setting {
    DATA("DIR", "where everything is kept", null),
    PORT("PORT", "of the dashboard and REST; 0 picks a free one", "8080"),
    EDGE_PORT("PORT", "of the sites; 0 picks a free one", "8081"),
    METRICS_PORT("PORT", "of GET /metrics, on loopback; 0 picks a free one", "0"),
    PUBLIC_URL("URL", "how people reach the dashboard and REST", null),
    SITES_DOMAIN("DOMAIN", "what stands behind the label in the sites' host names", "sites.localhost"),
    SITES_URL("URL", "scheme, domain and port of the sites as visitors see them, when a proxy is in front", null),

    TEMPORAL("HOST:PORT", "a Temporal service; embedded when unset", null),
    TEMPORAL_NAMESPACE("NAME", "the Temporal namespace", "default"),
    TEMPORAL_API_KEY("KEY", "for Temporal Cloud; turns TLS on", null),
    TEMPORAL_TLS("true|false", "whether Temporal is reached over TLS", null),
    TEMPORAL_UI("URL", "where Temporal's Web UI is", null),
    TEMPORAL_CLI("FILE", "a temporal program for the embedded Temporal", null),
    MONGODB("URI", "a MongoDB, with the database's name; embedded when unset", null),
    REDIS("URL", "redis:// or rediss://; embedded when unset", null),
    S3_ENDPOINT("URL", "an S3 service such as R2 or MinIO; embedded when no S3 setting is given", null),
    S3_REGION("REGION", "auto for R2", null),
    S3_BUCKET("BUCKET", "the bucket; made when missing", null),
    S3_ACCESS_KEY("KEY", "", null),
    S3_SECRET_KEY("KEY", "", null),
    SECRET_KEY("BASE64", "32 bytes that encrypt environment variables; up makes one in DIR/secret-key", null),

    DOCKER_HOST("URL", "the Docker engine, such as unix:///var/run/docker.sock", null),
    REGISTRY(
            "HOST",
            "where images of apps are stored; Docker Hub when only a user is set; without, they stay on their Docker engine",
            null),
    REGISTRY_USER("USER", "", null),
    REGISTRY_PASSWORD("PASSWORD", "", null),
    GIT_ALLOW_LOCAL("true|false", "whether Git remotes on loopback, private addresses and file: are allowed", "false"),

    BUILDS("N", "how many builds a worker runs at once", "2"),
    BUILD_MEMORY_MB("MIB", "memory of a build, when its project does not say", "4096"),
    BUILD_CPUS("N", "processors of a build", "2"),
    BUILD_PIDS("N", "processes of a build", "512"),
    BUILD_DISK_MB("MIB", "source, dependencies and output of a build together", "10240"),
    BUILD_SECONDS("S", "time of a build, when its project does not say", "1200"),
    APP_MEMORY_MB("MIB", "memory of an app's container, when its project does not say", "512"),
    APP_CPUS("N", "processors of an app's container, when its project does not say", "1"),
    APP_NETWORKS("RANGE", "private addresses for the apps' own networks, that nothing else uses", "10.208.0.0/12"),
    LOG_MB("MIB", "how much of a deployment's log is kept, beginning and end", "16"),
    REPOSITORY_FILES("N", "how many files a repository may have", "100000"),
    REPOSITORY_MB("MIB", "how large its tree may be", "2048"),
    CLONE_MB("MIB", "how much a clone may transfer", "1024"),
    OUTPUT_FILES("N", "how many files a site may have", "100000"),
    OUTPUT_MB("MIB", "how large they may be together", "4096"),
    EDGE_MEMORY_MB("MIB", "files of sites that the edge keeps in memory", "128"),
    EDGE_DISK_MB("MIB", "files of sites that the edge keeps on disk", "10240");

    static final String PREFIX = "CODEHAVEN_";

    private final String form;
    private final String meaning;
    private final @Nullable String fallback;

    Setting(String form, String meaning, @Nullable String fallback) {
        this.form = form;
        this.meaning = meaning;
        this.fallback = fallback;
    }

    /** The environment variable and the key in the file. */
    String key() {
        return PREFIX + name();
    }

    /** The flag, such as {@code --s3-endpoint}. */
    String flag() {
        return "--" + name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    String form() {
        return form;
    }

    String meaning() {
        return meaning;
    }

    Optional<String> fallback() {
        return Optional.ofNullable(fallback);
    }
}
