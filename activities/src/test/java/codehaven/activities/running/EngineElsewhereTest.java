package codehaven.activities.running;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.activities.Stage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The engine behind TCP, as on another machine, on a line that can be cut. */
@Tag("engine")
class EngineElsewhereTest {

    @TempDir
    private Path data;

    /** Passes connections on to the engine's socket. */
    private static final class Line implements AutoCloseable {
        private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final Set<Socket> open = ConcurrentHashMap.newKeySet();
        private volatile boolean cut;

        Line() throws IOException {
            Thread.ofPlatform().daemon().name("line").start(this::accept);
        }

        int port() {
            return server.getLocalPort();
        }

        private void accept() {
            while (!server.isClosed()) {
                try {
                    var socket = server.accept();
                    if (cut) {
                        socket.close();
                    } else {
                        open.add(socket);
                        pass(socket);
                    }
                } catch (IOException e) {
                    assertThat(server.isClosed() || cut)
                            .as("the line is over: %s", e)
                            .isTrue();
                }
            }
        }

        private void pass(Socket socket) throws IOException {
            var engine = SocketChannel.open(StandardProtocolFamily.UNIX);
            engine.connect(UnixDomainSocketAddress.of("/var/run/docker.sock"));
            Thread.ofPlatform().daemon().start(() -> {
                try (engine) {
                    socket.getInputStream().transferTo(Channels.newOutputStream(engine));
                } catch (IOException e) {
                    open.remove(socket);
                }
            });
            Thread.ofPlatform().daemon().start(() -> {
                try (socket) {
                    Channels.newInputStream(engine).transferTo(socket.getOutputStream());
                } catch (IOException e) {
                    open.remove(socket);
                }
            });
        }

        void cut() throws IOException {
            cut = true;
            for (var each : open) {
                each.close();
            }
            open.clear();
        }

        void mend() {
            cut = false;
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }

    @Test
    void appsArePublishedOnItsMachineAndFoundAgainAfterItWasAway() throws Exception {
        try (var line = new Line()) {
            var yard = new AppYard(Stage.open(), data, URI.create("tcp://127.0.0.1:" + line.port()));
            try {
                yard.open();
                var id = yard.put("counts");
                var address = Objects.requireNonNull(yard.healthy(id).address());
                assertThat(address).startsWith("127.0.0.1:").isNotEqualTo("127.0.0.1:3000");
                assertThat(AppYard.get(address, "/")).startsWith("hello");
                Stage.await("some lines", AppYard.SOON, () -> yard.log(id).contains("line 20"));

                line.cut();
                AppYard.get(address, "/exit");
                Thread.sleep(2_000);
                line.mend();
                var back = yard.await(
                        id, 1, each -> each.restarts() == 1 && each.state() == codehaven.model.App.State.HEALTHY);
                assertThat(AppYard.get(Objects.requireNonNull(back.address()), "/"))
                        .startsWith("hello");
                Stage.await(
                        "what it printed since",
                        AppYard.SOON,
                        () -> yard.log(id).stream()
                                        .filter(each -> each.equals("line 100"))
                                        .count()
                                >= 1);
            } finally {
                yard.clear();
            }
        }
    }
}
