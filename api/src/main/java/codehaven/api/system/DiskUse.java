package codehaven.api.system;

import codehaven.api.SystemInfo;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** What the data directory takes of its disk. Free space is asked each time; parts are added up beside, once a minute. */
@Component
public final class DiskUse {

    private static final Logger log = LoggerFactory.getLogger(DiskUse.class);
    private static final long FRESH_NANOS = Duration.ofMinutes(1).toNanos();

    private final @Nullable Path data;
    private final AtomicBoolean adding = new AtomicBoolean();
    private volatile @Nullable Sums sums;

    DiskUse(SystemInfo info) {
        this.data = info.data();
    }

    /**
     * A disk.
     *
     * @param parts what is ours; empty until it is known
     */
    public record Disk(Path directory, long total, long free, List<Part> parts) {

        public long used() {
            return total - free;
        }

        /** What is neither free nor ours. */
        public long others() {
            return Math.max(0, used() - parts.stream().mapToLong(Part::bytes).sum());
        }

        /** Whether builds may soon find no room. */
        public boolean isNearlyFull() {
            return free < total / 20 && free < 20_000_000_000L;
        }
    }

    public record Part(String name, long bytes) {}

    private record Sums(List<Part> parts, long at) {}

    /** Empty where this program keeps no data, or the disk cannot be asked. */
    public Optional<Disk> now() {
        var directory = data;
        if (directory == null) {
            return Optional.empty();
        }
        try {
            var store = Files.getFileStore(directory);
            var known = sums;
            if ((known == null || System.nanoTime() - known.at() > FRESH_NANOS) && adding.compareAndSet(false, true)) {
                Thread.ofPlatform().daemon().name("disk-use").start(() -> add(directory));
            }
            return Optional.of(new Disk(
                    directory,
                    store.getTotalSpace(),
                    store.getUsableSpace(),
                    known == null ? List.of() : known.parts()));
        } catch (IOException e) {
            log.debug("The disk of {} cannot be asked", directory, e);
            return Optional.empty();
        }
    }

    private void add(Path directory) {
        try {
            sums = new Sums(
                    List.of(
                            new Part("Storage", sizeOf(directory, "s3")),
                            new Part("Builds", sizeOf(directory, "work", "sources", "caches")),
                            new Part(
                                    "Databases, edge and logs",
                                    sizeOf(directory, "mongodb", "temporal", "redis", "edge", "logs"))),
                    System.nanoTime());
        } finally {
            adding.set(false);
        }
    }

    private static long sizeOf(Path directory, String... names) {
        var sum = new AtomicLong();
        for (var name : names) {
            try {
                Files.walkFileTree(directory.resolve(name), new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                        sum.addAndGet(attributes.size());
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFileFailed(Path file, IOException e) {
                        // It went meanwhile, or is not there: it takes nothing.
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(Path each, @Nullable IOException e) {
                        return FileVisitResult.CONTINUE;
                    }
                });
            } catch (IOException e) {
                log.debug("{} of {} cannot be added up", name, directory, e);
            }
        }
        return sum.get();
    }
}
