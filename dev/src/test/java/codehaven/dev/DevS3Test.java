package codehaven.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

class DevS3Test {
    private static final String BUCKET = "codehaven";

    @TempDir
    static Path directory;

    private static DevS3 server;
    private static S3Client s3;

    @BeforeAll
    static void open() throws Exception {
        server = DevS3.start(directory, "access", "secret-of-the-test");
        server.createBucket(BUCKET);
        server.createBucket(BUCKET);
        s3 = client(server.endpoint(), "secret-of-the-test");
    }

    @AfterAll
    static void close() {
        s3.close();
        server.close();
    }

    @Test
    void objectComesBackWithItsTypeAndInRanges() {
        byte[] bytes = new byte[300_000];
        new Random(1).nextBytes(bytes);
        s3.putObject(
                put -> put.bucket(BUCKET)
                        .key("blobs/one")
                        .contentType("font/woff2")
                        .cacheControl("max-age=60"),
                RequestBody.fromBytes(bytes));
        ResponseBytes<GetObjectResponse> whole =
                s3.getObjectAsBytes(get -> get.bucket(BUCKET).key("blobs/one"));
        assertThat(whole.asByteArray()).isEqualTo(bytes);
        assertThat(whole.response().contentType()).isEqualTo("font/woff2");
        assertThat(whole.response().cacheControl()).isEqualTo("max-age=60");
        assertThat(s3.getObjectAsBytes(
                                get -> get.bucket(BUCKET).key("blobs/one").range("bytes=1000-1999"))
                        .asByteArray())
                .isEqualTo(Arrays.copyOfRange(bytes, 1_000, 2_000));
        assertThat(s3.headObject(head -> head.bucket(BUCKET).key("blobs/one")).contentLength())
                .isEqualTo(300_000);
        assertThatThrownBy(() -> s3.getObjectAsBytes(get -> get.bucket(BUCKET).key("blobs/none")))
                .isInstanceOf(NoSuchKeyException.class);
    }

    @Test
    void tenRacersForOneKeyHaveOneWinner() throws Exception {
        List<Callable<Boolean>> racers = IntStream.range(0, 10)
                .<Callable<Boolean>>mapToObj(i -> () -> {
                    try {
                        s3.putObject(
                                put -> put.bucket(BUCKET).key("blobs/race").ifNoneMatch("*"),
                                RequestBody.fromString("racer " + i));
                        return true;
                    } catch (S3Exception e) {
                        assertThat(e.statusCode()).isIn(409, 412);
                        return false;
                    }
                })
                .toList();
        int winners = 0;
        try (ExecutorService pool = Executors.newFixedThreadPool(10)) {
            for (Future<Boolean> racer : pool.invokeAll(racers)) {
                winners += racer.get() ? 1 : 0;
            }
        }
        assertThat(winners).isOne();
    }

    @Test
    void listGoesOnBeyondAThousandKeys() throws Exception {
        Path many = Files.createDirectories(directory.resolve(BUCKET).resolve("many"));
        for (int i = 0; i < 1_203; i++) {
            Files.writeString(many.resolve("%05d".formatted(i)), "x");
        }
        List<String> keys = s3
                .listObjectsV2Paginator(list -> list.bucket(BUCKET).prefix("many/"))
                .contents()
                .stream()
                .map(S3Object::key)
                .toList();
        assertThat(keys).hasSize(1_203).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void partsBecomeOneObject() {
        byte[] first = new byte[5 << 20];
        byte[] second = "the end".getBytes(StandardCharsets.UTF_8);
        String upload = s3.createMultipartUpload(create -> create.bucket(BUCKET).key("sources/large"))
                .uploadId();
        List<CompletedPart> parts = new ArrayList<>();
        for (byte[] part : List.of(first, second)) {
            int number = parts.size() + 1;
            String tag = s3.uploadPart(
                            one -> one.bucket(BUCKET)
                                    .key("sources/large")
                                    .uploadId(upload)
                                    .partNumber(number),
                            RequestBody.fromBytes(part))
                    .eTag();
            parts.add(CompletedPart.builder().partNumber(number).eTag(tag).build());
        }
        s3.completeMultipartUpload(complete ->
                complete.bucket(BUCKET).key("sources/large").uploadId(upload).multipartUpload(all -> all.parts(parts)));
        assertThat(s3.headObject(head -> head.bucket(BUCKET).key("sources/large"))
                        .contentLength())
                .isEqualTo((5 << 20) + 7);
    }

    @Test
    void wrongSecretIsRefused() {
        try (S3Client stranger = client(server.endpoint(), "another-secret")) {
            assertThatThrownBy(() -> stranger.listObjectsV2(list -> list.bucket(BUCKET)))
                    .isInstanceOfSatisfying(
                            S3Exception.class, e -> assertThat(e.statusCode()).isEqualTo(403));
        }
    }

    @Test
    void objectsAreThereAfterStopAndStart(@TempDir Path other) throws Exception {
        try (DevS3 passing = DevS3.start(other, "access", "secret");
                S3Client client = client(passing.endpoint(), "secret")) {
            passing.createBucket(BUCKET);
            client.putObject(put -> put.bucket(BUCKET).key("a/b"), RequestBody.fromString("kept"));
            passing.stop();
            passing.start();
            assertThat(client.getObjectAsBytes(get -> get.bucket(BUCKET).key("a/b"))
                            .asUtf8String())
                    .isEqualTo("kept");
        }
    }

    private static S3Client client(URI endpoint, String secret) {
        return S3Client.builder()
                .endpointOverride(endpoint)
                .region(Region.US_EAST_1)
                .forcePathStyle(true)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("access", secret)))
                .build();
    }
}
