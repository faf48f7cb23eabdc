package codehaven.activities.publishing;

import codehaven.activities.StepScope;
import codehaven.model.Manifest;
import codehaven.model.Manifest.Variant;
import codehaven.state.Blobs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Brings what storage lacks of a site's files there: many at once, from disk, each content once. */
final class Sending {

    /**
     * What was sent, also by earlier attempts.
     *
     * @param bytes without compressed variants
     */
    record Sent(int files, long bytes) {}

    /** Storage answers a small object in some ten milliseconds, nearly all of it waiting. */
    private static final int AT_ONCE = 16;

    private static final int ASKED_AT_ONCE = 1_000;
    private static final Duration BETWEEN_SIGNS_OF_LIFE = Duration.ofSeconds(5);
    private static final Duration LOOK = Duration.ofMillis(200);

    private final Blobs blobs;
    private final StepScope scope;
    private final Map<String, Manifest.File> known;
    private final Semaphore cores =
            new Semaphore(Math.max(1, Runtime.getRuntime().availableProcessors()));
    private final Map<String, List<Variant>> variants = new ConcurrentHashMap<>();
    private Sent sent;

    /** @param known files of earlier deployments by digest: their variants are stored, and no others are worth it */
    Sending(Blobs blobs, StepScope scope, Map<String, Manifest.File> known) {
        this.blobs = blobs;
        this.scope = scope;
        this.known = known;
        this.sent = scope.remembered(Sent.class).orElse(new Sent(0, 0));
    }

    synchronized Sent sent() {
        return sent;
    }

    /**
     * @param work an empty directory
     * @return by digest, the variants that are stored
     */
    Map<String, List<Variant>> send(Map<String, SiteFiles.File> files, Path work)
            throws IOException, InterruptedException {
        var contents = new HashMap<String, SiteFiles.File>();
        var compressible = new HashSet<String>();
        files.forEach((path, file) -> {
            contents.put(file.sha256(), file);
            if (file.size() > Variants.SMALLEST
                    && file.size() <= Variants.LARGEST
                    && ContentTypes.isCompressible(ContentTypes.of(path))) {
                compressible.add(file.sha256());
            }
        });
        var stored = present(contents.keySet().stream().map(Blobs::blob).toList());
        var toCompress = new HashSet<String>();
        for (var sha : compressible) {
            var before = known.get(sha);
            if (before != null && ContentTypes.isCompressible(before.type()) && stored.contains(Blobs.blob(sha))) {
                variants.put(sha, before.variants());
            } else {
                toCompress.add(sha);
            }
        }
        var made = madeBefore(toCompress, stored);
        var tool = new Variants(contents.values().stream()
                .filter(file -> toCompress.contains(file.sha256()))
                .mapToLong(SiteFiles.File::size)
                .sum());
        var jobs = contents.values().stream()
                .filter(file -> toCompress.contains(file.sha256()) || !stored.contains(Blobs.blob(file.sha256())))
                .toList();
        run(jobs, file -> {
            if (toCompress.contains(file.sha256())) {
                variants.put(file.sha256(), compress(file, made, tool, work));
            }
            if (!stored.contains(Blobs.blob(file.sha256()))) {
                blobs.put(Blobs.blob(file.sha256()), file.content());
                count(file);
            }
        });
        return variants;
    }

    private Set<String> present(Collection<String> keys) {
        var all = new ArrayList<>(keys);
        var present = new HashSet<String>();
        for (var from = 0; from < all.size(); from += ASKED_AT_ONCE) {
            scope.check();
            present.addAll(blobs.present(all.subList(from, Math.min(all.size(), from + ASKED_AT_ONCE))));
        }
        return present;
    }

    /** The keys of variants that another deployment has stored: all of them, as the blob itself is always stored last. */
    private Set<String> madeBefore(Set<String> toCompress, Set<String> stored) {
        var keys = new ArrayList<String>();
        for (var sha : toCompress) {
            if (stored.contains(Blobs.blob(sha))) {
                Variants.ENCODINGS.forEach(encoding -> keys.add(Blobs.variant(sha, new Variant(encoding, 0).suffix())));
            }
        }
        return present(keys);
    }

    private List<Variant> compress(SiteFiles.File file, Set<String> made, Variants tool, Path work)
            throws IOException, InterruptedException {
        var all = new ArrayList<Variant>();
        for (var encoding : Variants.ENCODINGS) {
            var key = Blobs.variant(file.sha256(), new Variant(encoding, 0).suffix());
            if (made.contains(key)) {
                blobs.size(key).ifPresent(size -> all.add(new Variant(encoding, size)));
            }
        }
        if (!all.isEmpty()) {
            return all;
        }
        List<Variants.Made> fresh;
        cores.acquire();
        try {
            fresh = tool.make(file.sha256(), file.content(), file.size(), work);
        } finally {
            cores.release();
        }
        for (var each : fresh) {
            each.storing()
                    .storeAs(blobs, Blobs.variant(file.sha256(), each.variant().suffix()));
            all.add(each.variant());
        }
        return all;
    }

    private synchronized void count(SiteFiles.File file) {
        sent = new Sent(sent.files() + 1, sent.bytes() + file.size());
        scope.remember(sent);
    }

    @FunctionalInterface
    private interface Job {
        void run(SiteFiles.File file) throws IOException, InterruptedException;
    }

    private void run(List<SiteFiles.File> files, Job job) throws IOException, InterruptedException {
        ExecutorService threads = Executors.newFixedThreadPool(
                AT_ONCE,
                Thread.ofPlatform()
                        .daemon()
                        .name("publish-" + scope.deployment() + "-", 1)
                        .factory());
        try {
            var futures = new ArrayList<Future<?>>();
            for (var file : files) {
                futures.add(threads.submit(() -> {
                    if (!scope.stopping()) {
                        job.run(file);
                    }
                    return null;
                }));
            }
            await(futures);
        } finally {
            threads.shutdownNow();
            if (!threads.awaitTermination(10, TimeUnit.SECONDS)) {
                scope.log().say("Some uploads did not stop yet.");
            }
        }
        scope.check();
    }

    private void await(List<Future<?>> futures) throws IOException, InterruptedException {
        var next = System.nanoTime() + BETWEEN_SIGNS_OF_LIFE.toNanos();
        for (var done = 0; done < futures.size(); ) {
            scope.check();
            try {
                futures.get(done).get(LOOK.toMillis(), TimeUnit.MILLISECONDS);
                done++;
            } catch (TimeoutException e) {
                // Time to look whether to stop, and to say that it goes on.
                scope.check();
            } catch (ExecutionException e) {
                switch (e.getCause()) {
                    case RuntimeException cause -> throw cause;
                    case IOException cause -> throw cause;
                    case Error cause -> throw cause;
                    case null, default -> throw new IllegalStateException(e);
                }
            }
            if (System.nanoTime() > next) {
                next = System.nanoTime() + BETWEEN_SIGNS_OF_LIFE.toNanos();
                scope.log().say(String.format(Locale.ROOT, "%,d of %,d files are stored.", done, futures.size()));
            }
        }
    }
}
