package codehaven.dev;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/** What this machine has: programs on the search path, ports that answer, a place to keep what was downloaded. */
final class Programs {
    private Programs() {}

    /** The first executable file of that name on PATH. */
    static Optional<Path> onPath(String program) {
        String path = System.getenv("PATH");
        if (path == null) {
            return Optional.empty();
        }
        for (String entry : path.split(File.pathSeparator, -1)) {
            if (!entry.isEmpty()) {
                Path candidate = Path.of(entry, program);
                if (Files.isExecutable(candidate) && Files.isRegularFile(candidate)) {
                    return Optional.of(candidate.toAbsolutePath());
                }
            }
        }
        return Optional.empty();
    }

    /** {@code $XDG_CACHE_HOME/codehaven} or {@code ~/.cache/codehaven}. */
    static Path cache() {
        String configured = System.getenv("XDG_CACHE_HOME");
        Path base = configured != null && Path.of(configured).isAbsolute()
                ? Path.of(configured)
                : Path.of(System.getProperty("user.home"), ".cache");
        return base.resolve("codehaven");
    }

    /** Whether somebody listens on the loopback port. */
    static boolean listens(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(loopback(port), 500);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Where programs that were downloaded or built are kept. */
    static Path bin() {
        return cache().resolve("bin");
    }

    /** Copies an executable file to where it is kept, whole or not at all, also when two programs do so at once. */
    static void keep(Path from, Path to) throws IOException {
        Path temporary = Files.createTempFile(to.resolveSibling("").toAbsolutePath(), "new.", ".part");
        try {
            Files.copy(from, temporary, StandardCopyOption.REPLACE_EXISTING);
            if (!temporary.toFile().setExecutable(true, false)) {
                throw new IOException("Cannot make " + temporary + " executable");
            }
            Files.move(temporary, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    static File nullDevice() {
        return new File(File.separatorChar == '\\' ? "NUL" : "/dev/null");
    }

    static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    }
}
