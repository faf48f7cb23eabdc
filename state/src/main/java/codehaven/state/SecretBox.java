package codehaven.state;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Encrypts texts with AES-256-GCM (NIST SP 800-38D): a random 96-bit nonce each, bound to who owns them. The envelope is
 * {@code 1.<Base64 of nonce and ciphertext>}; the number says how it was made.
 */
final class SecretBox {

    private static final String VERSION = "1.";
    private static final int NONCE = 12;
    private static final int TAG_BITS = 128;

    private final @Nullable SecretKey key;
    private final SecureRandom random = new SecureRandom();

    private SecretBox(@Nullable SecretKey key) {
        this.key = key;
    }

    /**
     * @param base64 32 bytes; blank makes a box that neither seals nor opens, for processes that need no variables
     */
    static SecretBox of(String base64) {
        if (base64.isBlank()) {
            return new SecretBox(null);
        }
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(base64.strip());
        } catch (IllegalArgumentException e) {
            throw malformed();
        }
        if (bytes.length != 32) {
            throw malformed();
        }
        return new SecretBox(new SecretKeySpec(bytes, "AES"));
    }

    private static IllegalStateException malformed() {
        return new IllegalStateException(
                "CODEHAVEN_SECRET_KEY is not 32 bytes in Base64; make one with: openssl rand -base64 32");
    }

    String seal(String owner, String text) {
        var nonce = new byte[NONCE];
        random.nextBytes(nonce);
        try {
            var cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, key(), new GCMParameterSpec(TAG_BITS, nonce));
            cipher.updateAAD(owner.getBytes(StandardCharsets.UTF_8));
            var sealed = cipher.doFinal(text.getBytes(StandardCharsets.UTF_8));
            var envelope = new byte[NONCE + sealed.length];
            System.arraycopy(nonce, 0, envelope, 0, NONCE);
            System.arraycopy(sealed, 0, envelope, NONCE, sealed.length);
            return VERSION + Base64.getEncoder().encodeToString(envelope);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has AES-GCM", e);
        }
    }

    /**
     * @throws IllegalStateException if it was sealed for another owner or with another key
     */
    String open(String owner, String envelope) {
        if (!envelope.startsWith(VERSION)) {
            throw new IllegalStateException("The value of " + owner
                    + " was encrypted by a newer version of this program: use that one, or set the value again.");
        }
        try {
            var bytes = Base64.getDecoder().decode(envelope.substring(VERSION.length()));
            var cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(Cipher.DECRYPT_MODE, key(), new GCMParameterSpec(TAG_BITS, bytes, 0, NONCE));
            cipher.updateAAD(owner.getBytes(StandardCharsets.UTF_8));
            return new String(cipher.doFinal(bytes, NONCE, bytes.length - NONCE), StandardCharsets.UTF_8);
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new IllegalStateException(
                    "The value of " + owner
                            + " cannot be decrypted: it was encrypted with another CODEHAVEN_SECRET_KEY."
                            + " Start with the key it was set with, or set the value again.",
                    e);
        }
    }

    private SecretKey key() {
        if (key == null) {
            throw new IllegalStateException(
                    "CODEHAVEN_SECRET_KEY is not set, so environment variables can be neither kept nor read.");
        }
        return key;
    }
}
