package codehaven.edge;

import codehaven.model.Manifest;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a path of a site leads to: file, clean URL, directory index, fallback of a single-page app, nearest {@code
 * 404.html}. A path is only ever compared with the keys of the manifest, so there is nothing to traverse.
 */
sealed interface Lookup {

    /** The file with this key. */
    record Found(String key, Manifest.File file) implements Lookup {}

    /** Another path, as a key, is the right one for the same thing. */
    record Moved(String to) implements Lookup {}

    /** Nothing; with the site's own page for that, if it has one. */
    record Missing(Manifest.@Nullable File page) implements Lookup {}

    String INDEX = "index.html";
    String HTML = ".html";
    String NOT_FOUND = "404.html";

    /**
     * Endings of things that pages embed. A single-page app answers unknown paths with its page, but a browser that asked
     * for a script and gets a page reports a puzzling error, and caches keep it: these are 404, as with Vite's own server.
     */
    Set<String> EMBEDDED = Set.of(
            "js",
            "mjs",
            "cjs",
            "css",
            "map",
            "json",
            "wasm",
            "xml",
            "txt",
            "webmanifest",
            "ico",
            "png",
            "jpg",
            "jpeg",
            "gif",
            "webp",
            "avif",
            "svg",
            "bmp",
            "mp4",
            "webm",
            "ogg",
            "mp3",
            "wav",
            "m4a",
            "mov",
            "woff",
            "woff2",
            "ttf",
            "otf",
            "eot",
            "pdf",
            "zip",
            "gz",
            "br",
            "zst",
            "tar",
            "php",
            "asp",
            "aspx",
            "jsp",
            "cgi",
            "env",
            "sql",
            "bak");

    /**
     * @param path decoded, without the leading slash
     */
    static Lookup of(SiteFiles site, String path) {
        if (SitePath.hidden(path)) {
            return new Missing(nearestPage(site, path));
        }
        var found = path.isEmpty() || path.endsWith("/") ? folder(site, path) : page(site, path);
        if (found != null) {
            return found;
        }
        var nearest = nearestPage(site, path);
        var index = site.find(INDEX);
        // A folder with a page of its own for what is missing in it is not the single page's.
        var ofTheTop = nearest == null || nearest.equals(site.find(NOT_FOUND));
        if (site.spa() && index != null && ofTheTop && !isEmbedded(path)) {
            return new Found(INDEX, index);
        }
        return new Missing(nearest);
    }

    private static @Nullable Lookup folder(SiteFiles site, String path) {
        var index = site.find(path + INDEX);
        if (index != null) {
            return new Found(path + INDEX, index);
        }
        if (site.cleanUrls() && !path.isEmpty()) {
            var page = path.substring(0, path.length() - 1);
            return site.find(page + HTML) != null ? new Moved(page) : null;
        }
        return null;
    }

    private static @Nullable Lookup page(SiteFiles site, String path) {
        var exact = site.find(path);
        if (exact != null) {
            var clean = site.cleanUrls() ? clean(site, path) : null;
            return clean == null ? new Found(path, exact) : new Moved(clean);
        }
        var page = site.cleanUrls() ? site.find(path + HTML) : null;
        if (page != null) {
            var clean = clean(site, path + HTML);
            return clean == null || clean.equals(path) ? new Found(path + HTML, page) : new Moved(clean);
        }
        return site.find(path + "/" + INDEX) != null ? new Moved(path + "/") : null;
    }

    /** The path without the ending that needs not be seen; null if it has none or means something else. */
    private static @Nullable String clean(SiteFiles site, String path) {
        if (path.equals(INDEX) || path.endsWith("/" + INDEX)) {
            return path.substring(0, path.length() - INDEX.length());
        }
        if (!path.endsWith(HTML) || path.endsWith("/" + HTML)) {
            return null;
        }
        var clean = path.substring(0, path.length() - HTML.length());
        return site.find(clean) == null ? clean : null;
    }

    private static boolean isEmbedded(String path) {
        var dot = path.lastIndexOf('.');
        return dot > path.lastIndexOf('/')
                && EMBEDDED.contains(path.substring(dot + 1).toLowerCase(Locale.ROOT));
    }

    private static Manifest.@Nullable File nearestPage(SiteFiles site, String path) {
        for (var slash = path.lastIndexOf('/'); slash >= 0; slash = path.lastIndexOf('/', slash - 1)) {
            var page = site.find(path.substring(0, slash + 1) + NOT_FOUND);
            if (page != null) {
                return page;
            }
        }
        return site.find(NOT_FOUND);
    }
}
