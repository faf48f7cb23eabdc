package codehaven.activities.building;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A source tree drawn as text: a line {@code --- path} begins a file, what follows is in it. */
final class Drawn {

    private Drawn() {}

    static Path tree(Path top, String drawing) {
        try {
            for (var part : ("\n" + drawing).split("\n--- ", -1)) {
                if (!part.isBlank()) {
                    var lines = part.split("\n", 2);
                    var file = top.resolve(lines[0].strip());
                    Files.createDirectories(file.getParent());
                    Files.writeString(file, lines.length > 1 ? lines[1] : "");
                }
            }
            return top;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
