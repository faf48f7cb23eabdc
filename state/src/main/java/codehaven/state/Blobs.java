package codehaven.state;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.StandardRetryStrategy;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/** The bytes, in S3. Keys are made by the methods of this class from digests and ids, never from user text. */
public final class Blobs implements AutoCloseable {

    /** Files above this are sent in parts, several at once, so that a fault costs a part and not the whole. */
    private static final long IN_PARTS_ABOVE = 64L << 20;

    private static final long PART = 32L << 20;

    /** S3's own limit on the number of parts is 10,000. */
    private static final int MOST_PARTS = 9_000;

    /** Questions about single keys are small: this many at once keep a distant storage busy and harm no near one. */
    private static final int AT_ONCE = 32;

    /** Waits for a server that is silent, or for a free connection. */
    private static final Duration SILENCE = Duration.ofSeconds(20);

    /** A question about one key, or the first byte of an answer. */
    private static final Duration SMALL_CALL = Duration.ofSeconds(6);

    /** The slowest line that an upload is still waited for, in bytes a second. */
    private static final long SLOWEST = 64 << 10;

    /** Rather than read the rest of an object that nobody wants, its connection is dropped; less than this is read. */
    private static final long WORTH_READING = 64 << 10;

    private static final int DOWNLOADS = 3;

    public static String source(String sha256) {
        return "sources/" + sha256 + ".tar.zst";
    }

    public static String output(String deployment) {
        return "outputs/" + deployment + ".tar.zst";
    }

    public static String blob(String sha256) {
        return "blobs/" + sha256;
    }

    /** @param suffix {@code br}, {@code gz} or {@code zst} */
    public static String variant(String sha256, String suffix) {
        return "blobs/" + sha256 + "." + suffix;
    }

    public static String log(String deployment) {
        return "logs/" + deployment + ".ndjson.gz";
    }

    public static String cache(String project, String key) {
        return cachesOf(project) + key + ".tar.zst";
    }

    /** What the keys of a project's caches begin with. */
    public static String cachesOf(String project) {
        return "caches/" + project + "/";
    }

    private final S3Client s3;
    private final String bucket;
    private final String where;
    private final ExecutorService many = Executors.newFixedThreadPool(
            AT_ONCE, Thread.ofVirtual().name("blobs-", 0).factory());

    private Blobs(S3Client s3, String bucket, String where) {
        this.s3 = s3;
        this.bucket = bucket;
        this.where = where;
    }

    /** Makes the client; connects later, when it is first used. */
    static Blobs of(StateSettings settings) {
        var region = settings.s3Region().isBlank() ? "us-east-1" : settings.s3Region();
        var builder = S3Client.builder()
                .region(Region.of(region))
                .credentialsProvider(
                        settings.s3AccessKey().isBlank()
                                ? DefaultCredentialsProvider.builder().build()
                                : StaticCredentialsProvider.create(
                                        AwsBasicCredentials.create(settings.s3AccessKey(), settings.s3SecretKey())))
                // R2 and others do not know the trailing checksums that newer clients add by themselves.
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .httpClientBuilder(Apache5HttpClient.builder()
                        .maxConnections(128)
                        .connectionTimeout(Duration.ofSeconds(2))
                        .connectionAcquisitionTimeout(SILENCE)
                        .socketTimeout(SILENCE)
                        .connectionMaxIdleTime(Duration.ofSeconds(30)))
                .overrideConfiguration(overrides -> overrides.retryStrategy(
                        StandardRetryStrategy.builder().maxAttempts(4).build()));
        var endpoint = settings.s3Endpoint();
        if (endpoint != null) {
            builder.endpointOverride(endpoint).forcePathStyle(true);
        }
        return new Blobs(builder.build(), settings.s3Bucket(), endpoint == null ? "AWS " + region : hostOf(endpoint));
    }

    private static String hostOf(URI endpoint) {
        if (endpoint.getHost() == null
                || !("http".equals(endpoint.getScheme()) || "https".equals(endpoint.getScheme()))) {
            throw new IllegalStateException("CODEHAVEN_S3_ENDPOINT is not an address such as http://localhost:9000"
                    + " or https://<account>.r2.cloudflarestorage.com.");
        }
        return endpoint.getPort() < 0 ? endpoint.getHost() : endpoint.getHost() + ":" + endpoint.getPort();
    }

    /** The host that is asked. */
    String address() {
        return where;
    }

    /** The size in bytes, if the key is there. */
    public Optional<Long> size(String key) {
        try {
            return asked(
                    "look for " + key,
                    () -> Optional.of(s3.headObject(
                                    head -> head.bucket(bucket).key(key).overrideConfiguration(within(SMALL_CALL)))
                            .contentLength()));
        } catch (NotThere e) {
            return Optional.empty();
        }
    }

