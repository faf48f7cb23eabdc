package codehaven.state;

import static com.mongodb.client.model.Filters.and;
import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.in;
import static com.mongodb.client.model.Filters.lte;

import codehaven.model.DeploymentEvent;
import codehaven.model.DeploymentEvent.Placed;
import codehaven.state.Deployments.Archived;
import com.mongodb.client.model.Projections;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.bson.Document;
import org.springframework.dao.DuplicateKeyException;

/**
 * The live batches of one deployment's timeline. A batch is a document whose id is {@code <deployment>:<first
 * position>}: two writers cannot take the same place, and readers go from batch to batch by id, the one index that every
 * database here has. Batches never change until they are archived, so where they lie is kept in memory and only looked
 * at anew past the end.
 */
final class Batches {

    private static final int WIDE = 256;

    /**
     * @param line the highest number of a log line in this batch and all before it
     */
    private record Head(Span span, long line) {}

    private final Mongo mongo;
    private final Deployments deployments;
    private final String deployment;
    private final ReentrantLock lock = new ReentrantLock();

    /** In order, without a gap, from the position after {@link #archived}. */
    private final ArrayList<Head> heads = new ArrayList<>();

    private Archived archived = Archived.NOTHING;

    /** Nobody knows whether the last append happened; it went to the positions from here on. −1 if there is no doubt. */
    private long doubt = -1;

    Batches(Mongo mongo, Deployments deployments, String deployment) {
        this.mongo = mongo;
        this.deployments = deployments;
        this.deployment = deployment;
    }

    /** Appends each piece as one batch; returns the last position. */
    long append(List<List<DeploymentEvent>> pieces) {
        lock.lock();
        try {
            if (heads.isEmpty() || doubt >= 0) {
                refresh();
            }
            var left = new ArrayList<>(pieces);
            if (doubt >= 0) {
                dropWhatIsThere(left);
                doubt = -1;
            }
            var start = -1L;
            try {
                for (var piece : left) {
                    var before = insert(piece);
                    start = start < 0 ? before : start;
                }
            } catch (BackendUnavailable e) {
                doubt = start < 0 ? tail() : start;
                throw e;
            }
            return tail();
        } finally {
            lock.unlock();
        }
    }

    /** After a lost acknowledgement the same events come again: those that did arrive are not written twice. */
    private void dropWhatIsThere(List<List<DeploymentEvent>> pieces) {
        for (var head : List.copyOf(heads)) {
            if (head.span().first() <= doubt || pieces.isEmpty()) {
                continue;
            }
            var stored = load(List.of(head.span())).stream()
                    .flatMap(List::stream)
                    .map(Placed::event)
                    .toList();
            var first = pieces.getFirst();
            if (stored.isEmpty() || stored.size() > first.size() || !stored.equals(first.subList(0, stored.size()))) {
                return;
            }
            if (stored.size() == first.size()) {
                pieces.removeFirst();
            } else {
                pieces.set(0, first.subList(stored.size(), first.size()));
            }
        }
    }

    /** Returns the position before the batch. */
    private long insert(List<DeploymentEvent> events) {
        while (true) {
            var first = tail() + 1;
            var head = head(first, events);
            try {
                mongo.in(Mongo.TIMELINE, timeline -> timeline.insertOne(written(head, events)));
            } catch (DuplicateKeyException e) {
                refresh();
                continue;
            }
            // What is archived is deleted here, which frees ids of the past for a writer that was asleep since.
            var now = deployments.archived(deployment).orElse(Archived.NOTHING);
            if (now.through() >= first) {
                mongo.in(Mongo.TIMELINE, timeline -> timeline.deleteOne(eq("_id", id(first))));
                refresh();
                continue;
            }
            heads.add(head);
            return first - 1;
        }
    }

    /** What there is. */
    record Extent(Archived archived, long tail, long line) {}

    /** Looks for new batches. */
    Extent extent() {
        lock.lock();
        try {
            refresh();
            return new Extent(archived, tail(), line());
        } finally {
            lock.unlock();
        }
    }

    /** The live events above a position, at least one if there is any, and about as many as wanted; empty if they were archived meanwhile. */
    Optional<List<Placed>> read(long after, int wanted) {
        var spans = new ArrayList<Span>();
        lock.lock();
        try {
            for (int i = place(after); i < heads.size(); i++) {
                var span = heads.get(i).span();
                spans.add(span);
                if (span.last() - after >= wanted) {
                    break;
                }
            }
        } finally {
            lock.unlock();
        }
        return load(spans)
                .map(events -> events.stream()
                        .filter(placed -> placed.position() > after)
                        .limit(wanted)
                        .toList());
    }

