package codehaven.dev;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Ports of loopback for programs that have to be told theirs before they start. */
public final class Ports {

    /** Below those that systems hand out for outgoing connections, so that no connection takes one meanwhile. */
    private static final int FIRST = 20_000;

    private static final int END = 32_000;
    private static final int ATTEMPTS = 100;

    private Ports() {}

    /**
     * A port of 127.0.0.1 that nobody listened on a moment ago, from 20,000 to 31,999 where one is free there.
     *
     * @throws IOException if no port is free
     */
    public static int free() throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, END);
            if (isFree(port)) {
                return port;
            }
        }
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(Programs.loopback(0));
            return socket.getLocalPort();
        }
    }

    /** The wished-for port if nobody listens on it, else a free one. */
    static int wishedOrFree(int wished) throws IOException {
        return wished > 0 && isFree(wished) ? wished : free();
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(Programs.loopback(port));
            return true;
        } catch (IOException e) {
            return false; // taken
        }
    }
}
