package codehaven.state;

import static com.mongodb.client.model.Filters.eq;

import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentEvent.Placed;
import codehaven.state.Deployments.Archived;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/**
 * What happened to each deployment, in order: positions count from 1 without a gap, and an event never appears before
 * those with lower positions. Once archived, reads come from the archive without the caller noticing.
 */
public final class Timeline {

    /** How many lines {@link #lines} gives at most. */
    public static final int MOST_LINES = 2_000;

    private static final int EVENTS_PER_BATCH = 512;
    private static final int CHARACTERS_PER_BATCH = 1 << 20;
    private static final int EVENTS_PER_READ = 1_000;

    private static final int DEPLOYMENTS_IN_MEMORY = 512;
    private static final long ARCHIVES_IN_MEMORY = 32L << 20;

    private static final int ARCHIVERS_IN_A_ROW = 5;

    /**
     * Archivers of one program take turns: storages on a plain file system, the embedded one among them, compare a tag
     * and write in two steps. Those of several programs rely on the storage's condition alone.
     */
    private static final List<ReentrantLock> TURNS =
            Stream.generate(ReentrantLock::new).limit(64).toList();

    private record Archive(long through, ArchivedLog log) {}

    private final Mongo mongo;
    private final Deployments deployments;
    private final Blobs blobs;
    private final Map<String, Batches> live = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<String, Archive> archives = new LinkedHashMap<>(16, 0.75f, true);

    Timeline(Mongo mongo, Deployments deployments, Blobs blobs) {
        this.mongo = mongo;
        this.deployments = deployments;
        this.blobs = blobs;
    }

    /**
     * Appends in one write. At most a few hundred events and 1 MiB a call; more go in several writes, in order. After a
     * failure the caller may append the same events again, alone or with others after them: they will be there once.
     *
     * @return the position of the last one
     */
    public long append(String deployment, List<? extends DeploymentEvent> events) {
        if (events.isEmpty()) {
            return batches(deployment).extent().tail();
        }
        return batches(deployment).append(pieces(events));
    }

    private static List<List<DeploymentEvent>> pieces(List<? extends DeploymentEvent> events) {
        var pieces = new ArrayList<List<DeploymentEvent>>();
        var piece = new ArrayList<DeploymentEvent>();
        long characters = 0;
        for (var event : events) {
            var size = event instanceof LogLine line ? line.text().length() + 128L : 512L;
            if (!piece.isEmpty() && (piece.size() == EVENTS_PER_BATCH || characters + size > CHARACTERS_PER_BATCH)) {
                pieces.add(List.copyOf(piece));
                piece.clear();
                characters = 0;
            }
            piece.add(event);
            characters += size;
        }
        pieces.add(List.copyOf(piece));
        return pieces;
    }