    /** Which of the keys are there; asks for many at once. */
    public Set<String> present(Collection<String> keys) {
        var found = ConcurrentHashMap.<String>newKeySet();
        atOnce(Set.copyOf(keys).stream()
                .<Callable<?>>map(key -> () -> size(key).map(_ -> found.add(key)))
                .toList());
        return Set.copyOf(found);
    }

    public void put(String key, Path file) {
        var size = sizeOf(file);
        if (size > IN_PARTS_ABOVE) {
            putInParts(key, file, size);
        } else {
            asked("store " + key, () -> s3.putObject(to(key, size).build(), RequestBody.fromFile(file)));
        }
    }

    public void put(String key, byte[] bytes) {
        asked("store " + key, () -> s3.putObject(to(key, bytes.length).build(), RequestBody.fromBytes(bytes)));
    }

    /** Something stored, and the tag that changes with it. */
    record Stored(InputStream bytes, String tag) {}

    Optional<Stored> openTagged(String key) {
        try {
            var answer = get(key);
            return Optional.of(
                    new Stored(new Whole(key, answer), answer.response().eTag()));
        } catch (NotThere e) {
            return Optional.empty();
        }
    }

    /**
     * Stores a file if what is there still has the tag, or if nothing is there when there is no tag.
     *
     * @return false if something else is there
     */
    boolean putIf(String key, Path file, @Nullable String tag) {
        var request = to(key, sizeOf(file));
        var _ = tag == null ? request.ifNoneMatch("*") : request.ifMatch(tag);
        try {
            asked("store " + key, () -> s3.putObject(request.build(), RequestBody.fromFile(file)));
            return true;
        } catch (Unavailable e) {
            var status = e.getCause() instanceof S3Exception refused ? refused.statusCode() : 0;
            if (status == 409 || status == 412) {
                return false;
            }
            if (status == 501) {
                // A storage without conditions: one archiver at a time is then all there is.
                put(key, file);
                return true;
            }
            throw e;
        }
    }

    /**
     * Opens an object for reading; reading throws when the connection breaks or ends early.
     *
     * @throws NotThere if there is no such key
     */
    public InputStream open(String key) {
        return new Whole(key, get(key));
    }

    private ResponseInputStream<GetObjectResponse> get(String key) {
        return asked(
                "read " + key,
                () -> s3.getObject(get -> get.bucket(bucket).key(key).overrideConfiguration(within(SMALL_CALL))));
    }

    /**
     * Writes to a temporary file beside the target and renames it when whole.
     *
     * @throws NotThere if there is no such key
     * @throws UncheckedIOException if the file cannot be written
     */
    public void download(String key, Path target) {
        try (var part = ScratchFile.beside(target)) {
            for (int attempt = 1; ; attempt++) {
                try (var bytes = open(key);
                        var out = Files.newOutputStream(part.path())) {
                    bytes.transferTo(out);
                    break;
                } catch (Broken e) {
                    if (attempt == DOWNLOADS) {
                        throw new Unavailable(sentence("read " + key, e), e);
                    }
                }
            }
            Files.move(part.path(), target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + target, e);
        }
    }

    /** Deletes the key, if it is there. */
    public void delete(String key) {
        asked(
                "delete " + key,
                () -> s3.deleteObject(
                        delete -> delete.bucket(bucket).key(key).overrideConfiguration(within(SMALL_CALL))));
    }

    /** All keys that begin with the prefix, in order, however many. */
    public List<String> list(String prefix) {
        return list(prefix, 1_000);
    }

    /** @param page how many keys are asked for at a time; 1,000 is the most that any storage gives */
    List<String> list(String prefix, int page) {
        return asked(
                "list " + prefix,
                () ->
                        s3
                                .listObjectsV2Paginator(list ->
                                        list.bucket(bucket).prefix(prefix).maxKeys(page))
                                .contents()
                                .stream()
                                .map(S3Object::key)
                                .toList());
    }

    /** Deletes all keys that begin with the prefix. */
    public void deletePrefix(String prefix) {
        if (prefix.isEmpty()) {
            throw new IllegalArgumentException("an empty prefix would delete everything");
        }
        atOnce(list(prefix).stream()
                .<Callable<?>>map(key -> () -> {
                    delete(key);
                    return key;
                })
                .toList());
    }

