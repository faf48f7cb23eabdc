package codehaven.dev;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.GZIPInputStream;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.transport.PacketLineOut;
import org.eclipse.jgit.transport.ReceivePack;
import org.eclipse.jgit.transport.RefAdvertiser.PacketLineOutRefAdvertiser;
import org.eclipse.jgit.transport.UploadPack;
import org.jspecify.annotations.Nullable;

/**
 * A Git remote over HTTP on loopback, for tests and for {@code demo}: bare repositories under one directory, served with protocol
 * v2, shallow fetches and fetches of any commit by its id; it needs no {@code git} program.
 */
public final class DevGit implements AutoCloseable {
    private final Path directory;
    private final Map<String, DevRepository> repositories = new ConcurrentHashMap<>();
    private int port;
    private @Nullable HttpServer server;
    private @Nullable ExecutorService threads;
    private volatile Duration delay = Duration.ZERO;
    private volatile long cutAfter = Long.MAX_VALUE;
    private volatile int refusal;

    private DevGit(Path directory, int port) {
        this.directory = directory;
        this.port = port;
    }

    /** Serves on a free port the bare repositories in the directory, and those that {@code create} makes there. */
    public static DevGit start(Path directory) throws IOException {
        return start(directory, 0);
    }

    /**
     * Serves the bare repositories in the directory.
     *
     * @param port 0 for a free one
     */
    public static DevGit start(Path directory, int port) throws IOException {
        Files.createDirectories(directory);
        DevGit git = new DevGit(directory, port);
        git.start();
        return git;
    }

    /**
     * Makes a repository with one commit on the branch {@code main}.
     *
     * @param name letters, digits, dots, hyphens and underscores; served as {@code /name.git}
     * @param files path → text
     */
    public DevRepository create(String name, Map<String, String> files) throws IOException {
        DevRepository repository = createEmpty(name);
        repository.commit("First commit", files);
        return repository;
    }

    /** Makes a repository with one commit on {@code main} that holds the files under the directory, without its {@code .git}. */
    public DevRepository create(String name, Path files) throws IOException {
        DevRepository repository = createEmpty(name);
        repository.commit("First commit", files);
        return repository;
    }

    /** Makes a repository without a commit; {@code HEAD} names {@code main}. */
    public DevRepository createEmpty(String name) throws IOException {
        if (!name.matches("[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")) {
            throw new IllegalArgumentException(
                    "Not a repository's name: \"" + name + "\". Use letters, digits, dots, hyphens and underscores.");
        }
        DevRepository repository = DevRepository.create(this, name, directory.resolve(name + ".git"));
        repositories.put(name, repository);
        return repository;
    }

    /** {@code http://127.0.0.1:port}. */
    public URI address() {
        return URI.create("http://127.0.0.1:" + port);
    }

    /** Every request from now on waits this long before it is answered. */
    public void delay(Duration each) {
        delay = each;
    }

    /** Every connection from now on is dropped after this many bytes of an answer's body; {@code Long.MAX_VALUE} for never. */
    public void cutAfter(long bytes) {
        cutAfter = bytes;
    }

    /** Every request from now on is answered with this HTTP status and nothing else; 0 for proper answers. */
    public void refuseWith(int status) {
        refusal = status;
    }

    /** Takes the remote away: connections are refused until {@link #start()}. */
    public synchronized void stop() {
        HttpServer running = server;
        ExecutorService working = threads;
        server = null;
        threads = null;
        if (running != null) {
            running.stop(0);
        }
        if (working != null) {
            working.shutdownNow();
        }
    }

