package codehaven.activities.cloning;

import codehaven.activities.LoneScope;
import codehaven.activities.Settings;
import codehaven.model.BuildSettings;
import codehaven.model.Checkpoint;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.Environment;
import codehaven.model.FailureKind;
import codehaven.model.GitSource;
import codehaven.model.Slug;
import codehaven.model.Step;
import codehaven.workflows.DeploymentRequest;
import codehaven.workflows.StepFailure;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import org.assertj.core.api.Assertions;
import org.jspecify.annotations.Nullable;

/** One deployment's clone, to be tried with a word changed here and there. */
record Bench(
        Settings settings,
        Clone.Network network,
        String repository,
        @Nullable String ref,
        BuildSettings build,
        LoneScope scope) {

    static final Clone.Network NETWORK = new Clone.Network(InetAddress::getAllByName, Pace.DEFAULT, null);

    static {
        // The tests' own directories are deleted while JGit still measures.
        Quiet.install();
    }

    static Bench of(Path data, String repository) {
        return new Bench(
                settings(data, true, Settings.Limits.DEFAULT),
                NETWORK,
                repository,
                null,
                BuildSettings.DETECTED,
                new LoneScope("k3v9x2mq", Step.CLONING));
    }

    static Settings settings(Path data, boolean local, Settings.Limits limits) {
        return new Settings(
                data, null, false, 1, local, "sites.localhost", URI.create("http://sites.localhost:8081"), limits);
    }

    Bench ref(@Nullable String ref) {
        return new Bench(settings, network, repository, ref, build, scope);
    }

    Bench local(boolean local) {
        return new Bench(settings(settings.data(), local, settings.limits()), network, repository, ref, build, scope);
    }

    Bench limits(int files, long bytes, long pack) {
        var d = Settings.Limits.DEFAULT;
        var limits = new Settings.Limits(
                files,
                bytes,
                pack,
                d.buildMemoryMb(),
                d.buildCpus(),
                d.buildPids(),
                d.buildDiskMb(),
                d.build(),
                d.logBytes(),
                d.outputFiles(),
                d.outputBytes());
        return new Bench(
                settings(settings.data(), settings.gitAllowLocal(), limits), network, repository, ref, build, scope);
    }

    Bench network(Clone.Network network) {
        return new Bench(settings, network, repository, ref, build, scope);
    }

    Bench submodules() {
        var with = new BuildSettings(
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                true,
                null,
                build.limits(),
                build.app());
        return new Bench(settings, network, repository, ref, with, scope);
    }

    DeploymentRequest request() {
        return new DeploymentRequest(
                scope.deployment(),
                new Slug("site"),
                Environment.PRODUCTION,
                new GitSource(repository, ref),
                build,
                1,
                Checkpoint.NONE);
    }

    Trees trees() {
        return new Trees(settings, network);
    }

    ClonedTree cloned() throws IOException {
        return trees().clone(request(), scope);
    }

    /** Where the files are after {@link #cloned}. */
    Path tree() throws IOException {
        return trees().tree(request(), cloned(), scope);
    }

    /** Clones, which fails in this way. */
    String refusal(FailureKind kind) {
        var thrown = Assertions.catchThrowable(this::cloned);
        Assertions.assertThat(thrown).isInstanceOf(StepFailure.class);
        Assertions.assertThat(((StepFailure) thrown).kind())
                .as(thrown.getMessage())
                .isEqualTo(kind);
        return String.valueOf(thrown.getMessage());
    }
}
