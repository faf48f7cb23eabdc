package codehaven.activities.publishing;

import codehaven.model.Manifest.Variant;
import com.aayushatharva.brotli4j.Brotli4jLoader;
import com.aayushatharva.brotli4j.encoder.BrotliOutputStream;
import com.aayushatharva.brotli4j.encoder.Encoder;
import com.github.luben.zstd.ZstdOutputStream;
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

    /** A compressed file, ready to be stored. */
    record Made(Variant variant, Path content) {}

    /** Makes the variants that are worth it, in files of the directory named after the digest. */
    List<Made> make(String sha256, Path content, long size, Path directory) throws IOException {
        var made = new ArrayList<Made>();
        for (var encoding : ENCODINGS) {
            var target = directory.resolve(sha256 + "." + encoding);
            try (var out = encoder(encoding, Files.newOutputStream(target))) {
                Files.copy(content, out);
            }
            var compressed = Files.size(target);
            if (compressed <= size * WORTH) {
                made.add(new Made(new Variant(encoding, compressed), target));
            } else {
                Files.delete(target);
            }
        }
        return made;
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
