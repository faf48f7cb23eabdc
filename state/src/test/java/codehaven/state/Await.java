package codehaven.state;

import static org.assertj.core.api.Assertions.fail;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;

/** Waiting with a deadline, and doing many things at once. */
final class Await {

    private Await() {}

    static void until(String what, Duration atMost, BooleanSupplier condition) throws InterruptedException {
        var deadline = System.nanoTime() + atMost.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                fail("not within " + atMost + ": " + what);
            }
            Thread.sleep(10);
        }
    }

    /** Runs all at the same moment; gives what each returned. */
    static <T> List<T> together(int count, IntFunction<Callable<T>> task) throws Exception {
        var go = new CountDownLatch(1);
        try (var threads = Executors.newFixedThreadPool(count)) {
            var running = new ArrayList<java.util.concurrent.Future<T>>();
            for (int i = 0; i < count; i++) {
                var each = task.apply(i);
                running.add(threads.submit(() -> {
                    go.await();
                    return each.call();
                }));
            }
            go.countDown();
            var results = new ArrayList<T>();
            for (var each : running) {
                try {
                    results.add(each.get());
                } catch (ExecutionException e) {
                    throw new AssertionError("one of " + count + " failed", e.getCause());
                }
            }
            return results;
        }
    }
}
