package codehaven.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/** A DNS host name in lower case, without a port or a final dot (RFC 1123; at most 253 characters, labels of 63). */
public record Host(@JsonValue String text) {

    private static final int LABEL = 63;
    private static final int HASH = 6;
    private static final Pattern FORM =
            Pattern.compile("(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?");
    private static final Pattern OTHER = Pattern.compile("[^a-z0-9]+");

    @JsonCreator
    public Host {
        if (text.length() > 253 || !FORM.matcher(text).matches()) {
            throw new IllegalArgumentException("not a host name: '" + text + "'");
        }
    }

    /** {@code <project>.<domain>}. */
    public static Host ofProduction(Slug project, String domain) {
        return new Host(project.text() + "." + domain);
    }

    /** {@code <project>-<deployment id>.<domain>}. */
    public static Host ofDeployment(Slug project, String deploymentId, String domain) {
        return new Host(project.text() + "-" + deploymentId + "." + domain);
    }

    /** {@code <project>-git-<branch slug>.<domain>}; a label that is too long is cut and ends in a hash of the whole. */
    public static Host ofBranch(Slug project, String branch, String domain) {
        var slug =
                OTHER.matcher(branch.toLowerCase(Locale.ROOT)).replaceAll("-").replaceAll("^-+|-+$", "");
        var label = project.text() + "-git-" + (slug.isEmpty() ? hash(branch) : slug);
        if (label.length() > LABEL) {
            label = label.substring(0, LABEL - HASH - 1).replaceAll("-+$", "") + "-"
                    + hash(project.text() + "/" + branch);
        }
        return new Host(label + "." + domain);
    }

    private static String hash(String text) {
        try {
            var digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest).substring(0, HASH);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public String toString() {
        return text;
    }
}
