package codehaven.dev;

import static org.assertj.core.api.Assertions.assertThat;

import de.bwaldvogel.mongo.backend.KeyValue;
import java.util.ArrayList;
import java.util.Random;
import org.h2.mvstore.type.ObjectDataType;
import org.junit.jupiter.api.Test;

final class KeyOrderTest {

    private final Random random = new Random(5);

    private Object value() {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(-500, 500);
            case 1 -> random.nextLong();
            case 2 -> random.nextDouble();
            default -> "deployment-" + Integer.toString(random.nextInt(1_000_000), 36) + "é".repeat(random.nextInt(3));
        };
    }

    @Test
    void itIsTheStoresOwn() {
        var own = new ObjectDataType();
        var kept = new KeyOrder();
        var keys = new ArrayList<KeyValue>();
        for (var n = 0; n < 300; n++) {
            keys.add(random.nextBoolean() ? new KeyValue(value()) : new KeyValue(value(), value()));
        }
        for (var one : keys) {
            for (var other : keys) {
                assertThat(Integer.signum(kept.compare(one, other)))
                        .as("%s and %s", one, other)
                        .isEqualTo(Integer.signum(own.compare(one, other)));
            }
        }
    }
}
