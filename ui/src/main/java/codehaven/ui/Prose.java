package codehaven.ui;

import java.util.ArrayList;
import java.util.List;

/** A sentence with code in it, written between backticks. */
final class Prose {

    private Prose() {}

    /** A part of a sentence. */
    record Piece(String text, boolean code) {}

    static List<Piece> of(String sentence) {
        var parts = sentence.split("`", -1);
        var pieces = new ArrayList<Piece>();
        for (int i = 0; i < parts.length; i++) {
            // The last backtick may be without a partner.
            var code = i % 2 == 1 && i < parts.length - 1;
            var text = i % 2 == 1 && !code ? "`" + parts[i] : parts[i];
            if (!text.isEmpty()) {
                pieces.add(new Piece(text, code));
            }
        }
        return List.copyOf(pieces);
    }
}
