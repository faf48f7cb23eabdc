package codehaven.activities.cloning;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** Git's own server, {@code git http-backend}, behind HTTP. */
final class GitProgram implements AutoCloseable {

    private final Path directory;
    private final boolean versionTwo;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    /** How many requests came. */
    final AtomicInteger requests = new AtomicInteger();

    private GitProgram(Path directory, boolean versionTwo) throws IOException {
        this.directory = directory;
        this.versionTwo = versionTwo;
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    /** @param versionTwo whether it speaks version 2 of the protocol, or only 0 as old servers do */
    static GitProgram serve(Path directory, boolean versionTwo) throws IOException {
        return new GitProgram(directory, versionTwo);
    }

    String url(String name) {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/" + name;
    }

    private void answer(HttpExchange exchange) throws IOException {
        requests.incrementAndGet();
        try (exchange) {
            var program = new ProcessBuilder("git", "http-backend").redirectError(ProcessBuilder.Redirect.DISCARD);
            var environment = program.environment();
            environment.put("GIT_PROJECT_ROOT", directory.toString());
            environment.put("GIT_HTTP_EXPORT_ALL", "1");
            environment.put("PATH_INFO", exchange.getRequestURI().getPath());
            environment.put("REQUEST_METHOD", exchange.getRequestMethod());
            environment.put("REMOTE_ADDR", "127.0.0.1");
            put(environment, "QUERY_STRING", exchange.getRequestURI().getQuery());
            put(environment, "CONTENT_TYPE", exchange.getRequestHeaders().getFirst("Content-Type"));
            put(
                    environment,
                    "HTTP_CONTENT_ENCODING",
                    exchange.getRequestHeaders().getFirst("Content-Encoding"));
            put(
                    environment,
                    "GIT_PROTOCOL",
                    versionTwo ? exchange.getRequestHeaders().getFirst("Git-Protocol") : null);
            var process = program.start();
            try (var in = process.getOutputStream()) {
                exchange.getRequestBody().transferTo(in);
            }
            try (var out = process.getInputStream()) {
                var status = 200;
                for (var line = line(out); !line.isEmpty(); line = line(out)) {
                    var colon = line.indexOf(':');
                    var value = line.substring(colon + 1).strip();
                    if (line.startsWith("Status:")) {
                        status = Integer.parseInt(value.substring(0, 3));
                    } else {
                        exchange.getResponseHeaders().set(line.substring(0, colon), value);
                    }
                }
                exchange.sendResponseHeaders(status, 0);
                out.transferTo(exchange.getResponseBody());
            }
        }
    }

    private static void put(
            java.util.Map<String, String> environment, String name, @org.jspecify.annotations.Nullable String value) {
        if (value == null) {
            environment.remove(name);
        } else {
            environment.put(name, value);
        }
    }

    private static String line(InputStream in) throws IOException {
        var line = new java.io.ByteArrayOutputStream();
        for (int each; (each = in.read()) >= 0 && each != '\n'; ) {
            line.write(each);
        }
        return line.toString(StandardCharsets.US_ASCII).strip();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
