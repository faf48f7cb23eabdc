package codehaven.edge;

import codehaven.model.Manifest;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which form of a file a client takes best (RFC 9110, 12.5.3). */
final class Encodings {

    private static final List<String> PREFERRED = List.of("br", "zstd", "gzip");

    private Encodings() {}

    /**
     * A form of a file.
     *
     * @param variant null for the file as it is
     */
    record Form(Manifest.File file, Manifest.@Nullable Variant variant) {

        BlobKey key() {
            return new BlobKey(file.sha256(), variant == null ? null : variant.suffix());
        }

        long size() {
            return variant == null ? file.size() : variant.size();
        }

        /** Strong: these very bytes, in this coding. */
        String etag() {
            var digest = file.sha256().substring(0, 32);
            return variant == null ? "\"" + digest + "\"" : "\"" + digest + "-" + variant.suffix() + "\"";
        }
    }

    static Form asIs(Manifest.File file) {
        return new Form(file, null);
    }

    /**
     * The form with the highest weight, the smallest of those; null if the client takes none.
     *
     * @param accepted all Accept-Encoding fields
     */
    static @Nullable Form choose(Manifest.File file, List<String> accepted) {
        if (accepted.isEmpty()) {
            return asIs(file);
        }
        var weights = weights(accepted);
        Manifest.Variant best = null;
        var bestWeight = 0.0;
        for (var variant : file.variants()) {
            var weight = weight(weights, variant.encoding(), 0);
            if (weight > 0 && (weight > bestWeight || (weight == bestWeight && isBetter(variant, best)))) {
                best = variant;
                bestWeight = weight;
            }
        }
        // Not mentioned, the file as it is remains acceptable, but comes after everything that was mentioned.
        var identity = weights.getOrDefault("identity", weights.getOrDefault("*", 1.0) == 0 ? 0.0 : 0.0001);
        if (best != null && bestWeight >= identity) {
            return new Form(file, best);
        }
        return identity > 0 ? asIs(file) : null;
    }

    private static double weight(Map<String, Double> weights, String coding, double absent) {
        return weights.getOrDefault(coding, weights.getOrDefault("*", absent));
    }

    private static boolean isBetter(Manifest.Variant variant, Manifest.@Nullable Variant than) {
        return than == null
                || variant.size() < than.size()
                || (variant.size() == than.size()
                        && PREFERRED.indexOf(variant.encoding()) < PREFERRED.indexOf(than.encoding()));
    }

    private static Map<String, Double> weights(List<String> accepted) {
        var weights = new HashMap<String, Double>();
        for (var field : accepted) {
            for (var part : field.split(",", -1)) {
                var pieces = part.split(";", -1);
                var coding = pieces[0].strip().toLowerCase(Locale.ROOT);
                if (!coding.isEmpty()) {
                    weights.put(coding.equals("x-gzip") ? "gzip" : coding, quality(pieces));
                }
            }
        }
        return weights;
    }

    private static double quality(String[] pieces) {
        for (var i = 1; i < pieces.length; i++) {
            var piece = pieces[i].strip();
            if (piece.startsWith("q=") || piece.startsWith("Q=")) {
                try {
                    return Math.clamp(Double.parseDouble(piece.substring(2).strip()), 0, 1);
                } catch (NumberFormatException e) {
                    return 0;
                }
            }
        }
        return 1;
    }
}
