package codehaven.activities.building;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What becomes the image of an app that answers requests itself. */
sealed interface Running {

    /** The folder of an image that the app is in. */
    String HOME = "/app";

    /** What it listens on when nothing else says so. */
    int NODE_PORT = 3000;

    int PYTHON_PORT = 8000;
    int OTHER_PORT = 8080;

    /** What it listens on; absent where only the built image can tell. */
    @Nullable
    Integer port();

    /** What of the image the edge may answer by itself. */
    List<Asset> assets();

    /**
     * Files that the app would serve as they are.
     *
     * @param path of their folder in the image, absolute
     * @param at where they are on the site: empty for its top
     */
    record Asset(String path, String at) {}

    /**
     * A folder of the built tree.
     *
     * @param from relative to the top of the tree
     * @param to relative to {@link #HOME}
     */
    record Piece(String from, String to) {}

    /**
     * What the build container made, laid on the same image that it was built in, without any further command.
     *
     * @param pieces which folders of it
     * @param files single files of the repository that it needs beside them, relative to the top of the tree
     * @param base what {@link #HOME} is in the tree
     * @param directory where it is started, relative to {@link #HOME}
     * @param finish a shell command that prepares the tree after the build, absent where there is nothing to prepare
     * @param start as an exec form
     */
    record Tree(
            List<Piece> pieces,
            List<String> files,
            String base,
            String directory,
            @Nullable String finish,
            List<String> start,
            Integer port,
            List<Asset> assets)
            implements Running {
        public Tree {
            pieces = List.copyOf(pieces);
            files = List.copyOf(files);
            start = List.copyOf(start);
            assets = List.copyOf(assets);
        }
    }

    /**
     * What the engine builds from a Dockerfile.
     *
     * @param file of the repository, or the name that a generated one goes by
     * @param generated its text when it is ours, absent when it is the repository's
     * @param context the folder that it copies from
     * @param start what the image is started with instead of its own command, as an exec form
     * @param instead images that do as well as the one it is built on, should that not be had, best first
     */
    record Dockerfile(
            String file,
            @Nullable String generated,
            String context,
            @Nullable List<String> start,
            @Nullable Integer port,
            List<Asset> assets,
            List<String> instead)
            implements Running {
        public Dockerfile {
            start = start == null ? null : List.copyOf(start);
            assets = List.copyOf(assets);
            instead = List.copyOf(instead);
        }
    }
}
