package codehaven.activities.building;

import codehaven.state.Blobs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;

/** Source archives on this machine: a redeploy of the same commit fetches nothing. */
final class Sources {

    /** The least recently used go when all are larger than this together. */
    private static final long MOST_BYTES = 4L << 30;

    private final Blobs blobs;
    private final Path directory;
    private final Map<String, Integer> users = new HashMap<>();

    Sources(Blobs blobs, Path directory) {
        this.blobs = blobs;
        this.directory = directory;
    }

    /** An archive that stays on this machine until it is closed. */
    interface Held extends AutoCloseable {
        Path file();

        @Override
        void close();
    }

    /**
     * @throws Blobs.NotThere when storage has no such source
     */
    Held fetch(String sha256) throws IOException {
        if (!sha256.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("a source is named by a SHA-256, not '" + sha256 + "'");
        }
        Files.createDirectories(directory);
        var file = directory.resolve(sha256 + ".tar.zst");
        synchronized (users) {
            users.merge(sha256, 1, Integer::sum);
        }
        try {
            if (Files.isRegularFile(file)) {
                Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
            } else {
                tidy();
                blobs.download(Blobs.source(sha256), file);
            }
        } catch (IOException | RuntimeException e) {
            release(sha256);
            throw e;
        }
        return new Held() {
            @Override
            public Path file() {
                return file;
            }

            @Override
            public void close() {
                release(sha256);
            }
        };
    }

    private void release(String sha256) {
        synchronized (users) {
            users.computeIfPresent(sha256, (each, count) -> count == 1 ? null : count - 1);
        }
    }

    private void tidy() throws IOException {
        synchronized (users) {
            record Kept(Path file, long size, FileTime used) {}
            var all = new ArrayList<Kept>();
            try (var files = Files.newDirectoryStream(directory, "*.tar.zst")) {
                for (var each : files) {
                    all.add(new Kept(each, Files.size(each), Files.getLastModifiedTime(each)));
                }
            }
            all.sort(Comparator.comparing(Kept::used).reversed());
            var sum = 0L;
            for (var each : all) {
                sum += each.size();
                var name = String.valueOf(each.file().getFileName());
                if (sum > MOST_BYTES && !users.containsKey(name.substring(0, name.indexOf('.')))) {
                    Files.deleteIfExists(each.file());
                }
            }
        }
    }
}