    /** Sees to it that the bucket is there, or says what is wrong as an {@link IllegalStateException}. */
    void ensureBucket() {
        try {
            ping();
            return;
        } catch (Unavailable e) {
            if (!(e.getCause() instanceof S3Exception refused)) {
                throw e;
            }
            switch (refused.statusCode()) {
                case 404 -> {}
                case 403 -> {
                    probe(refused);
                    return;
                }
                case 301, 307, 400 ->
                    throw new IllegalStateException(
                            "The bucket '" + bucket + "' (CODEHAVEN_S3_BUCKET) at " + where
                                    + " is not in the region of CODEHAVEN_S3_REGION, or the request was malformed for it: "
                                    + codeOf(refused) + ".",
                            e);
                default -> throw e;
            }
        }
        try {
            s3.createBucket(create -> create.bucket(bucket).overrideConfiguration(within(SMALL_CALL)));
        } catch (S3Exception refused) {
            // 409: somebody of ours made it at the same time, or it is somebody else's.
            if (refused.statusCode() == 409) {
                probe(refused);
            } else {
                throw new IllegalStateException(
                        "There is no bucket '" + bucket + "' (CODEHAVEN_S3_BUCKET) at " + where
                                + ", and it could not be made (" + codeOf(refused)
                                + "): make it there, or name another one.",
                        refused);
            }
        } catch (SdkException e) {
            throw new Unavailable(sentence("make the bucket", e), e);
        }
    }

    /** Some credentials may use the objects of a bucket but not ask about the bucket. */
    private void probe(S3Exception first) {
        try {
            s3.listObjectsV2(list -> list.bucket(bucket).maxKeys(1).overrideConfiguration(within(SMALL_CALL)));
        } catch (S3Exception refused) {
            throw new IllegalStateException(
                    "The storage at " + where + " refuses the bucket '" + bucket + "' (" + codeOf(refused)
                            + "): check CODEHAVEN_S3_BUCKET, CODEHAVEN_S3_ACCESS_KEY and CODEHAVEN_S3_SECRET_KEY.",
                    first);
        } catch (SdkException e) {
            throw new Unavailable(sentence("list the bucket", e), e);
        }
    }

    /** Returns if the storage answers and has the bucket; asks once. */
    void ping() {
        asked(
                "find the bucket",
                () -> s3.headBucket(head ->
                        head.bucket(bucket).overrideConfiguration(once -> once.apiCallTimeout(Duration.ofSeconds(2)))));
    }

