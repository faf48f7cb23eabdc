package codehaven.activities.cloning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import codehaven.activities.StepScope;
import codehaven.dev.DevGit;
import codehaven.model.FailureKind;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.eclipse.jgit.transport.PacketLineOut;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What stands between a repository and us fails, lies, or leads elsewhere. */
final class FaultyRemotesTest {

    /** For remotes that are slow; others may be as slow as a busy machine makes them. */
    private static final Pace HASTY = new Pace(
            Duration.ofMillis(800), Duration.ofMillis(800), Duration.ofMillis(500), 1_024, Duration.ofSeconds(20));

    @TempDir
    Path remotes;

    @TempDir
    Path data;

    DevGit git;
    String site;
    List<AutoCloseable> open = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        git = DevGit.start(remotes);
        site = git.create("site", Map.of("index.html", "<h1>hi</h1>")).url();
    }

    @AfterEach
    void stop() throws Exception {
        for (var each : open.reversed()) {
            each.close();
        }
        git.close();
    }

    /** A server that answers as told; its URL. */
    private String server(HttpHandler handler) throws IOException {
        var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        serve(server, handler);
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/x.git";
    }

    private void serve(HttpServer server, HttpHandler handler) {
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            try (exchange) {
                handler.handle(exchange);
            }
        });
        server.start();
        open.add(() -> {
            server.stop(0);
            threads.shutdownNow();
        });
    }

    private static void redirect(HttpExchange exchange, int status, String to) throws IOException {
        exchange.getResponseHeaders().set("Location", to);
        exchange.sendResponseHeaders(status, -1);
    }

    private Bench bench(String url) {
        return Bench.of(data, url).network(new Clone.Network(InetAddress::getAllByName, Pace.DEFAULT, null));
    }

    private Bench hasty(String url) {
        return Bench.of(data, url).network(new Clone.Network(InetAddress::getAllByName, HASTY, null));
    }

    @ParameterizedTest
    @CsvSource({
        "401, REPOSITORY_NOT_FOUND, private",
        "403, REPOSITORY_NOT_FOUND, may not be read",
        "404, REPOSITORY_NOT_FOUND, There is no repository at",
        "410, REPOSITORY_NOT_FOUND, There is no repository at",
        "451, REPOSITORY_NOT_FOUND, 451",
        "429, REPOSITORY_UNREACHABLE, 429",
        "500, REPOSITORY_UNREACHABLE, 500",
        "502, REPOSITORY_UNREACHABLE, 502",
        "503, REPOSITORY_UNREACHABLE, 503"
    })
    void statusesHaveTheirMeaning(int status, FailureKind kind, String words) throws Exception {
        var url = server(exchange -> {
            if (status == 401) {
                exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"git\"");
            }
            exchange.sendResponseHeaders(status, -1);
        });
        assertThat(bench(url).refusal(kind)).contains(words).contains("127.0.0.1");
    }

    @Test
    void pageThatIsNoRepositoryIsSaidToBeNone() throws Exception {
        var url = server(exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "text/html");
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write("<html>".getBytes(StandardCharsets.UTF_8));
        });
        assertThat(bench(url).refusal(FailureKind.REPOSITORY_NOT_FOUND)).contains("not as a Git repository");
    }

    @Test
    void redirectsToTheRepositoryAreFollowed() throws Exception {
        var first = server(exchange -> redirect(
                exchange, 301, site + exchange.getRequestURI().toString().replaceFirst("^/x\\.git", "")));
        var second = server(exchange -> redirect(
                exchange, 302, first + exchange.getRequestURI().toString().replaceFirst("^/x\\.git", "")));
        assertThat(bench(second).cloned().branch()).isEqualTo("main");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "http://169.254.169.254/latest/info/refs?service=git-upload-pack | link-local",
                "http://0x7f000001/x.git/info/refs?service=git-upload-pack | unusual form",
                "http://user:secret@127.0.0.1/x.git/info/refs | a user or a password",
                "http://0.0.0.0/x.git/info/refs | reserved"
            })
    void redirectsAreJudgedLikeTheFirstAddress(String to, String reason) throws Exception {
        var url = server(exchange -> redirect(exchange, 302, to));
        assertThat(bench(url).refusal(FailureKind.REPOSITORY_REFUSED))
                .contains(reason)
                .doesNotContain("secret");
    }

    @ParameterizedTest
    @ValueSource(strings = {"file:///etc/info/refs", "ftp://127.0.0.1/info/refs", "gopher://x/info/refs"})
    void redirectsToOtherSchemesAreNotFollowed(String to) throws Exception {
        var url = server(exchange -> redirect(exchange, 302, to));
        var thrown = catchThrowable(bench(url)::cloned);
        assertThat(thrown).isInstanceOf(codehaven.workflows.StepFailure.class);
    }

    @Test
    void redirectToALoginPageMeansPrivateOrAbsent() throws Exception {
        var url = server(exchange -> redirect(exchange, 302, "/users/sign_in"));
        assertThat(bench(url).refusal(FailureKind.REPOSITORY_NOT_FOUND)).contains("does not exist or is private");
    }

    @Test
    void redirectsInACircleEnd() throws Exception {
        var asked = new CopyOnWriteArrayList<String>();
        var url = server(exchange -> {
            asked.add(exchange.getRequestURI().toString());
            redirect(exchange, 302, exchange.getRequestURI().toString());
        });
        assertThat(bench(url).refusal(FailureKind.REPOSITORY_REFUSED)).contains("more than 5 times");
        assertThat(asked).hasSizeLessThanOrEqualTo(6);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://localhost/x.git",
                "https://127.0.0.1/x.git",
                "https://[::1]/x.git",
                "https://[::ffff:7f00:1]/x.git"
            })
    void loopbackIsRefusedWithoutAConnection(String url) throws Exception {
        assertThat(bench(url).local(false).refusal(FailureKind.REPOSITORY_REFUSED))
                .contains("this machine's own")
                .contains(GitUrl.SETTING);
    }

    @Test
    void nameThatLeadsToAPrivateNetworkIsRefusedWithoutAConnection() throws Exception {
        var network =
                new Clone.Network(host -> new InetAddress[] {InetAddress.ofLiteral("10.0.0.1")}, Pace.DEFAULT, null);
        assertThat(Bench.of(data, "https://innocent.example/x.git")
                        .network(network)
                        .local(false)
                        .refusal(FailureKind.REPOSITORY_REFUSED))
                .contains("innocent.example")
                .contains("10.0.0.1")
                .contains("private network");
    }

    @Test
    void nameWithoutAnAddressIsUnreachable() throws Exception {
        var network = new Clone.Network(
                host -> {
                    throw new UnknownHostException(host);
                },
                Pace.DEFAULT,
                null);
        assertThat(Bench.of(data, "https://nowhere.example/x.git")
                        .network(network)
                        .refusal(FailureKind.REPOSITORY_UNREACHABLE))
                .contains("'nowhere.example' has no address in DNS");
    }

    @Test
    void remoteThatIsDownForAWhileIsClonedWhenItIsBack() throws Exception {
        git.stop();
        assertThat(bench(site).refusal(FailureKind.REPOSITORY_UNREACHABLE))
                .contains("127.0.0.1")
                .contains("refused");
        git.start();
        assertThat(bench(site).cloned().files()).isEqualTo(1);
    }

    @Test
    void connectionThatBreaksInTheMiddleIsTriedAgain() throws Exception {
        for (int bytes : new int[] {1, 40, 200, 400}) {
            git.cutAfter(bytes);
            assertThat(bench(site).refusal(FailureKind.REPOSITORY_UNREACHABLE)).contains("127.0.0.1");
        }
        git.cutAfter(Long.MAX_VALUE);
        assertThat(bench(site).cloned().files()).isEqualTo(1);
        assertThat(data.resolve("work/k3v9x2mq")).isDirectoryNotContaining("glob:**scratch*");
    }

    @Test
    void serverThatDoesNotAnswerIsGivenUp() throws Exception {
        var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        open.add(silent);
        assertThat(hasty("http://127.0.0.1:" + silent.getLocalPort() + "/x.git")
                        .refusal(FailureKind.REPOSITORY_UNREACHABLE))
                .contains("did not answer in time");
    }

    @Test
    void serverThatEndsConnectionsIsUnreachable() throws Exception {
        var rude = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        open.add(rude);
        Thread.ofVirtual().start(() -> {
            try {
                while (true) {
                    var socket = rude.accept();
                    socket.setSoLinger(true, 0);
                    socket.close();
                }
            } catch (IOException closed) {
                return;
            }
        });
        bench("http://127.0.0.1:" + rude.getLocalPort() + "/x.git").refusal(FailureKind.REPOSITORY_UNREACHABLE);
    }

    @Test
    void serverThatDripsIsGivenUp() throws Exception {
        var url = server(exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "application/x-git-upload-pack-advertisement");
            exchange.sendResponseHeaders(200, 0);
            var out = exchange.getResponseBody();
            out.write("001e# service=git-upload-pack\n00000fff".getBytes(StandardCharsets.US_ASCII));
            try {
                for (int i = 0; i < 200; i++) {
                    out.write('x');
                    out.flush();
                    TimeUnit.MILLISECONDS.sleep(50);
                }
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        });
        var began = Instant.now();
        assertThat(hasty(url).refusal(FailureKind.REPOSITORY_UNREACHABLE)).contains("too slow");
        assertThat(Duration.between(began, Instant.now())).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void listOfRefsThatUnpacksWithoutEndIsCutOff() throws Exception {
        var url = server(exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "application/x-git-upload-pack-advertisement");
            exchange.getResponseHeaders().set("Content-Encoding", "gzip");
            exchange.sendResponseHeaders(200, 0);
            try (var out = new GZIPOutputStream(exchange.getResponseBody())) {
                out.write("001e# service=git-upload-pack\n0000".getBytes(StandardCharsets.US_ASCII));
                var name = "a".repeat(60_000);
                for (int i = 0; i < 2_000; i++) {
                    var line = "1".repeat(40) + " refs/heads/" + name + i + "\n";
                    out.write(String.format("%04x%s", line.length() + 4, line).getBytes(StandardCharsets.US_ASCII));
                }
            }
        });
        assertThat(bench(url).refusal(FailureKind.REPOSITORY_REFUSED)).contains("more branches and tags");
    }

    @Test
    void packThatAnnouncesBillionsOfObjectsIsRefusedBeforeRoomIsMade() throws Exception {
        var commit = "1".repeat(40);
        var url = server(exchange -> {
            var get = exchange.getRequestMethod().equals("GET");
            exchange.getRequestBody().readAllBytes();
            exchange.getResponseHeaders()
                    .set("Content-Type", "application/x-git-upload-pack-" + (get ? "advertisement" : "result"));
            exchange.sendResponseHeaders(200, 0);
            var bytes = new ByteArrayOutputStream();
            var lines = new PacketLineOut(bytes);
            if (get) {
                lines.writeString("# service=git-upload-pack\n");
                lines.end();
                lines.writeString(
                        commit
                                + " HEAD\0shallow multi_ack_detailed no-done side-band-64k ofs-delta symref=HEAD:refs/heads/main agent=git/2\n");
                lines.writeString(commit + " refs/heads/main\n");
                lines.end();
            } else {
                lines.writeString("shallow " + commit + "\n");
                lines.end();
                lines.writeString("NAK\n");
                // Side band 1.
                lines.writePacket(new byte[] {1, 'P', 'A', 'C', 'K', 0, 0, 0, 2, 0x7f, -1, -1, -1});
            }
            exchange.getResponseBody().write(bytes.toByteArray());
        });
        assertThat(bench(url).refusal(FailureKind.REPOSITORY_REFUSED)).contains("2,147,483,647 objects");
    }

    @Test
    void cancellationEndsACloneThatWaits() throws Exception {
        var arrived = new CompletableFuture<Void>();
        var release = new CompletableFuture<Void>();
        open.add(() -> release.complete(null));
        var url = server(exchange -> {
            arrived.complete(null);
            release.join();
        });
        var bench = Bench.of(data, url);
        var clone = CompletableFuture.supplyAsync(() -> catchThrowable(bench::cloned));
        arrived.get(10, TimeUnit.SECONDS);
        var began = Instant.now();
        bench.scope().stop();
        assertThat(clone.get(10, TimeUnit.SECONDS)).isInstanceOf(StepScope.Stopped.class);
        assertThat(Duration.between(began, Instant.now())).isLessThan(Duration.ofSeconds(2));
        assertThat(data.resolve("work/k3v9x2mq")).isEmptyDirectory();
    }

    @Test
    void httpsGoesToThePinnedAddressAndProvesItsName() throws Exception {
        var store = data.resolve("keys.p12");
        var made = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-alias",
                        "git",
                        "-dname",
                        "CN=git.example",
                        "-ext",
                        "san=dns:git.example",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        "for-tests",
                        "-validity",
                        "2")
                .redirectErrorStream(true)
                .start();
        assertThat(made.waitFor())
                .as(new String(made.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isZero();
        var keys = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(store)) {
            keys.load(in, "for-tests".toCharArray());
        }
        var own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, "for-tests".toCharArray());
        var trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(keys);
        var server = SSLContext.getInstance("TLS");
        server.init(own.getKeyManagers(), null, null);
        var client = SSLContext.getInstance("TLS");
        client.init(null, trusted.getTrustManagers(), null);

        var https = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        https.setHttpsConfigurator(new HttpsConfigurator(server));
        var hosts = new CopyOnWriteArrayList<String>();
        serve(https, exchange -> {
            hosts.add(exchange.getRequestHeaders().getFirst("Host"));
            redirect(exchange, 404, "");
        });
        var port = https.getAddress().getPort();
        AddressGuard.Names names = host -> new InetAddress[] {InetAddress.getLoopbackAddress()};
        var bench = Bench.of(data, "https://git.example:" + port + "/x.git");
        assertThat(bench.network(new Clone.Network(names, Pace.DEFAULT, client))
                        .refusal(FailureKind.REPOSITORY_NOT_FOUND))
                .contains("git.example");
        assertThat(hosts).containsExactly("git.example:" + port);

        assertThat(bench.network(new Clone.Network(names, Pace.DEFAULT, null))
                        .refusal(FailureKind.REPOSITORY_UNREACHABLE))
                .as("a certificate that nobody vouches for")
                .contains("No secure connection to git.example");
        assertThat(Bench.of(data, "https://other.example:" + port + "/x.git")
                        .network(new Clone.Network(names, Pace.DEFAULT, client))
                        .refusal(FailureKind.REPOSITORY_UNREACHABLE))
                .as("a certificate of another name")
                .contains("No secure connection to other.example");
        assertThat(hosts).hasSize(1);
    }
}
