package codehaven.edge;

import codehaven.state.Blobs;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The name of stored bytes: a digest, and a suffix where they are a compressed form of what has that digest.
 *
 * @param suffix {@code br}, {@code gz} or {@code zst}
 */
record BlobKey(String sha256, @Nullable String suffix) {

    private static final Set<String> SUFFIXES = Set.of("br", "gz", "zst");

    BlobKey {
        if (!isDigest(sha256) || (suffix != null && !SUFFIXES.contains(suffix))) {
            throw new IllegalArgumentException("not the name of a blob: " + sha256 + "." + suffix);
        }
    }

    private static boolean isDigest(String text) {
        if (text.length() != 64) {
            return false;
        }
        for (var i = 0; i < 64; i++) {
            var c = text.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
                return false;
            }
        }
        return true;
    }

    static BlobKey of(String sha256) {
        return new BlobKey(sha256, null);
    }

    /**
     * @throws IllegalArgumentException if this is not what {@link #text} returns
     */
    static BlobKey parse(String text) {
        var dot = text.indexOf('.');
        return dot < 0 ? of(text) : new BlobKey(text.substring(0, dot), text.substring(dot + 1));
    }

    /** Also the name of its file. */
    String text() {
        return suffix == null ? sha256 : sha256 + "." + suffix;
    }

    String inStorage() {
        return suffix == null ? Blobs.blob(sha256) : Blobs.variant(sha256, suffix);
    }

    /** Whether the bytes can be what the key says, as far as can be told; a size of -1 is any. */
    boolean fits(byte[] bytes, long size) {
        return (size < 0 || bytes.length == size)
                && (suffix != null || isOf(newDigest().digest(bytes)));
    }

    /** Whether content with this digest can be what the key says. What is compressed can be anything. */
    boolean isOf(byte[] digest) {
        return suffix != null || HexFormat.of().formatHex(digest).equals(sha256);
    }

    static String sha256(byte[] bytes) {
        return HexFormat.of().formatHex(newDigest().digest(bytes));
    }

    static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public String toString() {
        return text();
    }
}
