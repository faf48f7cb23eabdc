package codehaven.dev;

import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.bson.Document;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A non-unique index in memory: which documents have which text in the index's first field, and which have which text as
 * their id. It is made anew from the documents when the server starts. What it gives for a query is a superset: the
 * server compares each document with the whole query.
 *
 * <p>The server alone would read all documents, also for a query by id and something else.
 */
final class FieldIndex extends Index<Object> {

    private static final String ID = "_id";

    /** What is known of a document's place. */
    private record Entry(Object id, @Nullable String text) {}

    private final String field;
    private final Map<Object, Entry> entries = new HashMap<>();
    private final Map<Object, Object> byId = new HashMap<>();
    private final Map<String, Set<Object>> byText = new HashMap<>();

    /** Places of documents in which the field is no text: they may match anything. */
    private final Set<Object> others = new LinkedHashSet<>();

    FieldIndex(String name, List<IndexKey> keys, boolean sparse) {
        super(name, keys, sparse);
        this.field = keys.getFirst().getKey();
    }

    @Override
    public synchronized boolean canHandle(Document query) {
        return wanted(query, ID) != null || wanted(query, field) != null;
    }

    @Override
    public synchronized Iterable<Object> getPositions(Document query) {
        var ids = wanted(query, ID);
        if (ids != null) {
            var found = new ArrayList<Object>();
            for (var each : ids) {
                var position = byId.get(each);
                if (position != null) {
                    found.add(position);
                }
            }
            return found;
        }
        var texts = wanted(query, field);
        if (texts == null) {
            throw new IllegalStateException("asked for what cannot be handled: " + query);
        }
        var found = new ArrayList<>(others);
        for (var each : texts) {
            found.addAll(byText.getOrDefault(each, Set.of()));
        }
        return found;
    }

    /** The texts of which the field must have one for a document to match; null if the query does not say so. */
    private static @Nullable Set<String> wanted(Document query, String field) {
        for (var each : query.entrySet()) {
            if (each.getKey().equals(field)) {
                var texts = texts(each.getValue());
                if (texts != null) {
                    return texts;
                }
            } else if (each.getKey().equals("$and") && each.getValue() instanceof Collection<?> parts) {
                for (var part : parts) {
                    var texts = part instanceof Document inner ? wanted(inner, field) : null;
                    if (texts != null) {
                        return texts;
                    }
                }
            }
        }
        return null;
    }

    private static @Nullable Set<String> texts(@Nullable Object condition) {
        if (condition instanceof String text) {
            return Set.of(text);
        }
        if (condition instanceof Document operators) {
            if (operators.get("$eq") instanceof String text) {
                return Set.of(text);
            }
            if (operators.get("$in") instanceof Collection<?> values) {
                var texts = new LinkedHashSet<String>();
                for (var value : values) {
                    if (!(value instanceof String text)) {
                        return null;
                    }
                    texts.add(text);
                }
                return texts;
            }
        }
        return null;
    }

    @Override
    public synchronized void add(Document document, Object position, MongoCollection<Object> collection) {
        forget(position);
        var id = document.get(ID);
        var text = document.get(field) instanceof String found ? found : null;
        entries.put(position, new Entry(id == null ? position : id, text));
        byId.put(id == null ? position : id, position);
        if (text == null) {
            others.add(position);
        } else {
            byText.computeIfAbsent(text, _ -> new LinkedHashSet<>()).add(position);
        }
    }

    @Override
    public synchronized @Nullable Object remove(Document document) {
        var position = getPosition(document);
        if (position != null) {
            forget(position);
        }
        return position;
    }

    private void forget(Object position) {
        var known = entries.remove(position);
        if (known == null) {
            return;
        }
        byId.remove(known.id());
        var text = known.text();
        if (text == null) {
            others.remove(position);
        } else {
            byText.computeIfPresent(text, (_, positions) -> {
                positions.remove(position);
                return positions.isEmpty() ? null : positions;
            });
        }
    }

    @Override
    public synchronized void updateInPlace(
            Document before, Document after, Object position, MongoCollection<Object> collection) {
        add(after, position, collection);
    }

    @Override
    public synchronized @Nullable Object getPosition(Document document) {
        var id = document.get(ID);
        return id == null ? null : byId.get(id);
    }

    @Override
    public void checkAdd(Document document, MongoCollection<Object> collection) {
        // Any value is welcome, as often as it comes.
    }

    @Override
    public void checkUpdate(Document before, Document after, MongoCollection<Object> collection) {
        // As above.
    }

    @Override
    public synchronized long getCount() {
        return entries.size();
    }

    /** It takes nothing of the file. */
    @Override
    public long getDataSize() {
        return 0;
    }

    @Override
    public synchronized void drop() {
        entries.clear();
        byId.clear();
        byText.clear();
        others.clear();
    }

    @Override
    public boolean isUnique() {
        return false;
    }
}
