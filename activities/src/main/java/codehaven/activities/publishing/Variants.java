package codehaven.activities.publishing;

import codehaven.model.Manifest.Variant;
import codehaven.state.Blobs;
import com.aayushatharva.brotli4j.Brotli4jLoader;
import com.aayushatharva.brotli4j.encoder.BrotliOutputStream;
import com.aayushatharva.brotli4j.encoder.Encoder;
import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/** Makes the compressed forms of a file that visitors' programs accept. */
final class Variants {

    /** Below this a compressed answer saves no packet. */
    static final long SMALLEST = 1024;
    /** Above this, nobody waits for a variant to be made. */
    static final long LARGEST = 128L << 20;
    /** A variant must be worth its place. */
    private static final double WORTH = 0.95;

    private static final long IN_MEMORY = 2L << 20;

    private static final long LITTLE = 4L << 20;
    private static final long MUCH = 64L << 20;

    /** In the order of preference when a visitor accepts all of them alike. */
    static final List<String> ENCODINGS =
            Brotli4jLoader.isAvailable() ? List.of("br", "gzip", "zstd") : List.of("gzip", "zstd");

    private final int brotli;
    private final int gzip;
    private final int zstd;

    /**
     * @param bytes how much there is to compress in all: the slowest settings gain some percent and are for sites where
     *     nobody has to wait for them
     */
    Variants(long bytes) {
        brotli = bytes <= LITTLE ? 11 : bytes <= MUCH ? 9 : 6;
        gzip = bytes <= MUCH ? 9 : 6;
        zstd = bytes <= LITTLE ? 19 : bytes <= MUCH ? 12 : 8;
    }

    /** How a compressed form is stored: from memory, or from a file that is deleted then. */
    interface Storing {
        void storeAs(Blobs blobs, String key) throws IOException;
    }

    /** A compressed form, ready to be stored. */
    record Made(Variant variant, Storing storing) {}

    /** Makes the variants that are worth it; large ones in files of the directory, named after the digest. */
    List<Made> make(String sha256, Path content, long size, Path directory) throws IOException {
        var made = new ArrayList<Made>();
        var small = size <= IN_MEMORY ? Files.readAllBytes(content) : null;
        for (var encoding : ENCODINGS) {
            if (small != null) {
                var compressed = compressed(encoding, small);
                if (compressed.length <= size * WORTH) {
                    made.add(new Made(
                            new Variant(encoding, compressed.length), (blobs, key) -> blobs.put(key, compressed)));
                }
                continue;
            }
            var target = directory.resolve(sha256 + "." + encoding);
            try (var out = encoder(encoding, Files.newOutputStream(target))) {
                Files.copy(content, out);
            }
            var length = Files.size(target);
            if (length <= size * WORTH) {
                made.add(new Made(new Variant(encoding, length), (blobs, key) -> {
                    blobs.put(key, target);
                    Files.delete(target);
                }));
            } else {
                Files.delete(target);
            }
        }
        return made;
    }

    /** At once: told the size beforehand, the encoders set up no more tables than it takes. */
    private byte[] compressed(String encoding, byte[] content) throws IOException {
        return switch (encoding) {
            case "br" -> Encoder.compress(content, new Encoder.Parameters().setQuality(brotli));
            case "zstd" -> Zstd.compress(content, zstd);
            default -> {
                var bytes = new ByteArrayOutputStream();
                try (var out = encoder(encoding, bytes)) {
                    out.write(content);
                }
                yield bytes.toByteArray();
            }
        };
    }

    private OutputStream encoder(String encoding, OutputStream out) throws IOException {
        return switch (encoding) {
            case "br" -> new BrotliOutputStream(out, new Encoder.Parameters().setQuality(brotli));
            case "zstd" -> new ZstdOutputStream(out, zstd);
            case "gzip" -> new Gzip(out, gzip);
            default -> throw new IllegalArgumentException(encoding);
        };
    }

    /** With a level, which the JDK's own class does not take. */
    private static final class Gzip extends GZIPOutputStream {
        Gzip(OutputStream out, int level) throws IOException {
            super(out);
            def.setLevel(level);
            def.setStrategy(Deflater.DEFAULT_STRATEGY);
        }
    }
}
