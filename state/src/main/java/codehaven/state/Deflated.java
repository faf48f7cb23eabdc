package codehaven.state;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/** A text that is kept in memory at a fraction of its size (DEFLATE, RFC 1951, at its quickest). */
public final class Deflated {

    private final byte[] bytes;

    private Deflated(byte[] bytes) {
        this.bytes = bytes;
    }

    public static Deflated of(String text) {
        var bytes = new ByteArrayOutputStream();
        var deflater = new Deflater(Deflater.BEST_SPEED);
        try (var out = new DeflaterOutputStream(bytes, deflater)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("memory does not fail", e);
        } finally {
            deflater.end();
        }
        return new Deflated(bytes.toByteArray());
    }

    public String text() {
        try (var in = new InflaterInputStream(new ByteArrayInputStream(bytes))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("memory does not fail", e);
        }
    }

    /** How many bytes it takes. */
    public int size() {
        return bytes.length;
    }
}
