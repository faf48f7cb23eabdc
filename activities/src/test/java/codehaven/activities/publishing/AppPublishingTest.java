package codehaven.activities.publishing;

import static org.assertj.core.api.Assertions.assertThat;

import codehaven.activities.Stage;
import codehaven.activities.running.AppYard;
import codehaven.model.App;
import codehaven.model.BuildSettings;
import codehaven.model.Checkpoint.BuiltOutput;
import codehaven.model.Deployment;
import codehaven.model.DeploymentEvent.LogLine;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.Failure;
import codehaven.model.FailureKind;
import codehaven.model.Host;
import codehaven.model.Kind;
import codehaven.model.Project;
import codehaven.model.Site;
import codehaven.model.Target;
import codehaven.state.Blobs;
import codehaven.workflows.DeploymentRequest;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("engine")
class AppPublishingTest {

    private static final Duration SOON = Duration.ofMinutes(2);

    private static Stage stage;

    @TempDir
    private Path data;

    private AppYard yard;
    private Project project;

    @BeforeAll
    static void stage() throws Exception {
        stage = Stage.open();
    }

    @BeforeEach
    void open() throws Exception {
        yard = new AppYard(stage, data);
        yard.open();
        project = yard.project;
    }

    @AfterEach
    void close() throws Exception {
        stage.state.apps().deleteOf(project.slug());
        yard.clear();
    }

    private void mode(String mode) {
        stage.state
                .variables()
                .put(project.slug(), "MODE", mode, false, Set.of(Environment.PRODUCTION, Environment.PREVIEW));
    }

    private DeploymentRequest queued() {
        var request = stage.queued(project, Environment.PRODUCTION);
        yard.mine(request.deployment());
        return new DeploymentRequest(
                request.deployment(),
                request.project(),
                request.environment(),
                request.source(),
                settings(),
                request.generation(),
                request.resume());
    }

    private static BuildSettings settings() {
        return AppYard.settings(AppYard.app(1, null, List.of()), null, null, 5);
    }

    private BuiltOutput built(DeploymentRequest request) throws IOException {
        var bytes = new ByteArrayOutputStream();
        new TarArchiveOutputStream(new ZstdOutputStream(bytes), "UTF-8").close();
        stage.state.blobs().put(Blobs.output(request.deployment()), bytes.toByteArray());
        return new BuiltOutput(
                Blobs.output(request.deployment()), "express", Kind.DYNAMIC, 0, 0, false, "none", yard.appImage());
    }

    private Stage.Cast cast(DeploymentRequest request) {
        return stage.cast(
                data, scope -> built(request), runner -> new EdgePublishing(runner, stage.settings(data), stage.state));
    }

    private Deployment publish(DeploymentRequest request, DeploymentStatus end) throws Exception {
        try (var _ = cast(request)) {
            stage.start(request);
            return stage.await(request, end, SOON);
        }
    }

    private Site production() {
        return stage.state
                .sites()
                .find(Host.ofProduction(project.slug(), "sites.localhost"))
                .orElseThrow();
    }

    private List<String> log(DeploymentRequest request) {
        return stage.lines(request).stream().map(LogLine::text).toList();
    }

    private static Failure failure(Deployment deployment) {
        return Objects.requireNonNull(deployment.failure());
    }

    private void answers(DeploymentRequest request) throws Exception {
        assertThat(production().deployment()).isEqualTo(request.deployment());
        var target = (Target.Container) production().target();
        assertThat(AppYard.get(target.addresses().getFirst(), "/")).isEqualTo("hello from 0.0.0.0 of production");
    }

    @Test
    void aBrokenVersionNeverTouchesTheOneThatServes() throws Exception {
        mode("");
        var good = queued();
        publish(good, DeploymentStatus.READY);
        answers(good);
        assertThat(log(good)).contains("The app is healthy.");

        mode("crash");
        var crashing = queued();
        var crashed = failure(publish(crashing, DeploymentStatus.FAILED));
        assertThat(crashed.kind()).isEqualTo(FailureKind.HEALTH_CHECK_FAILED);
        assertThat(crashed.message()).isEqualTo("The app does not come up: it ended with exit code 1.");
        assertThat(log(crashing)).contains("The app's last lines:", "no such table: users");
        assertThat(crashed.lines()).isNotNull();
        answers(good);

        mode("elsewhere");
        var elsewhere = queued();
        var refused = failure(publish(elsewhere, DeploymentStatus.FAILED));
        assertThat(refused.message()).contains("It listens on port 8088, not on 3000 that PORT tells it.");
        assertThat(refused.hint()).contains("app.port");
        answers(good);

        mode("erofs");
        var writing = failure(publish(queued(), DeploymentStatus.FAILED));
        assertThat(writing.hint()).contains("app.writable");
        answers(good);

        Stage.await(
                "nothing of them is left",
                SOON,
                () -> yard.containers(crashing.deployment()).isEmpty()
                        && yard.containers(elsewhere.deployment()).isEmpty());
        assertThat(yard.containers(good.deployment())).hasSize(1);

        mode("");
        var next = queued();
        publish(next, DeploymentStatus.READY);
        answers(next);
        assertThat(yard.app(good.deployment()).addresses())
                .as("the one before still runs")
                .hasSize(1);
    }

    @Test
    void oneThatDiesWhileItIsNewGivesItsHostsBack() throws Exception {
        mode("");
        var good = queued();
        publish(good, DeploymentStatus.READY);

        mode("dies");
        var dying = queued();
        var failed = failure(publish(dying, DeploymentStatus.FAILED));
        assertThat(failed.kind()).isEqualTo(FailureKind.HEALTH_CHECK_FAILED);
        assertThat(failed.message())
                .matches("The app died \\d+ s after it went live: it ended with exit code 7\\. " + project.slug()
                        + "\\.sites\\.localhost shows " + good.deployment() + " again\\. .*");
        answers(good);
        assertThat(yard.app(dying.deployment()).wanted()).isEqualTo(App.Wanted.STOPPED);

        var next = queued();
        mode("");
        publish(next, DeploymentStatus.READY);
        answers(next);
    }

    @Test
    void aCanceledOneLeavesNoContainer() throws Exception {
        mode("loopback");
        var request = queued();
        try (var _ = cast(request)) {
            var workflow = stage.start(request);
            Stage.await(
                    "its container",
                    SOON,
                    () -> !yard.containers(request.deployment()).isEmpty());
            workflow.cancel();
            stage.await(request, DeploymentStatus.CANCELED, SOON);
        }
        Stage.await(
                "no container",
                SOON,
                () -> yard.containers(request.deployment()).isEmpty());
        assertThat(stage.state.apps().find(request.deployment())).isEmpty();
    }

    @Test
    void anotherAttemptGoesOnWithTheContainerThatIsThere() throws Exception {
        mode("slow");
        var request = queued();
        var first = cast(request);
        stage.start(request);
        Stage.await(
                "its container",
                SOON,
                () -> yard.containers(request.deployment()).stream()
                        .anyMatch(each -> each.getState().equals("running")));
        var container = yard.containers(request.deployment()).getFirst().getId();
        first.close();
        try (var _ = cast(request)) {
            stage.await(request, DeploymentStatus.READY, SOON);
        }
        answers(request);
        assertThat(yard.containers(request.deployment()))
                .singleElement()
                .satisfies(each -> assertThat(each.getId()).isEqualTo(container));
    }
}
