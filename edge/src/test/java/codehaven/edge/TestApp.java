package codehaven.edge;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** An app as a test wants it: bytes on sockets, so that it can also do what no server would. */
final class TestApp implements AutoCloseable {

    /** Answers one request; the connection is closed when it throws. */
    interface Answering {
        void answer(Asked asked) throws Exception;
    }

    private final ServerSocket listening;
    private final Answering answering;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    final AtomicInteger connections = new AtomicInteger();
    final List<String> lines = new CopyOnWriteArrayList<>();

    TestApp(Answering answering) throws IOException {
        this(0, answering);
    }

    TestApp(int port, Answering answering) throws IOException {
        this.answering = answering;
        listening = new ServerSocket(port, 200, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    /** One that says what it was asked, and by whom. */
    static TestApp saying(String text) throws IOException {
        return new TestApp(asked -> asked.say(200, text));
    }

    String address() {
        return "127.0.0.1:" + listening.getLocalPort();
    }

    int port() {
        return listening.getLocalPort();
    }

    private void accept() {
        try {
            while (true) {
                var socket = listening.accept();
                connections.incrementAndGet();
                sockets.add(socket);
                Thread.ofVirtual().start(() -> serve(socket));
            }
        } catch (IOException e) {
            // It was closed.
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            var in = new BufferedInputStream(socket.getInputStream());
            for (Asked asked; (asked = Asked.read(socket, in)) != null; ) {
                lines.add(asked.line);
                answering.answer(asked);
            }
        } catch (Exception e) {
            // The test sees it at the other end.
        } finally {
            sockets.remove(socket);
        }
    }

    /** How many connections it has now. */
    int open() {
        return sockets.size();
    }

    /** Ends all connections, and takes no more. */
    @Override
    public void close() throws IOException {
        listening.close();
        for (var socket : sockets) {
            socket.close();
        }
    }

    /** What came: the head, and what follows it as bytes. */
    record Asked(Socket socket, InputStream in, String line, List<String> fields, AtomicReference<byte[]> taken) {

        static @Nullable Asked read(Socket socket, InputStream in) throws IOException {
            var line = line(in);
            if (line == null) {
                return null;
            }
            var fields = new ArrayList<String>();
            for (String field; (field = line(in)) != null && !field.isEmpty(); ) {
                fields.add(field);
            }
            return new Asked(socket, in, line, fields, new AtomicReference<>());
        }

        static @Nullable String line(InputStream in) throws IOException {
            var line = new ByteArrayOutputStream();
            for (int c; (c = in.read()) != '\n'; ) {
                if (c < 0) {
                    return null;
                }
                if (c != '\r') {
                    line.write(c);
                }
            }
            return line.toString(StandardCharsets.ISO_8859_1);
        }

        String path() {
            return line.split(" ", -1)[1];
        }

        OutputStream out() throws IOException {
            return socket.getOutputStream();
        }

        List<String> all(String name) {
            var start = name.toLowerCase(Locale.ROOT) + ":";
            return fields.stream()
                    .filter(field -> field.toLowerCase(Locale.ROOT).startsWith(start))
                    .map(field -> field.substring(start.length()).strip())
                    .toList();
        }

        @Nullable
        String field(String name) {
            var all = all(name);
            return all.isEmpty() ? null : all.getFirst();
        }

        /** The body, by its length or in chunks; the trailers are added to the fields. */
        byte[] body() throws IOException {
            var already = taken.get();
            var body = already == null ? takeBody() : already;
            taken.set(body);
            return body;
        }

        String text() throws IOException {
            return new String(body(), StandardCharsets.ISO_8859_1);
        }

        private byte[] takeBody() throws IOException {
            var length = field("Content-Length");
            if (length != null) {
                return in.readNBytes(Integer.parseInt(length));
            }
            var body = new ByteArrayOutputStream();
            if (field("Transfer-Encoding") != null) {
                for (int size; (size = Integer.parseInt(String.valueOf(line(in)), 16)) > 0; ) {
                    body.write(in.readNBytes(size));
                    line(in);
                }
                for (String field; (field = line(in)) != null && !field.isEmpty(); ) {
                    fields.add(field);
                }
            }
            return body.toByteArray();
        }

        void send(String text) throws IOException {
            out().write(text.getBytes(StandardCharsets.ISO_8859_1));
            out().flush();
        }

        void say(int status, String text, String... more) throws IOException {
            body();
            var length = text.getBytes(StandardCharsets.ISO_8859_1).length;
            send("HTTP/1.1 " + status + " It Is\r\nContent-Length: " + length + "\r\n"
                    + (more.length == 0 ? "" : String.join("\r\n", more) + "\r\n") + "\r\n"
                    + (line.startsWith("HEAD ") ? "" : text));
        }
    }
}
