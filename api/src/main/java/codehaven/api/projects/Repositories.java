package codehaven.api.projects;

import codehaven.api.ApiSettings;
import java.net.InetAddress;
import java.net.URI;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.springframework.stereotype.Component;

/**
 * Reads the address of a repository as people write it. Only its form is judged here; what it resolves to is judged
 * when it is cloned.
 */
@Component
public final class Repositories {

    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://.*|file:.*");
    private static final Pattern SCP =
            Pattern.compile("(?:[^/@:\\s]+@)?([A-Za-z0-9.-]+\\.[A-Za-z0-9-]+):(?!\\d+/)(.+)");
    private static final Pattern SHORT = Pattern.compile("[A-Za-z0-9-]+/[A-Za-z0-9._-]+");
    private static final Pattern QUAD = Pattern.compile("(?:\\d{1,3}\\.){3}\\d{1,3}");
    private static final Pattern NUMERIC = Pattern.compile("(?i)(?:0x[0-9a-f]*|\\d+)(?:\\.(?:0x[0-9a-f]*|\\d+))*\\.?");

    /** Hosts whose repositories have one address with and without {@code .git}. */
    private static final Set<String> FORGES = Set.of("github.com", "gitlab.com", "bitbucket.org", "codeberg.org");

    private final boolean allowLocal;

    Repositories(ApiSettings settings) {
        this.allowLocal = settings.gitAllowLocal();
    }

    /**
     * One address for one repository.
     *
     * @throws IllegalArgumentException with a sentence that says what to write instead
     */
    public String normalised(String text) {
        var given = text.strip();
        if (given.chars().anyMatch(c -> Character.isWhitespace(c) || Character.isISOControl(c))
                || given.contains("\\")) {
            throw new IllegalArgumentException("A repository's address has no spaces or backslashes in it.");
        }
        if (SHORT.matcher(given).matches()
                && !given.substring(0, given.indexOf('/')).contains(".")) {
            throw new IllegalArgumentException("Give the whole address, such as https://github.com/" + given + ".");
        }
        if (!SCHEME.matcher(given).matches()) {
            var scp = SCP.matcher(given);
            if (scp.matches()) {
                throw new IllegalArgumentException("Addresses for SSH cannot be used. Write https://" + scp.group(1)
                        + "/" + withoutGit(scp.group(2)) + " instead.");
            }
            if (given.startsWith("/") || given.startsWith(".")) {
                throw new IllegalArgumentException("This is a path. Give the repository's https:// address"
                        + (allowLocal ? ", or file:// and the whole path." : "."));
            }
            given = "https://" + given;
        }
        return checked(parsed(given));
    }

    private String checked(URI uri) {
        var scheme = uri.getScheme().toLowerCase(Locale.ROOT);
        if (uri.getRawUserInfo() != null
                || (uri.getRawAuthority() != null && uri.getRawAuthority().contains("@"))) {
            throw new IllegalArgumentException(
                    scheme.equals("ssh")
                            ? "Addresses for SSH cannot be used. Write the https address of the repository instead."
                            : "The address has a user or password in it. Leave them out: they would end up in logs.");
        }
        if (uri.getRawQuery() != null || uri.getRawFragment() != null) {
            throw new IllegalArgumentException("A repository's address has no '?' or '#' in it.");
        }
        switch (scheme) {
            case "https" -> {}
            case "http", "file" -> {
                if (!allowLocal) {
                    throw new IllegalArgumentException("Only https addresses are allowed here, not " + scheme
                            + ". An administrator can allow it with CODEHAVEN_GIT_ALLOW_LOCAL=true.");
                }
            }
            case "ssh", "git" ->
                throw new IllegalArgumentException("Addresses for " + scheme.toUpperCase(Locale.ROOT)
                        + " cannot be used. Write the https address of the repository instead.");
            default ->
                throw new IllegalArgumentException(
                        "A repository's address begins with https://, not with " + scheme + ":.");
        }
        var path = uri.getRawPath() == null ? "" : uri.getRawPath().replaceAll("/+$", "");
        if (path.isEmpty()) {
            throw new IllegalArgumentException(
                    "The address names no repository. Give all of it, such as https://github.com/owner/name.");
        }
        if (scheme.equals("file")) {
            return "file://" + path;
        }
        var host = uri.getHost();
        if (host == null) {
            throw new IllegalArgumentException("The address has no proper host name in it.");
        }
        host = host.toLowerCase(Locale.ROOT);
        if (!allowLocal && isLocal(host)) {
            throw new IllegalArgumentException(host
                    + " is an address of this machine or a private network. An administrator can allow it with"
                    + " CODEHAVEN_GIT_ALLOW_LOCAL=true.");
        }
        if (FORGES.contains(host)) {
            path = withoutGit(path);
            if (path.indexOf('/', 1) < 0) {
                throw new IllegalArgumentException(
                        "The address names no repository. Give all of it, such as https://" + host + path + "/name.");
            }
            var beyond = path.indexOf('/', path.indexOf('/', 1) + 1);
            if (host.equals("github.com") && beyond > 0) {
                throw new IllegalArgumentException("Give the repository's own address, https://" + host
                        + path.substring(0, beyond) + ", and a branch or root directory as settings.");
            }
        }
        return scheme + "://" + host + (uri.getPort() < 0 ? "" : ":" + uri.getPort()) + path;
    }

    private static URI parsed(String text) {
        try {
            return URI.create(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "This is not an address of a repository. Give one such as https://github.com/owner/name.", e);
        }
    }

    /** The last part of the address, which people take for the repository's name. */
    public static String nameOf(String repository) {
        var path = withoutGit(repository.replaceAll("/+$", ""));
        return path.substring(path.lastIndexOf('/') + 1);
    }

    private static String withoutGit(String path) {
        return path.endsWith(".git") ? path.substring(0, path.length() - 4) : path;
    }

    private static boolean isLocal(String host) {
        if (host.equals("localhost")
                || host.endsWith(".localhost")
                || host.endsWith(".local")
                || host.endsWith(".internal")
                || !(host.contains(".") || host.contains(":"))) {
            return true;
        }
        var bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        if (!bare.contains(":") && !QUAD.matcher(bare).matches()) {
            return NUMERIC.matcher(bare).matches();
        }
        try {
            var address = InetAddress.ofLiteral(bare);
            return address.isLoopbackAddress()
                    || address.isSiteLocalAddress()
                    || address.isLinkLocalAddress()
                    || address.isAnyLocalAddress()
                    || address.isMulticastAddress();
        } catch (IllegalArgumentException e) {
            return true;
        }
    }
}
