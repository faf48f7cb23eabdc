package codehaven.cli;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** A WebSocket to a site (RFC 6455), for short texts. */
final class Sockets implements AutoCloseable {

    private static final byte[] MASK = {1, 2, 3, 4};

    private final Socket socket;
    private final DataInputStream in;

    Sockets(URI site) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), site.getPort());
        socket.setSoTimeout(20_000);
        socket.getOutputStream()
                .write(("GET " + (site.getRawPath().isEmpty() ? "/" : site.getRawPath()) + " HTTP/1.1\r\nHost: "
                                + site.getAuthority()
                                + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
        in = new DataInputStream(socket.getInputStream());
        var head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) in.readUnsignedByte());
        }
        if (!head.toString().startsWith("HTTP/1.1 101")) {
            throw new IOException("no WebSocket: " + head);
        }
    }

    /** Sends a text of at most 125 bytes; returns the next one that comes. */
    String tell(String text) throws IOException {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        var frame = new byte[6 + bytes.length];
        frame[0] = (byte) 0x81;
        frame[1] = (byte) (0x80 | bytes.length);
        System.arraycopy(MASK, 0, frame, 2, 4);
        for (var n = 0; n < bytes.length; n++) {
            frame[6 + n] = (byte) (bytes[n] ^ MASK[n % 4]);
        }
        socket.getOutputStream().write(frame);
        in.readUnsignedByte();
        var length = in.readUnsignedByte();
        // An echo of the very bytes comes masked as it was sent.
        var mask = new byte[4];
        if ((length & 0x80) != 0) {
            in.readFully(mask);
        }
        var answer = new byte[length & 0x7f];
        in.readFully(answer);
        for (var n = 0; n < answer.length; n++) {
            answer[n] ^= mask[n % 4];
        }
        return new String(answer, StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