    private void putInParts(String key, Path file, long size) {
        var length = Math.max(PART, (size + MOST_PARTS - 1) / MOST_PARTS);
        var upload = asked(
                        "store " + key,
                        () -> s3.createMultipartUpload(create -> create.bucket(bucket)
                                .key(key)
                                .contentType("application/octet-stream")
                                .overrideConfiguration(within(SMALL_CALL))))
                .uploadId();
        try {
            var parts = new CompletedPart[(int) ((size + length - 1) / length)];
            var tasks = new ArrayList<Callable<?>>();
            for (int i = 0; i < parts.length; i++) {
                int number = i + 1;
                tasks.add(() -> parts[number - 1] = putPart(key, upload, file, number, length, size));
            }
            for (int i = 0; i < tasks.size(); i += 4) {
                atOnce(tasks.subList(i, Math.min(tasks.size(), i + 4)));
            }
            asked(
                    "store " + key,
                    () -> s3.completeMultipartUpload(complete -> complete.bucket(bucket)
                            .key(key)
                            .uploadId(upload)
                            .multipartUpload(all -> all.parts(parts))));
        } catch (RuntimeException e) {
            try {
                s3.abortMultipartUpload(abort ->
                        abort.bucket(bucket).key(key).uploadId(upload).overrideConfiguration(within(SMALL_CALL)));
            } catch (SdkException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
    }

    private CompletedPart putPart(String key, String upload, Path file, int number, long length, long size) {
        var from = (number - 1) * length;
        var bytes = (int) Math.min(length, size - from);
        var answer = asked(
                "store " + key,
                () -> s3.uploadPart(
                        part -> part.bucket(bucket)
                                .key(key)
                                .uploadId(upload)
                                .partNumber(number)
                                .contentLength((long) bytes)
                                .overrideConfiguration(within(patience(bytes))),
                        RequestBody.fromContentProvider(
                                () -> section(file, from, bytes), bytes, "application/octet-stream")));
        return CompletedPart.builder().partNumber(number).eTag(answer.eTag()).build();
    }

    private static InputStream section(Path file, long from, int length) {
        try {
            var channel = Files.newByteChannel(file).position(from);
            return new java.io.BufferedInputStream(
                    new Section(java.nio.channels.Channels.newInputStream(channel), length), 1 << 16);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    /** The first bytes of a stream. */
    private static final class Section extends FilterInputStream {
        private long left;

        Section(InputStream in, long length) {
            super(in);
            left = length;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int read = super.read(bytes, offset, (int) Math.min(length, left));
            left -= Math.max(0, read);
            return read;
        }
    }

    private PutObjectRequest.Builder to(String key, long size) {
        return PutObjectRequest.builder()
                .bucket(bucket)
                .key(key)
                .contentLength(size)
                .contentType("application/octet-stream")
                .overrideConfiguration(within(patience(size)));
    }

    private static Duration patience(long bytes) {
        return SILENCE.plusSeconds(bytes / SLOWEST);
    }

    private static AwsRequestOverrideConfiguration within(Duration oneAttempt) {
        return AwsRequestOverrideConfiguration.builder()
                .apiCallAttemptTimeout(oneAttempt)
                .build();
    }

    /** Runs all, many at once; throws what the first one that failed threw, when none runs any more. */
    private void atOnce(List<Callable<?>> tasks) {
        var running = tasks.stream().<Future<?>>map(many::submit).toList();
        RuntimeException failure = null;
        var interrupted = false;
        for (var each : running) {
            while (true) {
                try {
                    each.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                    running.forEach(future -> future.cancel(true));
                    continue;
                } catch (java.util.concurrent.CancellationException e) {
                    failure = failure == null ? new Unavailable("The transfer was interrupted.", e) : failure;
                } catch (ExecutionException e) {
                    if (failure == null) {
                        failure = e.getCause() instanceof RuntimeException thrown
                                ? thrown
                                : new Unavailable(sentence("work", e.getCause()), e);
                        running.forEach(future -> future.cancel(false));
                    }
                }
                break;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (failure != null) {
            throw failure;
        }
    }

    private <T> T asked(String what, Supplier<T> question) {
        try {
            return question.get();
        } catch (NoSuchKeyException e) {
            throw new NotThere(what.substring(what.indexOf(' ') + 1));
        } catch (S3Exception e) {
            if (e.statusCode() == 404 && what.startsWith("look for ")) {
                throw new NotThere(what);
            }
            throw new Unavailable(sentence(what, e), e);
        } catch (SdkException e) {
            throw new Unavailable(sentence(what, e), e);
        }
    }

    private String sentence(String what, @Nullable Throwable cause) {
        return "The storage at " + where + " (bucket " + bucket + ") did not " + what + ": " + reason(cause) + ".";
    }

    private static String reason(@Nullable Throwable cause) {
        if (cause instanceof S3Exception refused) {
            return codeOf(refused);
        }
        var root = cause;
        while (root != null && root.getCause() != null) {
            root = root.getCause();
        }
        if (root == null) {
            return "no reason was given";
        }
        var message = root.getMessage();
        return message == null
                ? root.getClass().getSimpleName()
                : message.strip().replaceAll("\\.$", "");
    }

    private static String codeOf(S3Exception refused) {
        var details = refused.awsErrorDetails();
        var code = details == null ? null : details.errorCode();
        return code == null || code.isBlank()
                ? "status " + refused.statusCode()
                : code + ", status " + refused.statusCode();
    }

    private static long sizeOf(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    @Override
    public void close() {
        many.shutdownNow();
        s3.close();
    }

    /** The bytes of an object did not arrive whole. */
    private static final class Broken extends IOException {
        Broken(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /** An object's bytes: all of them or an exception. */
    private static final class Whole extends InputStream {
        private final String key;
        private final ResponseInputStream<GetObjectResponse> in;
        private long left;

        Whole(String key, ResponseInputStream<GetObjectResponse> in) {
            this.key = key;
            this.in = in;
            left = in.response().contentLength();
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int read;
            try {
                read = in.read(bytes, offset, length);
            } catch (IOException | SdkException e) {
                throw new Broken("the connection broke " + left + " bytes before the end of " + key, e);
            }
            if (read < 0 && left > 0) {
                throw new Broken(key + " ended " + left + " bytes too early", null);
            }
            left -= Math.max(0, read);
            return read;
        }

        @Override
        public int available() {
            // Some readers of compressed streams take 0 for the end.
            return left > 0 ? 1 : 0;
        }

        @Override
        public void close() throws IOException {
            if (left > WORTH_READING) {
                in.abort();
            } else {
                in.close();
            }
        }
    }

    /** The key is not in storage. */
    public static final class NotThere extends RuntimeException {
        public NotThere(String key) {
            super("storage has no " + key);
        }
    }

    /** Storage did not do what it was asked for; may succeed later. */
    public static final class Unavailable extends BackendUnavailable {
        public Unavailable(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