    /** The live events of all batches that may have what is looked for; empty if some were archived meanwhile. */
    Optional<List<Placed>> read(Predicate<Span> wanted) {
        return load(spans(wanted));
    }

    /** The position before the first batch that may have what is looked for, or the last position. */
    long before(Predicate<Span> wanted) {
        var spans = spans(wanted);
        lock.lock();
        try {
            return spans.isEmpty() ? tail() : spans.getFirst().first() - 1;
        } finally {
            lock.unlock();
        }
    }

    private List<Span> spans(Predicate<Span> wanted) {
        lock.lock();
        try {
            return heads.stream().map(Head::span).filter(wanted).toList();
        } finally {
            lock.unlock();
        }
    }

    /** Deletes what is archived. One question for all: after a crash nobody knows which are left. */
    void deleteThrough(long position) {
        mongo.in(
                Mongo.TIMELINE,
                timeline -> timeline.deleteMany(and(eq("deployment", deployment), lte("last", position))));
    }

    private long tail() {
        return heads.isEmpty() ? archived.through() : heads.getLast().span().last();
    }

    private long line() {
        return heads.isEmpty() ? archived.line() : heads.getLast().line();
    }

    /** The index of the first batch that ends after a position. */
    private int place(long after) {
        int low = 0;
        int high = heads.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (heads.get(middle).span().last() > after) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    private void refresh() {
        while (true) {
            extend();
            // Looked at after the batches: who wrote into the past did so after this had been noted.
            var now = deployments.archived(deployment).orElse(Archived.NOTHING);
            var cut = 0;
            while (cut < heads.size() && heads.get(cut).span().last() <= now.through()) {
                cut++;
            }
            var fits =
                    cut < heads.size() ? heads.get(cut).span().first() == now.through() + 1 : now.through() == tail();
            heads.subList(0, cut).clear();
            archived = now;
            if (fits) {
                return;
            }
            heads.clear();
        }
    }

    private void extend() {
        // Mostly there is nothing new, and then one id is asked for.
        for (int width = 1; ; width = WIDE) {
            var found = new HashMap<Long, Document>();
            var from = tail() + 1;
            var ids = LongStream.range(from, from + width).mapToObj(this::id).toList();
            mongo.in(
                            Mongo.TIMELINE,
                            timeline -> timeline.find(in("_id", ids))
                                    .projection(Projections.exclude("events"))
                                    .into(new ArrayList<>()))
                    .forEach(document -> found.put(number(document, "first"), document));
            if (!found.containsKey(from)) {
                return;
            }
            for (var next = found.get(from); next != null; next = found.get(tail() + 1)) {
                heads.add(head(next));
            }
        }
    }

    /** Empty if not all are there any more. */
    private Optional<List<Placed>> load(List<Span> spans) {
        var events = new ArrayList<Placed>();
        for (int i = 0; i < spans.size(); i += WIDE) {
            var part = spans.subList(i, Math.min(spans.size(), i + WIDE));
            var found = new HashMap<Long, Document>();
            var ids = part.stream().map(span -> id(span.first())).toList();
            mongo.in(Mongo.TIMELINE, timeline -> timeline.find(in("_id", ids)).into(new ArrayList<>()))
                    .forEach(document -> found.put(number(document, "first"), document));
            for (var span : part) {
                var document = found.get(span.first());
                if (document == null || number(document, "last") != span.last()) {
                    return Optional.empty();
                }
                var position = span.first();
                for (var line : document.getString("events").split("\n", -1)) {
                    events.add(new Placed(position++, EventLines.event(line)));
                }
            }
        }
        return Optional.of(events);
    }

    private Head head(long first, List<DeploymentEvent> events) {
        var span = Span.NONE;
        var position = first;
        for (var event : events) {
            span = span.with(position++, event);
        }
        return new Head(span, Math.max(line(), span.lineTo()));
    }

    private Head head(Document document) {
        var span = new Span(
                number(document, "first"),
                number(document, "last"),
                number(document, "lineFrom"),
                number(document, "lineTo"));
        return new Head(span, Math.max(line(), number(document, "line")));
    }

    private Document written(Head head, List<DeploymentEvent> events) {
        var span = head.span();
        return new Document("_id", id(span.first()))
                .append("deployment", deployment)
                .append("first", span.first())
                .append("last", span.last())
                .append("lineFrom", span.lineFrom())
                .append("lineTo", span.lineTo())
                .append("line", head.line())
                .append("at", Instant.now())
                .append(
                        "events",
                        String.join("\n", events.stream().map(EventLines::write).toList()));
    }

    private String id(long first) {
        return deployment + ":" + first;
    }

    private static long number(Document document, String field) {
        return document.get(field) instanceof Number number ? number.longValue() : 0;
    }
}
