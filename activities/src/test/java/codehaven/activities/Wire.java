package codehaven.activities;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A line to a server, which can be cut: connections break and new ones are not answered, until it is mended. */
final class Wire implements AutoCloseable {

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int target;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile boolean cut;

    Wire(int target) throws IOException {
        this.target = target;
        Thread.ofPlatform().daemon().name("wire").start(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    void cut() {
        cut = true;
        open.forEach(Wire::hangUp);
    }

    void mend() {
        cut = false;
    }

    private void accept() {
        while (!listener.isClosed()) {
            connect();
        }
    }

    private void connect() {
        try {
            var near = listener.accept();
            if (cut) {
                hangUp(near);
                return;
            }
            var far = new Socket(InetAddress.getLoopbackAddress(), target);
            near.setTcpNoDelay(true);
            far.setTcpNoDelay(true);
            open.add(near);
            open.add(far);
            Thread.ofVirtual().start(() -> pass(near, far));
            Thread.ofVirtual().start(() -> pass(far, near));
        } catch (IOException e) {
            // The line is closed, or the server behind it does not listen: whoever called finds out.
            return;
        }
    }

    private void pass(Socket from, Socket to) {
        try (from;
                to;
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream()) {
            in.transferTo(out);
        } catch (IOException e) {
            // One end has hung up, and the other learns of it.
            return;
        } finally {
            open.remove(from);
            open.remove(to);
        }
    }

    private static void hangUp(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cut();
    }
}
