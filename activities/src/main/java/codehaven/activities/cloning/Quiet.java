package codehaven.activities.cloning;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.eclipse.jgit.lib.Config;
import org.eclipse.jgit.storage.file.FileBasedConfig;
import org.eclipse.jgit.util.FS;
import org.eclipse.jgit.util.SystemReader;
import org.jspecify.annotations.Nullable;

/**
 * JGit without the machine's and the user's Git configuration: no rewritten addresses, credentials, proxies or cookies
 * from there, no {@code git} program started to find it, and no seconds of computing in each process to learn how fine
 * the clock of a disk is.
 */
final class Quiet extends SystemReader.Delegate {

    /** JGit's own guess until it has measured: how long a file that was written twice may look as if written once. */
    private static final Duration CLOCK_OF_ANY_DISK = FS.FileStoreAttributes.FALLBACK_TIMESTAMP_RESOLUTION;

    private Quiet(SystemReader usual) {
        super(usual);
    }

    /** For the whole process, from now on. */
    static synchronized void install() {
        if (!(SystemReader.getInstance() instanceof Quiet)) {
            SystemReader.setInstance(new Quiet(SystemReader.getInstance()));
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
        public long getTimeUnit(
                String section, @Nullable String subsection, String name, long otherwise, TimeUnit unit) {
            return section.equals("filesystem") && name.equals("timestampResolution")
                    ? unit.convert(CLOCK_OF_ANY_DISK)
                    : super.getTimeUnit(section, subsection, name, otherwise, unit);
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
