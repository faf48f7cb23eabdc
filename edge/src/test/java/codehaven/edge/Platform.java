package codehaven.edge;

import codehaven.model.Host;
import codehaven.model.Manifest;
import codehaven.model.Site;
import codehaven.model.Slug;
import codehaven.model.Target;
import codehaven.state.Blobs;
import codehaven.state.Sites;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Predicate;

/** The rest of the platform in memory, with a switch. */
final class Platform {

    static final Instant POINTED = Instant.parse("2026-03-04T05:06:07.890Z");

    final Map<String, byte[]> storage = new ConcurrentHashMap<>();
    final Map<Host, Numbered> sites = new ConcurrentHashMap<>();
    final AtomicInteger opens = new AtomicInteger();
    /** Each deployment as often as it was woken, or said to be used. */
    final List<String> woken = new CopyOnWriteArrayList<>();

    final List<String> used = new CopyOnWriteArrayList<>();
    volatile Predicate<String> waking = _ -> true;
    volatile boolean away;
    volatile Function<byte[], InputStream> reading = ByteArrayInputStream::new;
    private long change;

    record Numbered(long change, Site site) {}

    Source source() {
        answering();
        return new Source(this::changedSince, this::find, this::open, this::wake, this::used, _ -> () -> {}, () -> {});
    }

    private boolean wake(String deployment, Instant now) {
        answering();
        woken.add(deployment);
        return waking.test(deployment);
    }

    private void used(String deployment, Instant now) {
        answering();
        used.add(deployment);
    }

    private void answering() {
        if (away) {
            throw new IllegalStateException("the platform is away");
        }
    }

    private synchronized Sites.Changes changedSince(long since) {
        answering();
        var changed = sites.values().stream().filter(it -> it.change() > since).toList();
        return new Sites.Changes(changed.stream().map(Numbered::site).toList(), change);
    }

    private Optional<Site> find(Host host) {
        answering();
        return Optional.ofNullable(sites.get(host)).map(Numbered::site);
    }

    private InputStream open(String key) {
        answering();
        opens.incrementAndGet();
        var bytes = storage.get(key);
        if (bytes == null) {
            throw new Blobs.NotThere(key);
        }
        return reading.apply(bytes);
    }

    /** A site under construction: paths and contents. */
    static final class Draft {
        private final Map<String, Manifest.File> files = new TreeMap<>();
        private final Platform platform;
        private boolean spa;
        private boolean cleanUrls = true;

        private Draft(Platform platform) {
            this.platform = platform;
        }

        Draft with(String path, String text) {
            return with(path, text.getBytes(StandardCharsets.UTF_8), type(path), List.of());
        }

        Draft with(String path, byte[] bytes, String type, List<Manifest.Variant> variants) {
            var sha = platform.store(bytes);
            files.put(path, new Manifest.File(sha, bytes.length, type, variants));
            return this;
        }

        /** With variants of the sizes given; each holds its own name, repeated. */
        Draft compressed(String path, String text, Map<String, Integer> sizes) {
            var bytes = text.getBytes(StandardCharsets.UTF_8);
            var sha = platform.store(bytes);
            var variants = new ArrayList<Manifest.Variant>();
            sizes.forEach((encoding, size) -> {
                var variant = new Manifest.Variant(encoding, size);
                variants.add(variant);
                platform.storage.put(
                        Blobs.variant(sha, variant.suffix()),
                        encoding.repeat(size).substring(0, size).getBytes(StandardCharsets.UTF_8));
            });
            files.put(path, new Manifest.File(sha, bytes.length, type(path), variants));
            return this;
        }

        Draft file(String path, Manifest.File file) {
            files.put(path, file);
            return this;
        }

        Draft spa() {
            spa = true;
            return this;
        }

        Draft withoutCleanUrls() {
            cleanUrls = false;
            return this;
        }

        /** Stores it, and points the host at an app behind it. */
        Site app(String host, Site.Role role, String deployment, long generation, String... addresses) {
            try {
                var manifest = platform.store(JsonMapper.builder().build().writeValueAsBytes(manifest()));
                var site = new Site(
                        new Host(host),
                        new Slug("shop"),
                        deployment,
                        new Target.Container(manifest, List.of(addresses)),
                        generation,
                        role,
                        POINTED);
                platform.point(site);
                return site;
            } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        }

        Manifest manifest() {
            return new Manifest("deploy01", new TreeMap<>(files), spa, cleanUrls);
        }

        /** Stores it, and points the host at it. */
        String at(String host, Site.Role role, String deployment, long generation) {
            try {
                var manifest = platform.store(JsonMapper.builder().build().writeValueAsBytes(manifest()));
                platform.point(new Site(
                        new Host(host),
                        new Slug("shop"),
                        deployment,
                        new Target.Files(manifest),
                        generation,
                        role,
                        POINTED));
                return manifest;
            } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        }

        String at(String host) {
            return at(host, Site.Role.PRODUCTION, "deploy01", 1);
        }
    }

    Draft site() {
        return new Draft(this);
    }

    synchronized void point(Site site) {
        sites.put(site.host(), new Numbered(++change, site));
    }

    String store(byte[] bytes) {
        var sha = BlobKey.sha256(bytes);
        storage.put(Blobs.blob(sha), bytes);
        return sha;
    }

    private static String type(String path) {
        return switch (path.substring(path.lastIndexOf('.') + 1)) {
            case "html" -> "text/html; charset=utf-8";
            case "js" -> "text/javascript; charset=utf-8";
            case "css" -> "text/css; charset=utf-8";
            default -> "application/octet-stream";
        };
    }
}
