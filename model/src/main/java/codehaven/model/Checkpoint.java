package codehaven.model;

import org.jspecify.annotations.Nullable;

/**
 * What finished steps left in storage: small records of keys and figures, never bytes. A retry begins after the last
 * one that is present.
 */
public record Checkpoint(
        @Nullable ClonedTree cloned,
        @Nullable StoredSource stored,
        @Nullable BuiltOutput built) {

    public static final Checkpoint NONE = new Checkpoint(null, null, null);

    /**
     * What CLONING found.
     *
     * @param branch absent when the ref was a tag or a commit
     * @param defaultBranch the remote's own default branch, where it says one
     * @param tree the Git tree's object id
     * @param files how many files the tree has
     * @param bytes their size, uncompressed
     */
    public record ClonedTree(
            Commit commit,
            @Nullable String branch,
            @Nullable String defaultBranch,
            String tree,
            int files,
            long bytes) {}

    /**
     * The tree as one archive, {@code sources/<sha256>.tar.zst}.
     *
     * @param sha256 of the uncompressed tar
     * @param bytes of the stored, compressed object
     * @param sent whether it was not there yet
     */
    public record StoredSource(String sha256, long bytes, boolean sent) {}

    /**
     * What BUILDING made: the site's files as one archive, {@code outputs/<deployment id>.tar.zst}, until published.
     *
     * @param spa whether the framework's sites answer unknown paths with {@code index.html}
     * @param cache as in {@link Output#cache}
     * @param app what runs behind these files; absent for a static site
     */
    public record BuiltOutput(
            String outputKey,
            String framework,
            Kind kind,
            int files,
            long bytes,
            boolean spa,
            String cache,
            @Nullable AppImage app) {}
}
