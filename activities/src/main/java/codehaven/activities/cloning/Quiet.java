package codehaven.activities.cloning;

import java.nio.file.Files;
import java.nio.file.Path;
import org.eclipse.jgit.lib.Config;
import org.eclipse.jgit.storage.file.FileBasedConfig;
import org.eclipse.jgit.util.FS;
import org.eclipse.jgit.util.SystemReader;

/**
 * JGit without the machine's and the user's Git configuration: no rewritten addresses, credentials, proxies or cookies
 * from there, and no {@code git} program started to find it.
 */
final class Quiet extends SystemReader.Delegate {

    private Quiet(SystemReader usual) {
        super(usual);
    }

    /**
     * For the whole process, from now on.
     *
     * @param lasting a directory that stays: JGit measures its disk's clock there for some seconds, and nobody waits for
     *     that, nor does it find its directory deleted
     */
    static synchronized void install(Path lasting) {
        if (!(SystemReader.getInstance() instanceof Quiet)) {
            SystemReader.setInstance(new Quiet(SystemReader.getInstance()));
            FS.FileStoreAttributes.setBackground(true);
        }
        if (Files.isDirectory(lasting)) {
            FS.FileStoreAttributes.get(lasting);
        }
    }

    @Override
    public FileBasedConfig openSystemConfig(Config parent, FS fs) {
        return new Empty(parent, fs);
    }

    @Override
    public FileBasedConfig openUserConfig(Config parent, FS fs) {
        return new Empty(parent, fs);
    }

    @Override
    public FileBasedConfig openJGitConfig(Config parent, FS fs) {
        return new Empty(parent, fs);
    }

    private static final class Empty extends FileBasedConfig {
        @SuppressWarnings("NullAway") // JGit's own way to say that there is no file
        Empty(Config parent, FS fs) {
            super(parent, null, fs);
        }

        @Override
        public void load() {}

        @Override
        public void save() {}

        @Override
        public boolean isOutdated() {
            return false;
        }
    }
}