    /** Brings it back after {@link #stop()}, on the same port. */
    public synchronized void start() throws IOException {
        if (server != null) {
            return;
        }
        HttpServer starting = HttpServer.create(Programs.loopback(port), 0);
        ExecutorService working = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().daemon().name("git-", 0).factory());
        starting.setExecutor(working);
        starting.createContext("/", this::handle);
        starting.start();
        port = starting.getAddress().getPort();
        server = starting;
        threads = working;
    }

    @Override
    public void close() {
        stop();
        repositories.values().forEach(DevRepository::close);
        repositories.clear();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (!delay.isZero()) {
                Thread.sleep(delay);
            }
            if (refusal != 0) {
                exchange.sendResponseHeaders(refusal, -1);
                return;
            }
            answer(exchange);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // taken away in the middle: the connection just ends
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        int end = path.indexOf(".git/");
        DevRepository found = end < 2 ? null : find(path.substring(1, end));
        if (found == null) {
            exchange.sendResponseHeaders(404, -1);
            return;
        }
        Repository repository = found.bare();
        String rest = path.substring(end + ".git/".length());
        String query = exchange.getRequestURI().getQuery();
        boolean get = exchange.getRequestMethod().equals("GET");
        boolean post = exchange.getRequestMethod().equals("POST");
        exchange.getResponseHeaders().set("Cache-Control", "no-cache");
        if (get && rest.equals("info/refs") && "service=git-upload-pack".equals(query)) {
            advertiseFetch(exchange, repository);
        } else if (get && rest.equals("info/refs") && "service=git-receive-pack".equals(query)) {
            advertisePush(exchange, repository);
        } else if (post && rest.equals("git-upload-pack")) {
            fetch(exchange, repository);
        } else if (post && rest.equals("git-receive-pack")) {
            push(exchange, repository);
        } else {
            exchange.sendResponseHeaders(404, -1);
        }
    }

    private synchronized @Nullable DevRepository find(String name) throws IOException {
        DevRepository known = repositories.get(name);
        if (known != null) {
            return known;
        }
        Path bare = directory.resolve(name + ".git");
        if (name.contains("/") || name.startsWith(".") || !Files.isRegularFile(bare.resolve("HEAD"))) {
            return null;
        }
        DevRepository opened = DevRepository.open(this, name, bare);
        repositories.put(name, opened);
        return opened;
    }

    private void advertiseFetch(HttpExchange exchange, Repository repository) throws IOException {
        try (UploadPack pack = uploadPack(exchange, repository);
                OutputStream out = begin(exchange, "application/x-git-upload-pack-advertisement")) {
            pack.sendAdvertisedRefs(new PacketLineOutRefAdvertiser(new PacketLineOut(out)), "git-upload-pack");
        }
    }

    private void fetch(HttpExchange exchange, Repository repository) throws IOException {
        try (UploadPack pack = uploadPack(exchange, repository);
                InputStream in = body(exchange);
                OutputStream out = begin(exchange, "application/x-git-upload-pack-result")) {
            pack.upload(in, out, null);
        }
    }

    private static UploadPack uploadPack(HttpExchange exchange, Repository repository) {
        UploadPack pack = new UploadPack(repository);
        pack.setBiDirectionalPipe(false);
        pack.setRequestPolicy(UploadPack.RequestPolicy.ANY);
        List<String> protocol = exchange.getRequestHeaders().get("Git-Protocol");
        if (protocol != null) {
            pack.setExtraParameters(protocol.stream()
                    .flatMap(line -> Arrays.stream(line.split(":", -1)))
                    .toList());
        }
        return pack;
    }

    private void advertisePush(HttpExchange exchange, Repository repository) throws IOException {
        ReceivePack pack = new ReceivePack(repository);
        pack.setBiDirectionalPipe(false);
        try (OutputStream out = begin(exchange, "application/x-git-receive-pack-advertisement")) {
            PacketLineOut lines = new PacketLineOut(out);
            lines.writeString("# service=git-receive-pack\n");
            lines.end();
            pack.sendAdvertisedRefs(new PacketLineOutRefAdvertiser(lines));
        }
    }

    private void push(HttpExchange exchange, Repository repository) throws IOException {
        ReceivePack pack = new ReceivePack(repository);
        pack.setBiDirectionalPipe(false);
        try (InputStream in = body(exchange);
                OutputStream out = begin(exchange, "application/x-git-receive-pack-result")) {
            pack.receive(in, out, null);
        }
    }

    private static InputStream body(HttpExchange exchange) throws IOException {
        boolean zipped = "gzip".equals(exchange.getRequestHeaders().getFirst("Content-Encoding"));
        return zipped ? new GZIPInputStream(exchange.getRequestBody()) : exchange.getRequestBody();
    }

    private OutputStream begin(HttpExchange exchange, String type) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(200, 0);
        OutputStream body = exchange.getResponseBody();
        return cutAfter == Long.MAX_VALUE ? body : new Cut(body, cutAfter);
    }

    /** A connection that breaks in the middle of the answer. */
    private static final class Cut extends OutputStream {
        private final OutputStream out;
        private long left;

        Cut(OutputStream out, long left) {
            this.out = out;
            this.left = left;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            int now = (int) Math.min(length, left);
            out.write(bytes, offset, now);
            left -= now;
            if (left == 0) {
                out.flush();
                throw new IOException("cut, as asked for");
            }
        }

        @Override
        public void flush() throws IOException {
            out.flush();
        }

        @Override
        public void close() throws IOException {
            if (left > 0) {
                out.close();
            }
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
