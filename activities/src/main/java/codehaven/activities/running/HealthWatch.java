package codehaven.activities.running;

import codehaven.model.App;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Asks one run of a container's process for its health, over and over, on a thread of its own. */
final class HealthWatch implements AutoCloseable {

    /** How long an app may take to come up when its project does not say. */
    static final Duration START_PERIOD = Duration.ofSeconds(60);

    /** Visitors may be waiting for it. */
    private static final Duration WHILE_STARTING = Duration.ofMillis(250);

    private static final Duration AT_FIRST = Duration.ofMillis(100);
    private static final Duration FIRST = Duration.ofSeconds(5);

    private static final Duration WHILE_HEALTHY = Duration.ofSeconds(5);
    private static final Duration WHILE_UNHEALTHY = Duration.ofSeconds(1);

    /** One lost answer may be a collection of garbage; three in a row are no accident. */
    private static final int FAILURES = 3;

    /** An app that has not found back by itself within this time does not. */
    private static final Duration RESTART_AFTER = Duration.ofSeconds(30);

    private static final int CONNECT_MILLIS = 2_000;
    private static final int ANSWER_MILLIS = 5_000;
    private static final int LONGEST_LINE = 1_000;
    private static final Pattern STATUS = Pattern.compile("HTTP/\\d(?:\\.\\d)? (\\d{3})(?: .*)?");

    /**
     * What is asked.
     *
     * @param path absent for any answer that is no error of the server's
     * @param host as visitors name it: some frameworks answer to known names only
     */
    record Question(InetSocketAddress address, @Nullable String path, String host, Duration startPeriod) {}

    private final Question question;
    /** By this machine's running time, as is {@link #since}: clocks are set. */
    private final long startedAt;

    private final Supplier<String> explanation;
    private final Runnable changed;
    private final Thread thread;

    private volatile App.State state;
    private volatile boolean wasHealthy;
    private volatile long since = System.nanoTime();
    private volatile @Nullable String reason;

    /**
     * @param healthy whether it was when somebody looked last
     * @param explanation asked why it may be that it does not answer: a sentence, or nothing
     * @param changed called on the watch's thread
     */
    HealthWatch(
            String name,
            Question question,
            Instant startedAt,
            boolean healthy,
            Supplier<String> explanation,
            Runnable changed) {
        this.question = question;
        this.startedAt = System.nanoTime()
                - Math.max(0, Duration.between(startedAt, Instant.now()).toNanos());
        this.explanation = explanation;
        this.changed = changed;
        state = healthy ? App.State.HEALTHY : App.State.STARTING;
        wasHealthy = healthy;
        thread = Thread.ofPlatform().daemon().name("health of " + name).start(this::run);
    }

    /** {@code STARTING}, {@code HEALTHY} or {@code UNHEALTHY}. */
    App.State state() {
        return state;
    }

    /** Whether it was healthy at any time. */
    boolean wasHealthy() {
        return wasHealthy;
    }

    @Nullable
    String reason() {
        return reason;
    }

    /** Whether it is unhealthy for so long that it should be started anew. */
    boolean isLost() {
        return state == App.State.UNHEALTHY && isOver(since, RESTART_AFTER);
    }

    private static boolean isOver(long from, Duration time) {
        return System.nanoTime() - from > time.toNanos();
    }

    private void run() {
        var failures = 0;
        try {
            while (true) {
                var problem = ask();
                if (problem == null) {
                    failures = 0;
                    become(App.State.HEALTHY, null);
                } else {
                    failures++;
                    judge(problem, failures);
                }
                Thread.sleep(pause());
            }
        } catch (InterruptedException e) {
            // Closed.
            return;
        }
    }

    private void judge(String problem, int failures) {
        switch (state) {
            case HEALTHY -> {
                if (failures >= FAILURES) {
                    become(App.State.UNHEALTHY, "Its health check failed " + failures + " times: " + problem + ".");
                }
            }
            case STARTING -> {
                if (isOver(startedAt, question.startPeriod())) {
                    var why = explanation.get();
                    become(
                            App.State.UNHEALTHY,
                            "It was not healthy within "
                                    + question.startPeriod().toSeconds() + " s: " + problem + "."
                                    + (why.isEmpty() ? "" : " " + why));
                }
            }
            case UNHEALTHY, CRASHED, STOPPED -> reason = reason == null ? problem : reason;
        }
    }

    private void become(App.State next, @Nullable String why) {
        if (state == next) {
            return;
        }
        since = System.nanoTime();
        reason = why;
        wasHealthy |= next == App.State.HEALTHY;
        state = next;
        changed.run();
    }

    private Duration pause() {
        return switch (state) {
            case HEALTHY -> WHILE_HEALTHY;
            case STARTING -> isOver(startedAt, FIRST) ? WHILE_STARTING : AT_FIRST;
            case UNHEALTHY, CRASHED, STOPPED -> WHILE_UNHEALTHY;
        };
    }

    /** What is wrong; absent when nothing is. */
    private @Nullable String ask() {
        var path = question.path() == null ? "/" : question.path();
        try (var socket = new Socket()) {
            socket.connect(question.address(), CONNECT_MILLIS);
            socket.setSoTimeout(ANSWER_MILLIS);
            var request = "GET " + path + " HTTP/1.1\r\nHost: " + question.host()
                    + "\r\nUser-Agent: CodeHaven-Health\r\nAccept: */*\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            var line = firstLine(socket);
            var status = STATUS.matcher(line);
            if (!status.matches()) {
                return line.isEmpty() ? "it closed the connection without an answer" : "its answer is no HTTP";
            }
            var code = Integer.parseInt(status.group(1));
            var good = question.path() == null ? code < 500 : code >= 200 && code < 400;
            return good ? null : "GET " + path + " was answered with " + code;
        } catch (ConnectException | NoRouteToHostException e) {
            return "nothing accepts connections on port " + question.address().getPort();
        } catch (SocketTimeoutException e) {
            return "no answer to GET " + path + " within " + ANSWER_MILLIS / 1_000 + " s";
        } catch (IOException e) {
            return "the connection broke";
        }
    }

    private static String firstLine(Socket socket) throws IOException {
        var reader = new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1), LONGEST_LINE);
        var line = new StringBuilder();
        for (var c = reader.read(); c >= 0 && c != '\n' && line.length() < LONGEST_LINE; c = reader.read()) {
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
