package codehaven.state;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A network cable to a backend, for pulling. */
final class Wire implements AutoCloseable {

    /** What becomes of answers. */
    enum Answers {
        ARRIVE,
        /** The backend does what it is asked; the connection breaks before its answer is through. */
        ARE_LOST,
        /** Nothing comes and nothing ends. */
        NEVER_COME
    }

    private final ServerSocket server;
    private final InetSocketAddress backend;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger refused = new AtomicInteger();
    private volatile Answers answers = Answers.ARRIVE;

    private Wire(ServerSocket server, InetSocketAddress backend) {
        this.server = server;
        this.backend = backend;
    }

    static Wire to(int port) throws IOException {
        var wire = new Wire(
                new ServerSocket(0, 50, InetAddress.getLoopbackAddress()),
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        Thread.ofPlatform().daemon().start(wire::accept);
        return wire;
    }

    int port() {
        return server.getLocalPort();
    }

    void let(Answers answers) {
        this.answers = answers;
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                connect(server.accept());
            } catch (IOException e) {
                refused.incrementAndGet();
            }
        }
    }

    private void connect(Socket near) throws IOException {
        var far = new Socket();
        open.add(near);
        open.add(far);
        try {
            far.connect(backend);
        } catch (IOException e) {
            near.close();
            throw e;
        }
        Thread.ofPlatform().daemon().start(() -> pump(near, far, false));
        Thread.ofPlatform().daemon().start(() -> pump(far, near, true));
    }

    private void pump(Socket from, Socket to, boolean answer) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            var buffer = new byte[1 << 16];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                if (answer && answers == Answers.ARE_LOST) {
                    return;
                }
                if (!answer || answers == Answers.ARRIVE) {
                    out.write(buffer, 0, read);
                }
            }
        } catch (IOException ended) {
            open.remove(from);
            open.remove(to);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (var each : open) {
            each.close();
        }
    }
}
