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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.AotDetector;
import org.springframework.beans.factory.aot.BeanRegistrationAotProcessor;
import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.SpringProperties;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.util.ClassUtils;

/** The REST server, from start to stop. What it is given stays open when it closes. */
public final class ApiServer implements AutoCloseable {

    /** What the build writes, see {@link ApiApplication#main()}; not there in tests of this module. */
    private static final String PREPARED = ApiApplication.class.getName() + "__ApplicationContextInitializer";

    private static final List<Class<?>> GIVEN = List.of(
            ApiSettings.class, SystemInfo.class, State.class, WorkflowClient.class, PrometheusMeterRegistry.class);

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
            Map<Class<?>, Object> given = Map.of(
                    ApiSettings.class, settings,
                    SystemInfo.class, info,
                    State.class, state,
                    WorkflowClient.class, client,
                    PrometheusMeterRegistry.class, registry);
            if (ClassUtils.isPresent(PREPARED, null)) {
                SpringProperties.setFlag(AotDetector.AOT_ENABLED);
            }
            var application = application(settings.address(), settings.port(), given);
            return new ApiServer(application.run(), metrics);
        } catch (RuntimeException e) {
            metrics.close();
            throw cannotStart(e, settings);
        }
    }

    /**
     * Before it runs.
     *
     * @param given an instance of each type in {@link #GIVEN}; none where the application is prepared, not run
     */
    static SpringApplication application(String address, int port, Map<Class<?>, Object> given) {
        var application = new SpringApplication(ApiApplication.class);
        application.setMainApplicationClass(ApiApplication.class);
        application.setWebApplicationType(WebApplicationType.SERVLET);
        application.setBannerMode(Banner.Mode.OFF);
        application.setLogStartupInfo(false);
        application.setRegisterShutdownHook(false);
        application.setAddCommandLineProperties(false);
        application.setEnvironment(new OwnEnvironment(properties(address, port)));
        application.addInitializers(
                context -> GIVEN.forEach(type -> give((GenericApplicationContext) context, type, given)));
        return application;
    }

    private static <T> void give(GenericApplicationContext beans, Class<T> type, Map<Class<?>, Object> given) {
        beans.registerBean(type, () -> type.cast(Objects.requireNonNull(given.get(type), type.getName())), bean -> {
            // The instance stays ours: without a destroy method of its own name, Spring would close what can be closed.
            bean.setDestroyMethodName("");
            // Conditions see it when the application is prepared, but it is given anew at each start.
            bean.setAttribute(BeanRegistrationAotProcessor.IGNORE_REGISTRATION_ATTRIBUTE, true);
        });
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

    private static Map<String, Object> properties(String address, int port) {
        var all = new HashMap<String, Object>();
        all.put("server.address", address);
        all.put("server.port", port);
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
