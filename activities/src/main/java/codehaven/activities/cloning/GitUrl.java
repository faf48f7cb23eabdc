package codehaven.activities.cloning;

import codehaven.model.FailureKind;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A repository's address that may be asked for: {@code https}, and where local remotes are allowed also {@code http}
 * and {@code file}. Never with a user or a password in it.
 */
record GitUrl(URI uri) {

    static final String SETTING = "CODEHAVEN_GIT_ALLOW_LOCAL";

    private static final int LONGEST = 2_000;
    private static final Pattern HELPER = Pattern.compile("[A-Za-z0-9+.-]+::.*");
    private static final Pattern SCP = Pattern.compile("(?:[^/@:]+@)?([A-Za-z0-9.-]+):(?!//)(.+)");
    private static final Pattern QUAD = Pattern.compile("(?:(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(?:\\.(?!$)|$)){4}");
    private static final Pattern NUMBER = Pattern.compile("\\d+|0[xX][0-9a-fA-F]*");

    /**
     * @param local whether {@code http} and {@code file} are allowed
     * @throws RemoteProblem with a sentence that names the rule that the address breaks
     */
    static GitUrl of(String text, boolean local) throws RemoteProblem {
        if (text.isBlank()) {
            throw refused("The repository's address is empty; give one such as https://example.com/team/site.git.");
        }
        if (text.length() > LONGEST) {
            throw refused("The repository's address is longer than " + LONGEST + " characters.");
        }
        if (text.chars().anyMatch(each -> each <= ' ' || each == 0x7f)) {
            throw refused("The repository's address has a space or a control character in it.");
        }
        if (text.startsWith("-")) {
            throw refused("A repository's address does not begin with '-'.");
        }
        if (HELPER.matcher(text).matches()) {
            throw refused("The address " + Shown.quoted(text)
                    + " asks for a Git remote helper, which runs programs: give an https:// address.");
        }
        var schemeEnd = text.indexOf("://");
        if (schemeEnd < 0 && !text.regionMatches(true, 0, "file:", 0, 5)) {
            throw withoutScheme(text);
        }
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException notOne) {
            throw refused(
                    text.contains("@")
                            ? "The repository's address is not a valid URL: " + notOne.getReason() + "."
                            : "The repository's address " + Shown.quoted(text) + " is not a valid URL: "
                                    + notOne.getReason() + ".");
        }
        return of(uri, local);
    }

    static GitUrl of(URI uri, boolean local) throws RemoteProblem {
        var scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        // Not echoed: what stands there may be a secret.
        if (uri.getRawUserInfo() != null
                || (uri.getRawAuthority() != null && uri.getRawAuthority().contains("@"))) {
            throw refused("The repository's address has a user or a password in it, which would end up in logs:"
                    + " give the address without them.");
        }
        if (uri.getRawQuery() != null || uri.getRawFragment() != null) {
            throw refused("The repository's address has a '?' or a '#' in it: give the address to clone from,"
                    + " and a branch separately.");
        }
        return switch (scheme) {
            case "https" -> new GitUrl(withHost(uri));
            case "http" -> {
                if (!local) {
                    throw refused("http:// is refused for " + Shown.quoted(String.valueOf(uri.getHost()))
                            + ": repositories come over https:// only, unless an administrator sets " + SETTING
                            + " to true.");
                }
                yield new GitUrl(withHost(uri));
            }
            case "file" -> {
                if (!local) {
                    throw refused("file: addresses are refused, unless an administrator sets " + SETTING
                            + " to true; give an https:// address.");
                }
                yield new GitUrl(localFile(uri));
            }
            default ->
                throw refused(Shown.plain(scheme, 20) + ":// addresses are refused: repositories come over https://"
                        + " only" + (uri.getHost() == null ? "." : "; try https://" + uri.getHost() + path(uri) + "."));
        };
    }

    boolean isFile() {
        return "file".equalsIgnoreCase(uri.getScheme());
    }

    /** For sentences: where it is asked, without the path. */
    String host() {
        return isFile() ? "this machine" : uri.getHost();
    }

    /** The host to connect to; an IPv6 address without its brackets. */
    static String bare(String host) {
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }

    /** A submodule's address as its parent's {@code .gitmodules} gives it: whole, or relative to the parent's. */
    GitUrl submodule(String text, boolean local) throws RemoteProblem {
        if (!text.startsWith("./") && !text.startsWith("../")) {
            return of(text, local);
        }
        var base = uri.toString().replaceAll("/+$", "");
        var rest = text;
        while (rest.startsWith("./") || rest.startsWith("../")) {
            if (rest.startsWith("../")) {
                var cut = base.lastIndexOf('/');
                if (cut <= base.indexOf("://") + 2) {
                    throw refused("A submodule's address " + Shown.quoted(text) + " leads above its host.");
                }
                base = base.substring(0, cut);
                rest = rest.substring(3);
            } else {
                rest = rest.substring(2);
            }
        }
        return of(base + "/" + rest, local);
    }

    @Override
    public String toString() {
        return uri.toString();
    }

    private static URI withHost(URI uri) throws RemoteProblem {
        var host = uri.getHost() == null
                ? String.valueOf(uri.getRawAuthority()).replaceFirst(":\\d*$", "")
                : uri.getHost();
        if (host.startsWith("[") && host.contains("%")) {
            throw refused("The repository's address names a network interface, which is refused.");
        }
        if (host.startsWith("[") && host.contains(".")) {
            throw refused("The host " + Shown.quoted(host)
                    + " is an IPv6 address in an unusual form: write it in hexadecimal throughout.");
        }
        if (host.endsWith(".")) {
            throw refused("The host " + Shown.quoted(host) + " ends in a dot: write it without.");
        }
        var last = host.substring(host.lastIndexOf('.') + 1);
        if (NUMBER.matcher(last).matches() && !QUAD.matcher(host).matches()) {
            throw refused("The host " + Shown.quoted(host)
                    + " is a number in an unusual form: write an address as four decimal numbers.");
        }
        if (uri.getHost() == null || host.isEmpty()) {
            throw refused("The repository's address has no valid host name: give one such as"
                    + " https://example.com/team/site.git.");
        }
        if (uri.getPort() == 0 || uri.getPort() > 65_535) {
            throw refused("The repository's address has the port " + uri.getPort() + ", which there is not.");
        }
        return uri;
    }

    private static URI localFile(URI uri) throws RemoteProblem {
        var authority = uri.getRawAuthority();
        var path = uri.getPath();
        if ((authority != null && !authority.isEmpty() && !authority.equalsIgnoreCase("localhost"))
                || path == null
                || !path.startsWith("/")) {
            throw refused("A file: address has the form file:///directory.");
        }
        return uri;
    }

    private static RemoteProblem withoutScheme(String text) {
        var scp = SCP.matcher(text);
        if (scp.matches()) {
            return refused("SSH addresses are refused: repositories come over https:// only; try https://"
                    + Shown.plain(scp.group(1), 100) + "/"
                    + Shown.plain(scp.group(2).replaceAll("^/+", ""), 100) + ".");
        }
        if (text.startsWith("/") || text.startsWith(".") || text.startsWith("~")) {
            return refused("The repository's address is a path: give an https:// address.");
        }
        return refused("The repository's address has no scheme: "
                + (text.contains("@") ? "begin it with https://." : "try https://" + Shown.plain(text, 100) + "."));
    }

    private static String path(URI uri) {
        return uri.getRawPath() == null ? "" : Shown.plain(uri.getRawPath(), 100);
    }

    private static RemoteProblem refused(String sentence) {
        return new RemoteProblem(FailureKind.REPOSITORY_REFUSED, sentence);
    }
}
