package codehaven.edge;

import codehaven.model.Manifest;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings whole sites to disk in the background, so that a site that was served once goes on being served, every path of
 * it, when nothing else lives. Public sites are brought as soon as they are known, others when first visited.
 */
final class Prefetch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Prefetch.class);
    private static final int AT_ONCE = 8;
    private static final int ATTEMPTS = 30;
    private static final Duration PAUSE = Duration.ofSeconds(2);

    private final Manifests manifests;
    private final BlobCache blobs;
    private final long capacity;
    private final LinkedBlockingDeque<Site> waiting = new LinkedBlockingDeque<>();
    private final Cache<String, Boolean> wanted =
            Caffeine.newBuilder().maximumSize(100_000).build();
    private final Thread thread =
            Thread.ofPlatform().name("edge-prefetch").daemon().unstarted(this::run);
    private final AtomicInteger pending = new AtomicInteger();

    private record Site(String manifest, int attempt) {}

    Prefetch(Manifests manifests, BlobCache blobs, long capacity) {
        this.manifests = manifests;
        this.blobs = blobs;
        this.capacity = capacity;
    }

    void start() {
        thread.start();
    }

    /** Sites that are not, or not known to be, on disk. */
    int pending() {
        return pending.get();
    }

    void known(RouteTable table) {
        for (var route : table.routes().values()) {
            if (route.isPublic() && isNew(route)) {
                pending.incrementAndGet();
                waiting.addLast(new Site(route.manifest(), 1));
            }
        }
    }

    /** What is visited comes before what is only known. */
    void served(Route route) {
        if (isNew(route)) {
            pending.incrementAndGet();
            waiting.addFirst(new Site(route.manifest(), 1));
        }
    }

    private boolean isNew(Route route) {
        var manifest = route.manifest();
        return wanted.getIfPresent(manifest) == null && wanted.asMap().putIfAbsent(manifest, true) == null;
    }

    private void run() {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                var site = waiting.takeFirst();
                try {
                    fetch(site.manifest());
                } catch (Away | IOException | RuntimeException e) {
                    postpone(site, e);
                } finally {
                    pending.decrementAndGet();
                }
            }
        } catch (InterruptedException e) {
            LOG.debug("ended");
        }
    }

    /** Others go on meanwhile. */
    private void postpone(Site site, Exception cause) {
        if (site.attempt() == ATTEMPTS) {
            LOG.warn("gave up bringing all files of {} to disk: {}", site.manifest(), cause.getMessage());
            wanted.invalidate(site.manifest());
            return;
        }
        LOG.debug("the files of {} cannot all be brought to disk yet", site.manifest(), cause);
        pending.incrementAndGet();
        Thread.ofVirtual().name("edge-later").start(() -> {
            try {
                Thread.sleep(PAUSE.multipliedBy(site.attempt()));
                waiting.addLast(new Site(site.manifest(), site.attempt() + 1));
            } catch (InterruptedException e) {
                LOG.debug("ended");
            }
        });
    }

    private void fetch(String manifest) throws Away, IOException, InterruptedException {
        var files = manifests.load(manifest).all().values();
        var bytes = 0L;
        var keys = new ArrayList<Piece>();
        for (var file : files) {
            keys.add(new Piece(BlobKey.of(file.sha256()), file.size()));
            bytes += file.size();
            for (Manifest.Variant variant : file.variants()) {
                keys.add(new Piece(new BlobKey(file.sha256(), variant.suffix()), variant.size()));
                bytes += variant.size();
            }
        }
        if (bytes > capacity) {
            LOG.warn("the {} bytes of {} are more than the cache may hold: they come when visited", bytes, manifest);
            return;
        }
        keys.removeIf(piece -> blobs.onDisk(piece.key(), piece.size()));
        fetch(keys);
    }

    private record Piece(BlobKey key, long size) {}

    private void fetch(List<Piece> pieces) throws Away, IOException, InterruptedException {
        var failure = new AtomicReference<Exception>();
        var places = new Semaphore(AT_ONCE);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var piece : pieces) {
                places.acquire();
                if (failure.get() != null) {
                    break;
                }
                threads.execute(() -> {
                    try {
                        blobs.fetch(piece.key(), piece.size());
                    } catch (Away | IOException | RuntimeException e) {
                        failure.compareAndSet(null, e);
                    } finally {
                        places.release();
                    }
                });
            }
        }
        switch (failure.get()) {
            case null -> {}
            case Away e -> throw e;
            case Exception e -> throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join(Duration.ofSeconds(3));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
