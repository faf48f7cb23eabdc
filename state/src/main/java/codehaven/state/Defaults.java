package codehaven.state;

import org.bson.Document;

/** What a document of an older version lacks. */
final class Defaults {

    private Defaults() {}

    static void settings(Document document) {
        within(within(document, "settings"), "limits");
    }

    private static Document within(Document document, String field) {
        var inner = document.get(field) instanceof Document known ? new Document(known) : new Document();
        document.put(field, inner);
        return inner;
    }
}
