package codehaven.api;

import codehaven.state.State;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.temporal.client.WorkflowClient;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.StandardEnvironment;

/** The REST server, from start to stop. What it is given stays open when it closes. */
public final class ApiServer implements AutoCloseable {

    private final ConfigurableApplicationContext context;
    private final MetricsServer metrics;

    private ApiServer(ConfigurableApplicationContext context, MetricsServer metrics) {
        this.context = context;
        this.metrics = metrics;
    }

    /**
     * Starts it; when this returns, it answers.
     *
     * @param client for the namespace in which deployments run
     * @throws CannotStart with one sentence for the person who starts it
     */
    public static ApiServer start(ApiSettings settings, State state, WorkflowClient client, SystemInfo info) {
        checkFree(settings);
        var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        var metrics = MetricsServer.start(settings.metricsPort(), registry);
        try {
            var application = new SpringApplication(ApiApplication.class);
            application.setWebApplicationType(WebApplicationType.SERVLET);
            application.setBannerMode(Banner.Mode.OFF);
            application.setLogStartupInfo(false);
            application.setRegisterShutdownHook(false);
            application.setAddCommandLineProperties(false);
            application.setEnvironment(new OwnEnvironment(properties(settings)));
            application.addInitializers(context -> {
                var beans = (GenericApplicationContext) context;
                give(beans, ApiSettings.class, settings);
                give(beans, SystemInfo.class, info);
                give(beans, State.class, state);
                give(beans, WorkflowClient.class, client);
                give(beans, PrometheusMeterRegistry.class, registry);
            });
            return new ApiServer(application.run(), metrics);
        } catch (RuntimeException e) {
            metrics.close();
            throw cannotStart(e, settings);
        }
    }

    /** The instance stays ours: without a destroy method of its own name, Spring would close what can be closed. */
    private static <T> void give(GenericApplicationContext beans, Class<T> type, T instance) {
        beans.registerBean(type, () -> instance, definition -> definition.setDestroyMethodName(""));
    }

    /** Where it listens. */
    public int port() {
        var server = ((WebServerApplicationContext) context).getWebServer();
        return Objects.requireNonNull(server, "a running server").getPort();
    }

    /** Where {@code GET /metrics} is answered. */
    public int metricsPort() {
        return metrics.port();
    }

    /** Ends streams, lets other requests finish within a few seconds, and stops. */
    @Override
    public void close() {
        context.close();
        metrics.close();
    }

    private static Map<String, Object> properties(ApiSettings settings) {
        var all = new HashMap<String, Object>();
        all.put("server.address", settings.address());
        all.put("server.port", settings.port());
        all.put("server.shutdown", "graceful");
        all.put("spring.lifecycle.timeout-per-shutdown-phase", "5s");
        all.put("spring.threads.virtual.enabled", true);
        all.put("server.servlet.register-default-servlet", false);
        all.put("server.forward-headers-strategy", "none");
        all.put("server.tomcat.max-swallow-size", "64MB");
        all.put("spring.mvc.log-resolved-exception", false);
        all.put("spring.servlet.multipart.enabled", false);
        all.put("spring.web.resources.add-mappings", true);
        all.put("spring.jackson.deserialization.fail-on-unknown-properties", true);
        all.put("spring.jackson.default-property-inclusion", "non_null");
        // It warns of bodies that are read field by field, whose form is described beside them.
        all.put("logging.level.org.springdoc.core.utils.SpringDocAnnotationsUtils", "error");
        all.put("springdoc.api-docs.enabled", true);
        all.put("springdoc.swagger-ui.enabled", true);
        all.put("springdoc.api-docs.path", "/v1/openapi.json");
        all.put("springdoc.swagger-ui.path", "/docs");
        all.put("springdoc.swagger-ui.validator-url", "none");
        all.put("springdoc.packages-to-scan", "codehaven.api");
        all.put("springdoc.override-with-generic-response", false);
        return all;
    }

    /** Before anything is started and has to be taken down again, with all it has to say about that. */
    private static void checkFree(ApiSettings settings) {
        try (var probe = new ServerSocket()) {
            probe.bind(new InetSocketAddress(settings.address(), settings.port()));
        } catch (BindException e) {
            throw inUse(settings, e);
        } catch (IOException e) {
            throw new CannotStart("The server cannot listen at " + settings.address() + ": " + e.getMessage(), e);
        }
    }

    private static CannotStart inUse(ApiSettings settings, Exception thrown) {
        return new CannotStart(
                "Port " + settings.port()
                        + " is in use by another program. Stop that one, or choose another port (0 picks a free one).",
                thrown);
    }

    private static CannotStart cannotStart(RuntimeException thrown, ApiSettings settings) {
        for (@Nullable Throwable each = thrown; each != null; each = each.getCause()) {
            if (each instanceof PortInUseException) {
                return inUse(settings, thrown);
            }
        }
        return new CannotStart("The server could not start: " + thrown.getMessage(), thrown);
    }

    /** The server cannot start; the message is for the person who starts it. */
    public static final class CannotStart extends RuntimeException {
        CannotStart(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** Only our own settings count: no variable of the machine and no file in the current folder changes the server. */
    private static final class OwnEnvironment extends StandardEnvironment {
        OwnEnvironment(Map<String, Object> properties) {
            properties.put("spring.config.location", "optional:classpath:/codehaven-api/");
            getPropertySources().addFirst(new MapPropertySource("codehaven", properties));
        }

        @Override
        protected void customizePropertySources(MutablePropertySources sources) {
            // Neither System.getProperties() nor System.getenv().
        }
    }
}
