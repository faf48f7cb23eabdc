package codehaven.activities.cloning;

import codehaven.activities.Settings;
import codehaven.activities.StepScope;
import codehaven.activities.WorkFiles;
import codehaven.model.Checkpoint.ClonedTree;
import codehaven.model.FailureKind;
import codehaven.model.GitSource;
import codehaven.workflows.DeploymentRequest;
import codehaven.workflows.StepFailure;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The trees on this machine, {@code work/<deployment>/tree-*} below the worker's directory. A small file written last
 * says which of them is whole and what it is of; attempts that race write beside each other.
 */
public final class Trees {

    private static final String KEPT = "tree.json";

    /** Whoever looks at a tree reads no further into a file. */
    private static final long LOOKED_AT = 1L << 20;

    private static final Pattern ID = Pattern.compile("[a-z0-9]{1,40}");
    private static final JsonMapper JSON =
            JsonMapper.builder().addModule(new JavaTimeModule()).build();

    private final Settings settings;
    private final Clone.Network network;

    /** What the small file holds. */
    record Kept(String repository, @Nullable String ref, boolean submodules, String directory, ClonedTree tree) {}

    public Trees(Settings settings) {
        this(settings, new Clone.Network(InetAddress::getAllByName, Pace.DEFAULT, null));
    }

    /** For looks that somebody waits for. */
    public static Trees hasty(Settings settings) {
        return new Trees(settings, new Clone.Network(InetAddress::getAllByName, Pace.HASTY, null));
    }

    Trees(Settings settings, Clone.Network network) {
        this.settings = settings;
        this.network = network;
        Quiet.install();
    }

    /**
     * Brings what the request's ref names now; what an earlier attempt brought whole is used again.
     *
     * @throws StepFailure with the kind and the sentence for the user
     */
    ClonedTree clone(DeploymentRequest request, StepScope scope) throws IOException {
        var kept = kept(request);
        if (kept.isPresent()) {
            scope.log().say("The tree is here already, from an earlier attempt");
            return kept.get().tree();
        }
        return bring(request, null, scope).tree();
    }

    /**
     * The directory with the tree of the commit that an earlier step cloned; cloned again when it is not on this
     * machine. It is for reading only, and gone after {@link #release}.
     *
     * @throws StepFailure with the kind and the sentence for the user
     */
    public Path tree(DeploymentRequest request, ClonedTree cloned, StepScope scope) throws IOException {
        var kept = kept(request);
        if (kept.isPresent() && kept.get().tree().tree().equals(cloned.tree())) {
            return place(request.deployment()).resolve(kept.get().directory());
        }
        scope.log()
                .say("The tree is not on this machine: cloning "
                        + cloned.commit().sha().abbreviated() + " again");
        return place(request.deployment()).resolve(bring(request, cloned, scope).directory());
    }

    /** Deletes the deployment's trees on this machine; whatever else is in its directory stays. */
    public void release(String deployment) throws IOException {
        var place = place(deployment);
        Files.deleteIfExists(place.resolve(KEPT));
        try (var inside = Files.newDirectoryStream(place, "{tree,scratch}-*")) {
            for (var each : inside) {
                WorkFiles.delete(each);
            }
        } catch (NoSuchFileException none) {
            return;
        }
        try {
            Files.deleteIfExists(place);
        } catch (DirectoryNotEmptyException others) {
            // What another step keeps there is its own to delete.
            return;
        }
    }

    /**
     * Brings what the ref names now, shows it and deletes it again. Files of more than {@value #LOOKED_AT} bytes are
     * empty in it, and submodules are left out.
     *
     * @param name of a directory of this machine that nobody else uses, in the form of a deployment's id
     * @throws StepFailure with the kind and the sentence for the user
     */
    public <T> T look(GitSource source, String name, StepScope scope, Look<T> look) throws IOException {
        var place = place(name);
        Files.createDirectories(place);
        try (var clone = new Clone(settings, network, source, false, scope, place.resolve("scratch"))) {
            var tree = place.resolve("tree");
            return look.at(clone.into(tree, null, LOOKED_AT), tree);
        } finally {
            WorkFiles.delete(place);
        }
    }

    /** Looks at a tree that is gone afterwards. */
    @FunctionalInterface
    public interface Look<T> {
        T at(ClonedTree cloned, Path directory) throws IOException;
    }

    private Kept bring(DeploymentRequest request, @Nullable ClonedTree exactly, StepScope scope) throws IOException {
        var place = place(request.deployment());
        Files.createDirectories(place);
        var unique = UUID.randomUUID().toString().substring(0, 8);
        var directory = "tree-" + unique;
        var scratch = place.resolve("scratch-" + unique);
        var whole = false;
        try (var clone = new Clone(settings, network, request.source(), submodules(request), scope, scratch)) {
            var tree = clone.into(place.resolve(directory), exactly);
            var kept = new Kept(
                    request.source().repository(), request.source().ref(), submodules(request), directory, tree);
            var beside = place.resolve("tree-" + unique + ".json");
            Files.write(beside, JSON.writeValueAsBytes(kept));
            Files.move(beside, place.resolve(KEPT), StandardCopyOption.ATOMIC_MOVE);
            whole = true;
            return kept;
        } catch (IOException | UncheckedIOException problem) {
            if (String.valueOf(problem.getMessage()).contains("No space left on device")) {
                throw new StepFailure(
                        FailureKind.UNEXPECTED,
                        "The worker's disk is full: make room in its data directory, then retry.",
                        problem);
            }
            throw problem;
        } finally {
            WorkFiles.delete(scratch);
            if (!whole) {
                WorkFiles.delete(place.resolve(directory));
            }
        }
    }

    private Optional<Kept> kept(DeploymentRequest request) throws IOException {
        var place = place(request.deployment());
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(place.resolve(KEPT));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        }
        Kept kept;
        try {
            kept = JSON.readValue(bytes, Kept.class);
        } catch (JsonProcessingException ofAnotherVersion) {
            return Optional.empty();
        }
        var same = kept.repository().equals(request.source().repository())
                && Objects.equals(kept.ref(), request.source().ref())
                && kept.submodules() == submodules(request)
                && Files.isDirectory(place.resolve(kept.directory()));
        return same ? Optional.of(kept) : Optional.empty();
    }

    private static boolean submodules(DeploymentRequest request) {
        return Boolean.TRUE.equals(request.settings().submodules());
    }

    private Path place(String deployment) {
        if (!ID.matcher(deployment).matches()) {
            throw new IllegalArgumentException("not a deployment's id: " + deployment);
        }
        return WorkFiles.of(settings.data(), deployment);
    }
}