    /** The events with positions above {@code after}, at most {@code limit}, in order; empty only at the end. */
    public List<Placed> read(String deployment, long after, int limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("a limit is at least 1, not " + limit);
        }
        var batches = batches(deployment);
        while (true) {
            var extent = batches.extent();
            if (after >= extent.tail()) {
                return List.of();
            }
            var archived = extent.archived().through();
            var events = new ArrayList<Placed>();
            if (after < archived) {
                events.addAll(archive(deployment, archived).read(after, archived, limit));
            }
            if (events.size() == limit || extent.tail() == archived) {
                return events;
            }
            var rest = batches.read(Math.max(after, archived), limit - events.size());
            if (rest.isPresent()) {
                events.addAll(rest.get());
                return events;
            }
        }
    }

    /** All events with positions above {@code after}, up to the present end, in order, a part in memory at a time. */
    public void forEach(String deployment, long after, Consumer<Placed> consumer) {
        var position = after;
        for (var part = read(deployment, position, EVENTS_PER_READ);
                !part.isEmpty();
                part = read(deployment, position, EVENTS_PER_READ)) {
            part.forEach(consumer);
            position = part.getLast().position();
        }
    }

    /** All log lines with numbers above {@code line}, up to the present end, in order, a part in memory at a time. */
    public void forEachLine(String deployment, long line, Consumer<LogLine> consumer) {
        Predicate<Span> later = span -> span.hasLines(line + 1, Long.MAX_VALUE);
        var batches = batches(deployment);
        var archived = batches.extent().archived().through();
        var start = archived == 0 ? 0 : archive(deployment, archived).before(later);
        if (start >= archived) {
            start = Math.max(archived, batches.before(later));
        }
        forEach(deployment, start, placed -> {
            if (placed.event() instanceof LogLine each && each.n() > line) {
                consumer.accept(each);
            }
        });
    }

    /**
     * The log lines with numbers from {@code from} to {@code to}, both included.
     *
     * @throws IllegalArgumentException if that is more than {@link #MOST_LINES}
     */
    public List<LogLine> lines(String deployment, long from, long to) {
        if (to - from >= MOST_LINES) {
            throw new IllegalArgumentException("at most " + MOST_LINES + " lines at a time");
        }
        var batches = batches(deployment);
        while (true) {
            var extent = batches.extent();
            var archived = extent.archived().through();
            var lines = new ArrayList<LogLine>();
            if (archived > 0) {
                lines.addAll(archive(deployment, archived).lines(from, to));
            }
            var rest = batches.read(span -> span.first() > archived && span.hasLines(from, to));
            if (rest.isPresent()) {
                for (var placed : rest.get()) {
                    if (placed.event() instanceof LogLine line && line.n() >= from && line.n() <= to) {
                        lines.add(line);
                    }
                }
                return lines;
            }
        }
    }

    /** The number of the last log line, 0 if there is none; what a writer goes on from. */
    public long lastLine(String deployment) {
        return batches(deployment).extent().line();
    }

    /**
     * Moves all that is live into {@code logs/<deployment>.ndjson.gz}, after what is there: one event a line, with its
     * position. May be repeated, also after it was broken off anywhere. Does nothing for a deployment that is not in
     * {@link Deployments}.
     */
    public void archive(String deployment) {
        var turn = TURNS.get(Math.floorMod(deployment.hashCode(), TURNS.size()));
        turn.lock();
        try {
            for (int attempt = 1; attempt <= ARCHIVERS_IN_A_ROW; attempt++) {
                if (tryArchive(deployment)) {
                    return;
                }
            }
        } finally {
            turn.unlock();
        }
        throw new Blobs.Unavailable(
                "The log of " + deployment + " is being archived by others; it is archived later.",
                new IllegalStateException("the archive changed " + ARCHIVERS_IN_A_ROW + " times meanwhile"));
    }

    private boolean tryArchive(String deployment) {
        if (deployments.archived(deployment).isEmpty()) {
            return true;
        }
        try (var file = ScratchFile.somewhere()) {
            return archiveBy(file.path(), deployment);
        } catch (IOException e) {
            throw new UncheckedIOException("the log of " + deployment + " cannot be archived", e);
        }
    }

    /** The object is written first, then its extent is noted, then the live batches go: each leaves a state that reads whole. */
    private boolean archiveBy(Path file, String deployment) throws IOException {
        var batches = batches(deployment);
        var extent = batches.extent();
        var noted = extent.archived();
        var key = Blobs.log(deployment);
        var tail = new Span[] {Span.NONE};
        var old = blobs.openTagged(key);
        var last = 0L;
        try (var writer = writer(file)) {
            if (old.isPresent()) {
                try (var bytes = old.get().bytes()) {
                    ArchivedLog.scan(bytes, (placed, line) -> {
                        writer.write(line.getBytes(StandardCharsets.UTF_8));
                        writer.write('\n');
                        tail[0] = tail[0].with(placed.position(), placed.event());
                    });
                }
            }
            last = Math.max(0, tail[0].last());
            if (last < noted.through()) {
                throw new IOException("its archive ends at " + last + " where it ended at " + noted.through());
            }
            for (var position = last; position < extent.tail(); position = tail[0].last()) {
                var part = batches.read(position, EVENTS_PER_READ);
                if (part.isEmpty()) {
                    return false;
                }
                for (var placed : part.get()) {
                    writer.write(EventLines.write(placed).getBytes(StandardCharsets.UTF_8));
                    writer.write('\n');
                    tail[0] = tail[0].with(placed.position(), placed.event());
                }
            }
        }
        var through = Math.max(0, tail[0].last());
        if (through == 0) {
            return true;
        }
        if (through > last) {
            // Where it holds something else, another archiver has gone on from ours, or the storage lost it: looked at
            // anew.
            if (!blobs.putIf(key, file, old.map(Blobs.Stored::tag).orElse(null)) || !holds(key, file)) {
                return false;
            }
        }
        deployments.archived(deployment, new Archived(through, Math.max(noted.line(), tail[0].lineTo())));
        batches.deleteThrough(through);
        return true;
    }

    private static OutputStream writer(Path file) throws IOException {
        return new BufferedOutputStream(new GZIPOutputStream(Files.newOutputStream(file), 1 << 16), 1 << 16);
    }

    private boolean holds(String key, Path file) throws IOException {
        try (var mine = Files.newInputStream(file);
                var stored = blobs.open(key)) {
            return MessageDigest.isEqual(digest(mine), digest(stored));
        }
    }

    private static byte[] digest(InputStream bytes) throws IOException {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            new DigestInputStream(bytes, digest).transferTo(OutputStream.nullOutputStream());
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Deletes it all, live and archived. */
    public void delete(String deployment) {
        mongo.in(Mongo.TIMELINE, timeline -> timeline.deleteMany(eq("deployment", deployment)));
        blobs.delete(Blobs.log(deployment));
        synchronized (live) {
            live.remove(deployment);
        }
        synchronized (archives) {
            archives.remove(deployment);
        }
    }

    private Batches batches(String deployment) {
        synchronized (live) {
            var known = live.computeIfAbsent(deployment, id -> new Batches(mongo, deployments, id));
            while (live.size() > DEPLOYMENTS_IN_MEMORY) {
                live.remove(live.keySet().iterator().next());
            }
            return known;
        }
    }

    /** The archive that reaches at least so far. */
    private ArchivedLog archive(String deployment, long through) {
        synchronized (archives) {
            var known = archives.get(deployment);
            if (known != null && known.through() >= through) {
                return known.log();
            }
        }
        ArchivedLog log;
        try (var bytes = blobs.open(Blobs.log(deployment))) {
            log = ArchivedLog.load(bytes);
        } catch (IOException e) {
            throw new Blobs.Unavailable("The archived log of " + deployment + " could not be read whole.", e);
        }
        synchronized (archives) {
            archives.put(deployment, new Archive(through, log));
            var all = archives.values().stream()
                    .mapToLong(each -> each.log().bytes())
                    .sum();
            var eldest = archives.entrySet().iterator();
            while (all > ARCHIVES_IN_MEMORY && archives.size() > 1) {
                all -= eldest.next().getValue().log().bytes();
                eldest.remove();
            }
        }
        return log;
    }
}
