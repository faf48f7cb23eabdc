package codehaven.state;

import static com.mongodb.client.model.Filters.and;
import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.gt;
import static com.mongodb.client.model.Filters.lte;
import static com.mongodb.client.model.Sorts.ascending;
import static com.mongodb.client.model.Sorts.descending;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import org.bson.Document;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;

/**
 * What apps print, the last part of it: lines are numbered from 1 without a gap, and the oldest go when there are more
 * than {@link #MOST_LINES}.
 */
public final class RuntimeLogs {

    /** How many lines are kept of each deployment; a few hundred more while they come. */
    public static final int MOST_LINES = 20_000;

    /** How many lines {@link #append} takes at once. */
    public static final int LINES_PER_BATCH = 500;

    /** A longer line is cut. */
    public static final int LONGEST_LINE = 16 * 1024;

    private static final int ATTEMPTS = 50;

    /**
     * @param n its number, from 1; 0 for one that is to be appended
     * @param instance which container printed it, from 1
     * @param stream {@code stdout}, {@code stderr}, or {@code system} for what the platform itself says
     */
    public record Line(long n, Instant at, int instance, String stream, String text) {}

    private final Mongo mongo;

    RuntimeLogs(Mongo mongo) {
        this.mongo = mongo;
    }

    /** Appends lines, at most {@link #LINES_PER_BATCH}, in one write. Returns the number of the last one. */
    public long append(String deployment, List<Line> lines) {
        if (lines.size() > LINES_PER_BATCH) {
            throw new IllegalArgumentException("at most " + LINES_PER_BATCH + " lines at a time");
        }
        if (lines.isEmpty()) {
            return last(deployment);
        }
        for (int attempt = 1; ; attempt++) {
            var first = last(deployment) + 1;
            var last = first + lines.size() - 1;
            var document = new Document("_id", deployment + ":" + first)
                    .append("deployment", deployment)
                    .append("first", first)
                    .append("last", last)
                    .append("lines", lines.stream().map(RuntimeLogs::written).toList());
            try {
                mongo.in(Mongo.RUNTIME_LOGS, logs -> logs.insertOne(document));
                mongo.in(
                        Mongo.RUNTIME_LOGS,
                        logs -> logs.deleteMany(and(eq("deployment", deployment), lte("last", last - MOST_LINES))));
                return last;
            } catch (DuplicateKeyException e) {
                // Another container's lines took the place.
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** The number of the last line, 0 if there is none. */
    public long last(String deployment) {
        var newest = mongo.in(
                Mongo.RUNTIME_LOGS,
                logs -> logs.find(eq("deployment", deployment))
                        .sort(descending("last"))
                        .limit(1)
                        .first());
        return newest == null ? 0 : newest.get("last", Number.class).longValue();
    }

    /** The lines with numbers above {@code after}, the first {@code limit} of those that are kept, in order. */
    public List<Line> read(String deployment, long after, int limit) {
        var lines = new ArrayList<Line>();
        mongo.in(Mongo.RUNTIME_LOGS, logs -> {
            try (var batches = logs.find(and(eq("deployment", deployment), gt("last", after)))
                    .sort(ascending("last"))
                    .cursor()) {
                while (batches.hasNext() && lines.size() < limit) {
                    for (var each : lines(batches.next())) {
                        if (each.n() > after && lines.size() < limit) {
                            lines.add(each);
                        }
                    }
                }
            }
            return true;
        });
        return lines;
    }

    /** The newest {@code limit} lines, in order. */
    public List<Line> tail(String deployment, int limit) {
        return read(deployment, Math.max(0, last(deployment) - limit), limit);
    }

    /** The lines that have a text, in any case, the newest {@code limit}, in order. */
    public List<Line> find(String deployment, String text, int limit) {
        var wanted = text.toLowerCase(Locale.ROOT);
        var found = read(deployment, 0, Integer.MAX_VALUE).stream()
                .filter(each -> each.text().toLowerCase(Locale.ROOT).contains(wanted))
                .toList();
        return found.subList(Math.max(0, found.size() - limit), found.size());
    }

    /** When a container's newest line was printed; absent when none is kept. */
    public @Nullable Instant lastAt(String deployment, int instance) {
        return read(deployment, 0, Integer.MAX_VALUE).reversed().stream()
                .filter(each -> each.instance() == instance && !each.stream().equals("system"))
                .map(Line::at)
                .findFirst()
                .orElse(null);
    }

    public void delete(String deployment) {
        mongo.in(Mongo.RUNTIME_LOGS, logs -> logs.deleteMany(eq("deployment", deployment)));
    }

    private static Document written(Line line) {
        var text = line.text().length() > LONGEST_LINE ? line.text().substring(0, LONGEST_LINE) + "…" : line.text();
        return new Document("at", Date.from(line.at()))
                .append("instance", line.instance())
                .append("stream", line.stream())
                .append("text", text);
    }

    private static List<Line> lines(Document batch) {
        var n = batch.get("first", Number.class).longValue();
        var lines = new ArrayList<Line>();
        for (var each : batch.getList("lines", Document.class)) {
            lines.add(new Line(
                    n++,
                    each.getDate("at").toInstant(),
                    each.getInteger("instance"),
                    each.getString("stream"),
                    each.getString("text")));
        }
        return lines;
    }
}
