package codehaven.edge;

import codehaven.model.Site;
import codehaven.model.Target;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last good table on disk. Two lines: a head with the count and the sha256 of the second line, and the routes. The
 * one before it is kept as {@code .previous}.
 */
final class RouteFile {

    private static final Logger LOG = LoggerFactory.getLogger(RouteFile.class);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Path file;
    private final Path previous;
    /** Whether {@code file} holds a good table; a bad one never becomes the previous one. */
    private boolean good;

    RouteFile(Path file) {
        this.file = file;
        this.previous = file.resolveSibling(file.getFileName() + ".previous");
    }

    private record Head(int format, int routes, String sha256) {}

    private record Line(String host, String deployment, Target target, Site.Role role, long generation, String at) {}

    /** The last table that was written whole; empty if none was. */
    synchronized Optional<RouteTable> read() {
        var last = read(file);
        good = last.isPresent();
        return good ? last : read(previous);
    }

    private static Optional<RouteTable> read(Path from) {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(from);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            LOG.error("cannot read the routes kept in {}: {}", from, e.toString());
            return Optional.empty();
        }
        try {
            return Optional.of(parse(bytes));
        } catch (IOException | RuntimeException e) {
            LOG.error("refused the routes kept in {} ({} bytes): {}", from, bytes.length, e.getMessage());
            return Optional.empty();
        }
    }

    private static RouteTable parse(byte[] bytes) throws IOException {
        var end = 0;
        while (end < bytes.length && bytes[end] != '\n') {
            end++;
        }
        if (end == bytes.length) {
            throw new IOException("it is cut off");
        }
        var head = JSON.readValue(bytes, 0, end, Head.class);
        var body = Arrays.copyOfRange(bytes, end + 1, bytes.length);
        if (head.format() != 1) {
            throw new IOException("it has format " + head.format() + ", and this version reads format 1");
        }
        if (!BlobKey.sha256(body).equals(head.sha256())) {
            throw new IOException("its checksum does not fit");
        }
        var routes = new HashMap<String, Route>();
        for (var line : JSON.readValue(body, Line[].class)) {
            routes.put(
                    line.host(),
                    new Route(
                            line.deployment(),
                            line.target(),
                            line.role(),
                            line.generation(),
                            Instant.parse(line.at())));
        }
        if (routes.size() != head.routes()) {
            throw new IOException("it names " + routes.size() + " routes of " + head.routes());
        }
        return RouteTable.of(routes);
    }

    /** Replaces the file at once or not at all. */
    synchronized void write(RouteTable table) throws IOException {
        var lines = new ArrayList<Line>(table.size());
        table.routes()
                .forEach((host, route) -> lines.add(new Line(
                        host,
                        route.deployment(),
                        route.target(),
                        route.role(),
                        route.generation(),
                        route.pointedAt().toString())));
        var body = JSON.writeValueAsBytes(lines);
        var head = JSON.writeValueAsString(new Head(1, lines.size(), BlobKey.sha256(body))) + "\n";
        var fresh = file.resolveSibling(file.getFileName() + ".new");
        Files.createDirectories(file.toAbsolutePath().getParent());
        try (var channel = FileChannel.open(
                fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            for (var part : List.of(head.getBytes(StandardCharsets.UTF_8), body)) {
                var rest = ByteBuffer.wrap(part);
                while (rest.hasRemaining()) {
                    channel.write(rest);
                }
            }
            channel.force(true);
        }
        if (good) {
            Files.move(file, previous, StandardCopyOption.ATOMIC_MOVE);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        good = true;
    }
}
