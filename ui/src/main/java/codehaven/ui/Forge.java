package codehaven.ui;

import codehaven.model.CommitSha;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.web.util.UriUtils;

/** Where the web pages of a repository's host are, for hosts whose addresses are known. */
final class Forge {

    private enum Kind {
        GITHUB("/blob/", "/commit/", "#L"),
        GITLAB("/-/blob/", "/-/commit/", "#L"),
        BITBUCKET("/src/", "/commits/", "#lines-"),
        GITEA("/src/commit/", "/commit/", "#L");

        private final String file;
        private final String commit;
        private final String line;

        Kind(String file, String commit, String line) {
            this.file = file;
            this.commit = commit;
            this.line = line;
        }
    }

    private static final Set<String> GITEA = Set.of("codeberg", "gitea", "forgejo");

    private final Kind kind;
    private final String base;

    private Forge(Kind kind, String base) {
        this.kind = kind;
        this.base = base;
    }

    /** Known by the public hosts' names, and by hosts called after their software, such as {@code gitlab.example.org}. */
    static Optional<Forge> of(String repository) {
        URI uri;
        try {
            uri = URI.create(repository);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        var isWeb = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
        if (!isWeb || uri.getHost() == null || uri.getRawPath() == null) {
            return Optional.empty();
        }
        var kind = kindOf(uri.getHost().toLowerCase(Locale.ROOT));
        if (kind == null) {
            return Optional.empty();
        }
        var path = uri.getRawPath().replaceFirst("/+$", "").replaceFirst("\\.git$", "");
        return path.isEmpty()
                ? Optional.empty()
                : Optional.of(new Forge(kind, uri.getScheme() + "://" + uri.getRawAuthority() + path));
    }

    private static @Nullable Kind kindOf(String host) {
        var first = host.substring(0, Math.max(0, host.indexOf('.')));
        if (host.equals("bitbucket.org")) {
            return Kind.BITBUCKET;
        }
        if (GITEA.contains(first)) {
            return Kind.GITEA;
        }
        return switch (first) {
            case "github" -> Kind.GITHUB;
            case "gitlab" -> Kind.GITLAB;
            default -> null;
        };
    }

    /** The page of a commit. */
    String commit(CommitSha sha) {
        return base + kind.commit + sha.text();
    }

    /** A file as it was at a commit, at a line where one is given. */
    String file(CommitSha sha, String file, @Nullable Integer line) {
        return base + kind.file + sha.text() + "/" + UriUtils.encodePath(file, StandardCharsets.UTF_8)
                + (line == null ? "" : kind.line + line);
    }
}
