package codehaven.activities.running;

import codehaven.activities.building.DockerEngine;
import codehaven.state.AppFigures;
import codehaven.state.BackendUnavailable;
import com.github.dockerjava.api.model.StatisticNetworksConfig;
import com.github.dockerjava.api.model.Statistics;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes, every ten seconds, what the running containers use. */
final class Figures {

    private static final Logger LOGGER = LoggerFactory.getLogger(Figures.class);
    private static final Duration EVERY = Duration.ofSeconds(10);

    /** The engine takes a second or two for each. */
    private static final int AT_ONCE = 8;

    private final AppFigures figures;
    private final Executor threads;
    private final Semaphore turns = new Semaphore(AT_ONCE);
    private final AtomicInteger open = new AtomicInteger();
    private long takenAt;

    Figures(AppFigures figures, Executor threads) {
        this.figures = figures;
        this.threads = threads;
    }

    boolean isDue() {
        return open.get() == 0 && (takenAt == 0 || System.nanoTime() - takenAt > EVERY.toNanos());
    }

    /** @param running containers by deployment and number */
    void take(AppEngine containers, Map<String, Map<Integer, String>> running) {
        takenAt = System.nanoTime();
        running.forEach((deployment, those) -> those.forEach((n, container) -> {
            open.incrementAndGet();
            threads.execute(() -> {
                try {
                    turns.acquire();
                    try {
                        containers
                                .figures(container)
                                .ifPresent(statistics -> figures.add(deployment, n, sample(statistics)));
                    } finally {
                        turns.release();
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                } catch (BackendUnavailable e) {
                    LOGGER.debug("a sample of {} is lost: the database is away", deployment, e);
                } catch (RuntimeException e) {
                    LOGGER.debug("{} of {} could not be measured: {}", n, deployment, DockerEngine.reasonOf(e), e);
                } finally {
                    open.decrementAndGet();
                }
            });
        }));
    }

    private static AppFigures.Sample sample(Statistics now) {
        return new AppFigures.Sample(
                Instant.now().truncatedTo(ChronoUnit.MILLIS),
                cpu(now),
                memory(now),
                total(now, StatisticNetworksConfig::getRxBytes),
                total(now, StatisticNetworksConfig::getTxBytes));
    }

    private static double cpu(Statistics now) {
        var after = now.getCpuStats();
        var before = now.getPreCpuStats();
        if (after == null || before == null || after.getCpuUsage() == null || before.getCpuUsage() == null) {
            return 0;
        }
        var used = number(after.getCpuUsage().getTotalUsage())
                - number(before.getCpuUsage().getTotalUsage());
        var all = number(after.getSystemCpuUsage()) - number(before.getSystemCpuUsage());
        var processors = Math.max(1, number(after.getOnlineCpus()));
        return all <= 0 || used <= 0 ? 0 : (double) used / all * processors;
    }

    private static long memory(Statistics now) {
        var memory = now.getMemoryStats();
        if (memory == null) {
            return 0;
        }
        var stats = memory.getStats();
        // cgroup v1 has totals, v2 has not.
        var cached = stats == null
                ? 0
                : stats.getTotalInactiveFile() != null ? stats.getTotalInactiveFile() : number(stats.getInactiveFile());
        return Math.max(0, number(memory.getUsage()) - cached);
    }

    private static long total(Statistics now, ToLongFunction<StatisticNetworksConfig> figure) {
        return now.getNetworks() == null
                ? 0
                : now.getNetworks().values().stream().mapToLong(figure).sum();
    }

    private static long number(@Nullable Long figure) {
        return figure == null ? 0 : figure;
    }
}
