package codehaven.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Visitors of an app, on loopback: short requests, one of three seconds each second, four streams and four WebSockets
 * that are always open. Whatever does not end as it should is a failure.
 */
final class Load implements AutoCloseable {

    /** As many short requests are under way at most. */
    static final int SENDERS = 20;

    private final URI site;
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final AtomicLong answers = new AtomicLong();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final Set<String> seen = ConcurrentHashMap.newKeySet();

    private interface Visit {
        void make() throws IOException, InterruptedException;
    }

    private Load(URI site) {
        this.site = site;
    }

    /** @param perSecond how many short requests are begun each second */
    static Load on(URI site, int perSecond) {
        var load = new Load(site);
        for (var n = 0; n < SENDERS; n++) {
            load.again("a request", 1_000 * SENDERS / perSecond, () -> load.seen.add(load.get("/")));
        }
        for (var n = 0; n < 3; n++) {
            load.again("a slow request", 0, () -> load.get("/slow"));
        }
        for (var n = 0; n < 4; n++) {
            load.again("a stream", 0, () -> {
                var body = load.get("/stream");
                if (!body.contains(" 23\n")) {
                    throw new IOException("cut short: " + body);
                }
            });
            load.again("a WebSocket", 0, load::converse);
        }
        return load;
    }

    private void again(String what, long pauseMillis, Visit visit) {
        threads.add(Thread.ofVirtual().start(() -> {
            while (!stopped.get()) {
                try {
                    visit.make();
                    answers.incrementAndGet();
                    TimeUnit.MILLISECONDS.sleep(pauseMillis);
                } catch (IOException | RuntimeException e) {
                    failures.add(what + ": " + e);
                } catch (InterruptedException e) {
                    return;
                }
            }
        }));
    }

    private String get(String path) throws IOException {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), site.getPort())) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: " + site.getAuthority()
                                    + "\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            var answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!answer.startsWith("HTTP/1.1 200")) {
                throw new IOException(
                        answer.isEmpty()
                                ? "no answer"
                                : answer.lines().findFirst().orElse(""));
            }
            var body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
            // Chunked or not: the version is in it.
            return path.equals("/")
                    ? body.lines()
                            .skip(body.contains("\r\n") ? 1 : 0)
                            .findFirst()
                            .orElse("")
                    : body;
        }
    }

    /** Stays on one connection for a while: no switch may break it. */
    private void converse() throws IOException, InterruptedException {
        try (var socket = new Sockets(site)) {
            for (var n = 0; n < 80 && !stopped.get(); n++) {
                var answer = socket.tell("hello " + n);
                if (!answer.equals("hello " + n)) {
                    throw new IOException("answered " + answer);
                }
                TimeUnit.MILLISECONDS.sleep(100);
            }
        }
    }

    long answers() {
        return answers.get();
    }

    /** What the short requests were answered. */
    Set<String> seen() {
        return Set.copyOf(seen);
    }

    List<String> failures() {
        return List.copyOf(failures);
    }

    /** Begins nothing new, and waits for what is under way. */
    void stop() throws InterruptedException {
        stopped.set(true);
        for (var each : threads) {
            each.join(30_000);
        }
    }

    @Override
    public void close() {
        stopped.set(true);
        threads.forEach(Thread::interrupt);
    }
}
