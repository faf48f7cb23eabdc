package codehaven.edge;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** HTTP as bytes on a socket, so that a test can say things that no client library would. */
final class RawClient implements AutoCloseable {

    private final Socket socket;
    private final InputStream in;

    RawClient(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(10_000);
        socket.setTcpNoDelay(true);
        in = new java.io.BufferedInputStream(socket.getInputStream());
    }

    /** @param body its bytes as characters */
    record Answer(int status, List<String> fields, String body) {
        @Nullable
        String field(String name) {
            var all = all(name);
            return all.isEmpty() ? null : all.getFirst();
        }

        List<String> all(String name) {
            var start = name.toLowerCase(Locale.ROOT) + ":";
            return fields.stream()
                    .filter(field -> field.toLowerCase(Locale.ROOT).startsWith(start))
                    .map(field -> field.substring(start.length()).strip())
                    .toList();
        }

        String text() {
            return new String(body.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
        }
    }

    /** One request on a connection of its own; lines are separated as in the source text. */
    static Answer ask(int port, String head) throws IOException {
        try (var client = new RawClient(port)) {
            client.send(head);
            return client.answer(head.startsWith("HEAD "));
        }
    }

    static Answer get(int port, String host, String path, String... fields) throws IOException {
        return ask(port, request("GET", host, path, fields));
    }

    static Answer head(int port, String host, String path, String... fields) throws IOException {
        return ask(port, request("HEAD", host, path, fields));
    }

    static String request(String method, String host, String path, String... fields) {
        var text = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\n");
        for (var field : fields) {
            text.append(field).append("\r\n");
        }
        return text.append("\r\n").toString();
    }

    /** The text byte by byte: characters up to 255 are bytes. */
    void send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().flush();
    }

    void endSending() throws IOException {
        socket.shutdownOutput();
    }

    Answer head() throws IOException {
        var line = line();
        var status = Integer.parseInt(line.split(" ", 3)[1]);
        var fields = new ArrayList<String>();
        for (var field = line(); !field.isEmpty(); field = line()) {
            fields.add(field);
        }
        return new Answer(status, fields, "");
    }

    Answer answer(boolean bodiless) throws IOException {
        var head = head();
        var status = head.status();
        if (bodiless || status == 204 || status == 304) {
            return head;
        }
        var length = head.field("Content-Length");
        if (length == null) {
            throw new IOException("an answer without length: " + head);
        }
        var body = in.readNBytes(Integer.parseInt(length));
        if (body.length != Integer.parseInt(length)) {
            throw new EOFException("the body ended after " + body.length + " of " + length + " bytes");
        }
        return new Answer(status, head.fields(), new String(body, StandardCharsets.ISO_8859_1));
    }

    private String line() throws IOException {
        var line = new ByteArrayOutputStream();
        for (int c; (c = in.read()) != '\n'; ) {
            if (c < 0) {
                throw new EOFException("the connection ended in a line: " + line);
            }
            line.write(c);
        }
        var text = line.toString(StandardCharsets.ISO_8859_1);
        if (!text.endsWith("\r")) {
            throw new IOException("a line without carriage return: " + text);
        }
        return text.substring(0, text.length() - 1);
    }

    /** Whether the server has nothing more to say and says so. */
    boolean isClosed() throws IOException {
        try {
            return in.read() < 0;
        } catch (SocketException e) {
            return true;
        }
    }

    /** So many bytes as characters. */
    String read(int bytes) throws IOException {
        return new String(in.readNBytes(bytes), StandardCharsets.ISO_8859_1);
    }

    String readAll() throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    InputStream stream() {
        return in;
    }

    OutputStream out() throws IOException {
        return socket.getOutputStream();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
