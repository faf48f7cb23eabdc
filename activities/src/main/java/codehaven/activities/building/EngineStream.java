package codehaven.activities.building;

import com.github.dockerjava.api.async.ResultCallback;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Takes what an engine streams. The client's own way to wait for a moment closes the stream after that moment. */
public abstract class EngineStream<T> extends ResultCallback.Adapter<T> {

    private final CountDownLatch over = new CountDownLatch(1);

    /** Whether nothing more comes, after waiting for that; the stream goes on otherwise. */
    public boolean isOverWithin(Duration atMost) throws InterruptedException {
        return over.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void close() throws IOException {
        try {
            super.close();
        } finally {
            over.countDown();
        }
    }
}
