package codehaven.activities.running;

import codehaven.activities.building.DockerEngine;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Volume;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * Gives a volume that is new to the image's user: Docker makes them root's, and an app that is not root could not write
 * to its own data. Works through the engine alone, whatever programs the image has, on containers that do not run.
 *
 * @param container that the volume is made for
 */
record VolumeOwner(DockerEngine engine, String container, String image) {

    /** The engine changes no owner of the directory that it unpacks into, so the volume is one in that. */
    private static final String MOUNTED = "codehaven-volume";

    private static final int LARGEST_PASSWD = 1 << 20;

    private record Owner(long user, long group) {}

    void give(String volume, String path, String user) {
        if (isNew(path)) {
            owner(user).ifPresent(owner -> give(volume, owner));
        }
    }

    private void give(String volume, Owner owner) {
        var name = "codehaven-owner-of-" + volume;
        // Of an earlier attempt.
        remove(name);
        engine.client()
                .createContainerCmd(image)
                .withName(name)
                .withEntrypoint("never")
                .withHostConfig(HostConfig.newHostConfig()
                        .withNetworkMode("none")
                        .withBinds(new Bind(volume, new Volume("/" + MOUNTED))))
                .exec();
        try {
            engine.client()
                    .copyArchiveToContainerCmd(name)
                    .withRemotePath("/")
                    .withTarInputStream(new ByteArrayInputStream(directory(owner)))
                    .exec();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            remove(name);
        }
    }

    private void remove(String name) {
        try {
            engine.client().removeContainerCmd(name).withForce(true).exec();
        } catch (NotFoundException e) {
            // As it should be.
            return;
        }
    }

    /** Whether it is root's and has nothing in it. */
    private boolean isNew(String path) {
        try (var in = engine.client()
                        .copyArchiveFromContainerCmd(container, path)
                        .exec();
                var tar = new TarArchiveInputStream(in, "UTF-8")) {
            var top = tar.getNextEntry();
            return top != null && top.isDirectory() && top.getLongUserId() == 0 && tar.getNextEntry() == null;
        } catch (NotFoundException e) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] directory(Owner owner) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
            tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
            var entry = new TarArchiveEntry(MOUNTED + "/");
            entry.setMode(040755);
            entry.setUserId(owner.user());
            entry.setGroupId(owner.group());
            tar.putArchiveEntry(entry);
            tar.closeArchiveEntry();
        }
        return bytes.toByteArray();
    }

    /** Of a user as images name one: {@code 1000}, {@code 1000:1000}, or a name of its /etc/passwd. */
    private Optional<Owner> owner(String user) {
        var parts = user.split(":", 2);
        if (parts[0].matches("\\d{1,9}")) {
            var number = Long.parseLong(parts[0]);
            return Optional.of(new Owner(
                    number, parts.length == 2 && parts[1].matches("\\d{1,9}") ? Long.parseLong(parts[1]) : 0));
        }
        return passwd().lines()
                .map(line -> line.split(":", -1))
                .filter(fields -> fields.length > 3
                        && fields[0].equals(parts[0])
                        && fields[2].matches("\\d{1,9}")
                        && fields[3].matches("\\d{1,9}"))
                .map(fields -> new Owner(Long.parseLong(fields[2]), Long.parseLong(fields[3])))
                .findFirst();
    }

    private String passwd() {
        try (var in = engine.client()
                .copyArchiveFromContainerCmd(container, "/etc/passwd")
                .exec()) {
            return content(in);
        } catch (NotFoundException e) {
            return "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String content(InputStream in) throws IOException {
        try (var tar = new TarArchiveInputStream(in, "UTF-8")) {
            var entry = tar.getNextEntry();
            return entry == null || !entry.isFile()
                    ? ""
                    : new String(tar.readNBytes(LARGEST_PASSWD), StandardCharsets.UTF_8);
        }
    }
}
