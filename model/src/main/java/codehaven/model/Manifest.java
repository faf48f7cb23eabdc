package codehaven.model;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * All files of a deployment: path → content. It is itself stored as a blob, so that whoever can read blobs can serve.
 *
 * @param deployment the deployment that it was first made for
 * @param files by path, relative, with {@code /}, without a leading one; NFC
 * @param spa whether unknown paths are answered with {@code index.html}
 * @param cleanUrls whether {@code /a} serves {@code a.html} and {@code /a.html} is sent to {@code /a}
 */
public record Manifest(String deployment, SortedMap<String, File> files, boolean spa, boolean cleanUrls) {

    public Manifest {
        files = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(files));
    }

    /**
     * One file.
     *
     * @param sha256 of its bytes; its key is {@code blobs/<sha256>}
     * @param size in bytes
     * @param type the Content-Type to send, with charset where one belongs
     * @param variants which compressed variants exist beside the blob: some of {@code br}, {@code gz}, {@code zst}
     */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record File(String sha256, long size, String type, List<Variant> variants) {
        public File {
            variants = variants == null ? List.of() : List.copyOf(variants);
        }
    }

    /**
     * A compressed form of a blob, at {@code blobs/<sha256>.<suffix>}.
     *
     * @param encoding the HTTP content coding: {@code br}, {@code gzip} or {@code zstd}
     * @param size in bytes
     */
    public record Variant(String encoding, long size) {
        /** The suffix of the variant's key. */
        public String suffix() {
            return switch (encoding) {
                case "gzip" -> "gz";
                case "zstd" -> "zst";
                default -> encoding;
            };
        }
    }
}
