import codehaven.dev.DevStack;
import codehaven.edge.EdgeServer;
import codehaven.edge.EdgeSettings;
import codehaven.model.Host;
import codehaven.model.Site;
import codehaven.model.Slug;
import codehaven.model.Target;
import codehaven.state.Blobs;
import codehaven.state.State;
import codehaven.state.StateSettings;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.regex.Pattern;

/** Measures the edge's proxy beside nginx, in front of the same app, in turns: see README.md beside this file. */
final class Proxy {

    private static final int ROUNDS = 5;
    private static final int SECONDS = 8;
    private static final Pattern RATE = Pattern.compile("Requests/sec:\\s+([\\d.]+)");
    private static final Pattern LATENCY = Pattern.compile("(50|99)%\\s+([\\d.]+)(us|ms|s)");
    private static final Pattern ERRORS = Pattern.compile("(Socket errors:.*|Non-2xx.*)");

    private static final String APP = """
            const { createServer } = require('node:http');
            const small = Buffer.alloc(1024, 'a');
            const large = Buffer.alloc(256 * 1024, 'b');
            createServer((request, response) => {
              request.resume();
              response.setHeader('content-type', 'text/plain');
              response.end(request.url === '/large' ? large : small);
            }).listen(Number(process.argv[2]), '127.0.0.1');
            """;

    private static final String NGINX = """
            daemon off;
            worker_processes auto;
            pid %1$s/nginx.pid;
            error_log %1$s/error.log;
            events { worker_connections 4096; }
            http {
              access_log off;
              client_body_temp_path %1$s/body; proxy_temp_path %1$s/proxy; fastcgi_temp_path %1$s/f;
              uwsgi_temp_path %1$s/u; scgi_temp_path %1$s/s;
              upstream app { server 127.0.0.1:%2$d; keepalive 256; }
              server {
                listen 127.0.0.1:%3$d;
                location / {
                  proxy_pass http://app;
                  proxy_http_version 1.1;
                  proxy_set_header Connection "";
                  proxy_set_header Host $host;
                  proxy_set_header X-Forwarded-For $remote_addr;
                  proxy_set_header X-Forwarded-Proto $scheme;
                }
              }
            }
            """;

    public static void main(String[] arguments) throws Exception {
        System.setProperty("logging.level.root", "warn");
        var data = Files.createTempDirectory("codehaven-bench");
        var app = free();
        var nginx = free();
        var program = data.resolve("app.cjs");
        Files.writeString(program, APP);
        Files.writeString(data.resolve("nginx.conf"), NGINX.formatted(data, app, nginx));
        var processes = new ArrayList<Process>();
        try (var stack = DevStack.start(DevStack.Plan.everything(data.resolve("stack"), List.of()));
                var state = State.open(new StateSettings(
                        stack.mongo().uri("codehaven"),
                        stack.redis().uri(),
                        stack.s3().endpoint(),
                        "us-east-1",
                        "codehaven",
                        stack.s3().accessKey(),
                        stack.s3().secretKey(),
                        Base64.getEncoder().encodeToString(new byte[32])))) {
            processes.add(started("node", program.toString(), String.valueOf(app)));
            processes.add(started("nginx", "-p", data.toString(), "-c", data.resolve("nginx.conf").toString()));
            await(app);
            await(nginx);
            state.sites().point(site(state, "127.0.0.1:" + app));
            try (var edge = EdgeServer.start(EdgeSettings.of("127.0.0.1", 0, data.resolve("edge")), () -> state)) {
                var addresses = new LinkedHashMap<String, String>();
                addresses.put("the app itself", "http://127.0.0.1:" + app);
                addresses.put("nginx", "http://127.0.0.1:" + nginx);
                addresses.put("the edge", "http://127.0.0.1:" + edge.port());
                for (var path : List.of("/", "/large")) {
                    compare(path, addresses);
                }
            }
        } finally {
            processes.forEach(Process::destroy);
        }
        System.exit(0);
    }

    private static void compare(String path, LinkedHashMap<String, String> addresses) throws Exception {
        System.out.printf("%n  GET %s (%s), 64 connections%n", path, path.equals("/") ? "1 KiB" : "256 KiB");
        System.out.printf("  %-20s %12s %10s %10s%n", "", "requests/s", "p50 ms", "p99 ms");
        var rates = new LinkedHashMap<String, double[]>();
        var latencies = new LinkedHashMap<String, double[][]>();
        addresses.forEach((name, _) -> {
            rates.put(name, new double[ROUNDS]);
            latencies.put(name, new double[2][ROUNDS]);
        });
        // The first round warms up and is not counted.
        for (var round = -1; round < ROUNDS; round++) {
            for (var each : addresses.entrySet()) {
                var output = wrk(each.getValue() + path);
                var errors = ERRORS.matcher(output);
                if (errors.find()) {
                    System.out.println("  " + each.getKey() + ": " + errors.group(1));
                }
                if (round >= 0) {
                    rates.get(each.getKey())[round] = rate(output);
                    latencies.get(each.getKey())[0][round] = latency(output, "50");
                    latencies.get(each.getKey())[1][round] = latency(output, "99");
                }
            }
        }
        rates.forEach((name, all) -> System.out.printf(
                "  %-20s %,12.0f %10.2f %10.2f%n",
                name, median(all), median(latencies.get(name)[0]), median(latencies.get(name)[1])));
        System.out.printf(
                "  the edge / nginx     %12.2f  (requests per second; more is better)%n",
                median(rates.get("the edge")) / median(rates.get("nginx")));
    }

    private static String wrk(String url) throws IOException, InterruptedException {
        var process = new ProcessBuilder(
                        "wrk", "-t", "1", "-c", "64", "-d", SECONDS + "s", "--latency", "-H", "Host: bench.sites.localhost", url)
                .redirectErrorStream(true)
                .start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output;
    }

    private static double rate(String output) {
        var found = RATE.matcher(output);
        if (!found.find()) {
            throw new IllegalStateException("wrk said: " + output);
        }
        return Double.parseDouble(found.group(1));
    }

    private static double latency(String output, String percent) {
        var found = LATENCY.matcher(output);
        while (found.find()) {
            if (found.group(1).equals(percent)) {
                var value = Double.parseDouble(found.group(2));
                return switch (found.group(3)) {
                    case "us" -> value / 1_000;
                    case "ms" -> value;
                    default -> value * 1_000;
                };
            }
        }
        throw new IllegalStateException("wrk said: " + output);
    }

    private static double median(double[] figures) {
        var sorted = figures.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static Site site(State state, String address) throws Exception {
        var manifest = "{\"deployment\":\"bench000\",\"files\":{},\"spa\":false,\"cleanUrls\":false}"
                .getBytes(StandardCharsets.UTF_8);
        var digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(manifest));
        state.blobs().put(Blobs.blob(digest), manifest);
        return new Site(
                new Host("bench.sites.localhost"),
                new Slug("bench"),
                "bench000",
                new Target.Container(digest, List.of(address)),
                1,
                Site.Role.PRODUCTION,
                Instant.now());
    }

    private static Process started(String... command) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static int free() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static void await(int port) throws InterruptedException {
        for (var n = 0; n < 200; n++) {
            try (var socket = new Socket("127.0.0.1", port)) {
                return;
            } catch (IOException e) {
                Thread.sleep(50);
            }
        }
        throw new IllegalStateException("nothing listens on port " + port);
    }
}
