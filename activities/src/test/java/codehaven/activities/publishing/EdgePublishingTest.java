package codehaven.activities.publishing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import codehaven.activities.Stage;
import codehaven.activities.StepRunner;
import codehaven.activities.WorkFiles;
import codehaven.model.Checkpoint;
import codehaven.model.Checkpoint.BuiltOutput;
import codehaven.model.Checkpoint.StoredSource;
import codehaven.model.Deployment;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentEvent.StepChanged;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.FailureKind;
import codehaven.model.Host;
import codehaven.model.Manifest;
import codehaven.model.Output;
import codehaven.model.Project;
import codehaven.model.Site;
import codehaven.model.Step;
import codehaven.model.Target;
import codehaven.state.Blobs;
import codehaven.workflows.DeploymentRequest;
import com.aayushatharva.brotli4j.decoder.BrotliInputStream;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.luben.zstd.ZstdInputStream;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EdgePublishingTest {

    private static final Duration SOON = Duration.ofMinutes(2);
    private static final ObjectMapper JSON = new ObjectMapper();

    private static Stage stage;

    @TempDir
    private Path data;

    private Project project;
    private Map<String, byte[]> output;

    @BeforeAll
    static void open() throws Exception {
        stage = Stage.open();
    }

    @BeforeEach
    void make() {
        project = stage.project();
        output = new LinkedHashMap<>();
    }

    private void file(String path, String text) {
        output.put(path, text.getBytes(UTF_8));
    }

    private BuiltOutput stored(DeploymentRequest request) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var tar = new TarArchiveOutputStream(new ZstdOutputStream(bytes), "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            for (var each : output.entrySet()) {
                var entry = new TarArchiveEntry(each.getKey(), true);
                entry.setSize(each.getValue().length);
                tar.putArchiveEntry(entry);
                tar.write(each.getValue());
                tar.closeArchiveEntry();
            }
            var link = new TarArchiveEntry("link.html", TarConstants.LF_SYMLINK);
            link.setLinkName("/etc/passwd");
            tar.putArchiveEntry(link);
            tar.closeArchiveEntry();
        }
        stage.state.blobs().put(Blobs.output(request.deployment()), bytes.toByteArray());
        return built(request);
    }

    private BuiltOutput built(DeploymentRequest request) {
        return Stage.built(
                request,
                output.size(),
                output.values().stream().mapToLong(each -> each.length).sum());
    }

    private Stage.Cast cast(StepRunner.Work<BuiltOutput> building) {
        return stage.cast(data, building, runner -> new EdgePublishing(runner, stage.settings(data), stage.state));
    }

    private Deployment publish(DeploymentRequest request) throws Exception {
        try (var _ = cast(scope -> stored(request))) {
            stage.start(request);
            return stage.await(request, DeploymentStatus.READY, SOON);
        }
    }

    private static Output figures(Deployment deployment) {
        return Objects.requireNonNull(deployment.output());
    }

    private DeploymentRequest queued() {
        return stage.queued(project, Environment.PRODUCTION);
    }

    private Host own(DeploymentRequest request) {
        return Host.ofDeployment(project.slug(), request.deployment(), "sites.localhost");
    }

    private Host production() {
        return Host.ofProduction(project.slug(), "sites.localhost");
    }

    private Optional<Site> site(Host host) {
        return stage.state.sites().find(host);
    }

    private Manifest manifest(Host host) throws IOException {
        var files = (Target.Files) site(host).orElseThrow().target();
        try (var in = stage.state.blobs().open(Blobs.blob(files.manifest()))) {
            return JSON.readValue(in, Manifest.class);
        }
    }

    private static byte[] bytes(String key) throws IOException {
        try (var in = stage.state.blobs().open(key)) {
            return in.readAllBytes();
        }
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    @Test
    void aSiteIsPublishedWholeAndARedeploySendsNothing() throws Exception {
        var random = new Random(1);
        for (var n = 0; n < 1_000; n++) {
            file("pages/" + n + "/index.html", "<p>" + random.nextLong() + "</p>\n".repeat(n % 300));
        }
        var first = queued();
        var ready = figures(publish(first));

        assertThat(ready.files()).isEqualTo(1_000);
        assertThat(ready.uploadedFiles()).isEqualTo(1_000);
        assertThat(ready.uploadedBytes()).isEqualTo(ready.bytes());
        var manifest = manifest(own(first));
        assertThat(manifest.files().keySet()).isEqualTo(new TreeSet<>(output.keySet()));
        for (var n : new int[] {0, 299, 999}) {
            var path = "pages/" + n + "/index.html";
            var file = Objects.requireNonNull(manifest.files().get(path));
            var content = Objects.requireNonNull(output.get(path));
            assertThat(file.sha256()).isEqualTo(sha256(content));
            assertThat(file.size()).isEqualTo(content.length);
            assertThat(file.type()).isEqualTo("text/html; charset=utf-8");
            assertThat(bytes(Blobs.blob(file.sha256()))).isEqualTo(content);
            assertThat(file.variants()).as("above 1 KB: %d", content.length).hasSize(content.length > 1_024 ? 3 : 0);
            for (var variant : file.variants()) {
                var stored = bytes(Blobs.variant(file.sha256(), variant.suffix()));
                assertThat(stored).hasSize((int) variant.size());
                switch (variant.encoding()) {
                    case "gzip" ->
                        assertThat(new GZIPInputStream(new ByteArrayInputStream(stored)).readAllBytes())
                                .isEqualTo(content);
                    case "zstd" ->
                        assertThat(new ZstdInputStream(new ByteArrayInputStream(stored)).readAllBytes())
                                .isEqualTo(content);
                    case "br" ->
                        assertThat(new BrotliInputStream(new ByteArrayInputStream(stored)).readAllBytes())
                                .isEqualTo(content);
                    default -> throw new AssertionError(variant);
                }
            }
        }
        assertThat(stage.state.blobs().size(Blobs.output(first.deployment())))
                .as("the archive has done its duty")
                .isEmpty();
        assertThat(WorkFiles.of(data, first.deployment())).doesNotExist();
        assertThat(site(production()).orElseThrow().role()).isEqualTo(Site.Role.PRODUCTION);
        assertThat(site(Host.ofBranch(project.slug(), "main", "sites.localhost"))
                        .orElseThrow()
                        .deployment())
                .isEqualTo(first.deployment());
        assertThat(stage.lines(first))
                .extracting(LogLine::text)
                .contains("Live at http://" + production() + ":8081/", "Live at http://" + own(first) + ":8081/");

        var second = queued();
        var again = figures(publish(second));
        assertThat(again.uploadedFiles()).isZero();
        assertThat(again.uploadedBytes()).isZero();
        assertThat(site(own(second)).orElseThrow().target())
                .isEqualTo(site(own(first)).orElseThrow().target());
        assertThat(site(production()).orElseThrow().deployment()).isEqualTo(second.deployment());
    }

    @Test
    void whatMustNeverBePublishedIsNot() throws Exception {
        for (var path : new String[] {
            ".env",
            ".env.local",
            "a/.env",
            ".git/config",
            "sub/.git/HEAD",
            "node_modules/x/index.js",
            ".DS_Store",
            "../outside.html",
            "a//b",
            "x/../../y"
        }) {
            file(path, "secret");
        }
        file("./index.html", "hello");
        file(".well-known/security.txt", "Contact: x");
        file("a b\n\"'$(touch x).html", "odd");
        file("e\u0301.html", "decomposed");
        var request = queued();
        publish(request);

        assertThat(manifest(own(request)).files().keySet())
                .containsExactlyInAnyOrder(
                        "index.html", ".well-known/security.txt", "a b\n\"'$(touch x).html", "\u00e9.html");
        assertThat(stage.lines(request))
                .extracting(LogLine::text)
                .anySatisfy(line ->
                        assertThat(line).startsWith("Left out").contains(".env").contains(".git/config"))
                .anySatisfy(line -> assertThat(line).startsWith("Left out").contains("link.html"));
    }

    @Test
    void anOlderDeploymentDoesNotReplaceANewerOne() throws Exception {
        file("index.html", "older");
        var older = queued();
        var newer = queued();
        publish(newer);
        publish(older);
        assertThat(site(production()).orElseThrow().deployment()).isEqualTo(newer.deployment());
        assertThat(site(own(older)).orElseThrow().deployment()).isEqualTo(older.deployment());
        assertThat(stage.lines(older))
                .extracting(LogLine::text)
                .contains("http://" + production() + ":8081/ is left alone: a newer deployment is live there.");
    }

    @Test
    void filesThatTheBuilderLeftHereAreTakenWhenTheyAreWhole() throws Exception {
        file("index.html", "from the disk");
        file("deep/x.txt", "x");
        var request = queued();
        try (var _ = cast(scope -> {
            for (var each : output.entrySet()) {
                var target = WorkFiles.of(data, request.deployment())
                        .resolve("output")
                        .resolve(each.getKey());
                Files.createDirectories(target.getParent());
                Files.write(target, each.getValue());
            }
            return built(request);
        })) {
            stage.start(request);
            stage.await(request, DeploymentStatus.READY, SOON);
        }
        assertThat(manifest(own(request)).files().keySet()).containsExactly("deep/x.txt", "index.html");
        assertThat(WorkFiles.of(data, request.deployment())).doesNotExist();
    }

    @Test
    void anOutputThatIsLostIsAFailureThatSaysWhatToDo() throws Exception {
        var request = queued();
        try (var _ = cast(scope -> Stage.built(request, 3, 30))) {
            stage.start(request);
            var failed = stage.await(request, DeploymentStatus.FAILED, SOON);
            var failure = Objects.requireNonNull(failed.failure());
            assertThat(failure.kind()).isEqualTo(FailureKind.NO_OUTPUT);
            assertThat(failure.hint()).startsWith("Redeploy");
        }
    }

    @Test
    void aStepWhoseAnswerWasLostIsNotDoneTwice() throws Exception {
        file("index.html", "once");
        var request = queued();
        try (var _ = cast(scope -> stored(request))) {
            stage.start(request).getResult(Void.class);
        }
        var first = site(own(request)).orElseThrow();
        var again = new DeploymentRequest(
                request.deployment(),
                request.project(),
                request.environment(),
                request.source(),
                request.settings(),
                request.generation(),
                new Checkpoint(Stage.tree(), new StoredSource("c".repeat(64), 10, true), built(request)));
        try (var _ = cast(scope -> {
            throw new AssertionError("nothing is built");
        })) {
            stage.start(again).getResult(Void.class);
        }
        assertThat(site(own(request)).orElseThrow().target()).isEqualTo(first.target());
        assertThat(stage.deployment(request).status()).isEqualTo(DeploymentStatus.READY);
    }

    @Test
    void aCanceledDeploymentIsLiveNowhere() throws Exception {
        var random = new Random(2);
        for (var n = 0; n < 3_000; n++) {
            file(n + ".html", "<p>" + random.nextLong());
        }
        var request = queued();
        try (var _ = cast(scope -> stored(request))) {
            var workflow = stage.start(request);
            Stage.await(
                    "publishing",
                    SOON,
                    () -> stage.events(request).stream()
                            .anyMatch(event -> event instanceof StepChanged changed
                                    && changed.run().step() == Step.PUBLISHING));
            workflow.cancel();
            Stage.await(
                    "the end", SOON, () -> stage.deployment(request).status().isFinal());
        }
        assertThat(site(own(request)).isPresent())
                .as("live if and only if it is called so")
                .isEqualTo(stage.deployment(request).status() == DeploymentStatus.READY);
    }
}
