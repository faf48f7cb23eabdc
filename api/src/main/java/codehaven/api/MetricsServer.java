package codehaven.api;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

/** {@code GET /metrics} on a loopback port of its own, in Prometheus' text form. */
final class MetricsServer implements AutoCloseable {

    private final HttpServer http;
    private final JvmGcMetrics collections = new JvmGcMetrics();
    private final PrometheusMeterRegistry registry;

    private MetricsServer(HttpServer http, PrometheusMeterRegistry registry) {
        this.http = http;
        this.registry = registry;
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        collections.bindTo(registry);
        http.createContext("/", this::answer);
        http.start();
    }

    static MetricsServer start(int port, PrometheusMeterRegistry registry) {
        try {
            var at = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
            return new MetricsServer(HttpServer.create(at, 0), registry);
        } catch (BindException e) {
            throw new ApiServer.CannotStart(
                    "Port " + port
                            + " for metrics is in use by another program. Stop that one, or choose another port (0 picks a free one).",
                    e);
        } catch (IOException e) {
            throw new ApiServer.CannotStart("Metrics cannot be offered at port " + port + ": " + e.getMessage(), e);
        }
    }

    int port() {
        return http.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            var found = exchange.getRequestURI().getPath().equals("/metrics");
            var readable = exchange.getRequestMethod().equals("GET");
            var text = found && readable ? registry.scrape() : "Only GET /metrics is here.\n";
            var body = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
            exchange.sendResponseHeaders(!found ? 404 : readable ? 200 : 405, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    @Override
    public void close() {
        http.stop(0);
        collections.close();
        registry.close();
    }
}
