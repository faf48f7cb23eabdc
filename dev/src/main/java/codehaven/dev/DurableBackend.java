package codehaven.dev;

import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.backend.h2.H2Database;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.exception.MongoServerException;
import io.netty.channel.Channel;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;

/**
 * A MongoDB backend whose writes are on file before they are answered, and that uses non-unique indexes.
 *
 * <p>Commands that came while one commit was being written share the next one. A commit never runs in the middle of a command:
 * a document and its entries in unique indexes reach the file together or not at all.
 */
final class DurableBackend extends H2Backend {
    private static final Set<String> READS = Set.of(
            "find",
            "getmore",
            "killcursors",
            "count",
            "distinct",
            "aggregate",
            "hello",
            "ismaster",
            "ping",
            "buildinfo",
            "serverstatus",
            "whatsmyuri",
            "listcollections",
            "listindexes",
            "listdatabases",
            "dbstats",
            "collstats",
            "getlog",
            "endsessions",
            "connectionstatus",
            "hostinfo");

    private static final int RETENTION_MILLIS = 3_000;
    private static final int FILL_RATE = 60;
    private static final int PORTION = 8 << 20;

    /** A file up to this size, in bytes, is left as it is. */
    private static final long SMALL = 32L << 20;

    private final MVStore store;

    /** Held shared by a command that changes something, alone by a commit. */
    private final ReadWriteLock commands = new ReentrantReadWriteLock(true);

    /**
     * Held alone by a command that changes something, shared by one that reads. Documents are changed in place and answers
     * refer to them, so an answer is copied before anything else may change: else it is sent half old, half new.
     */
    private final ReadWriteLock documents = new ReentrantReadWriteLock();

    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread tidying;

    private final Object turn = new Object();
    private long asked;
    private long committed;
    private boolean committing;

    DurableBackend(MVStore store) {
        super(store);
        this.store = store;
        store.setRetentionTime(RETENTION_MILLIS);
        tidying = Thread.ofPlatform().daemon().name("mongo-tidy").unstarted(this::tidy);
        tidying.start();
    }

    @Override
    protected MongoDatabase openOrCreateDatabase(String name) {
        // The parent opens what is in the file while it is made, when this object has no store yet.
        return new H2Database(name, getMvStore(), getCursorRegistry()) {
            @Override
            protected Index<Object> openOrCreateUniqueIndex(
                    String collection, String index, List<IndexKey> keys, boolean sparse) {
                // Under the name by which the parent opens it, which gets it as it is open then.
                getMvStore()
                        .openMap(
                                getDatabaseName() + "." + collection + "._index_" + index,
                                new MVMap.Builder<>().keyType(new KeyOrder()));
                return super.openOrCreateUniqueIndex(collection, index, keys, sparse);
            }

            @Override
            protected Index<Object> openOrCreateSecondaryIndex(
                    String collection, String index, List<IndexKey> keys, boolean sparse) {
                return new FieldIndex(index, keys, sparse);
            }
        };
    }

    @Override
    public Document handleCommand(Channel channel, String databaseName, String command, Document query) {
        String word = command.toLowerCase(Locale.ROOT);
        if (word.equals("hello")) {
            Document answer = super.handleCommand(channel, databaseName, "ismaster", query);
            answer.put("isWritablePrimary", true);
            return answer;
        }
        if (READS.contains(word) && !writesOut(query)) {
            return copied(documents.readLock(), () -> super.handleCommand(channel, databaseName, command, query));
        }
        commands.readLock().lock();
        try {
            return copied(documents.writeLock(), () -> super.handleCommand(channel, databaseName, command, query));
        } finally {
            commands.readLock().unlock();
            awaitCommit(); // also after a failure: a batch may have been done in part
        }
    }

    private static Document copied(Lock lock, Supplier<Document> answer) {
        lock.lock();
        try {
            return answer.get().cloneDeeply();
        } finally {
            lock.unlock();
        }
    }

    private static boolean writesOut(Document query) {
        return query.get("pipeline") instanceof Iterable<?> stages
                && stages.toString().matches("(?s).*\"\\$(out|merge)\".*");
    }

    /** Returns when everything that was changed before the call is on file. */
    private void awaitCommit() {
        long mine;
        synchronized (turn) {
            mine = ++asked;
            while (committed < mine && committing) {
                try {
                    turn.wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new MongoServerException("interrupted before the write was on file", e);
                }
            }
            if (committed >= mine) {
                return;
            }
            committing = true;
        }
        long done = 0;
        try {
            commands.writeLock().lock();
            try {
                long upTo;
                synchronized (turn) {
                    upTo = asked;
                }
                store.commit();
                done = upTo; // a commit that failed acknowledges nothing: those who wait try again and fail by
                // themselves
            } finally {
                commands.writeLock().unlock();
            }
        } finally {
            synchronized (turn) {
                committing = false;
                committed = Math.max(committed, done);
                turn.notifyAll();
            }
        }
    }

    /** Frees what old versions occupy, in small portions, so that the file stays near the size of what is in it. */
    private void tidy() {
        long seen = -1;
        try {
            while (!closing.await(1, TimeUnit.SECONDS)) {
                if (store.getCurrentVersion() != seen) {
                    compact();
                    seen = store.getCurrentVersion();
                    // Space is used again only after the retention time: what took its place is on the disk by then.
                    store.sync();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void compact() {
        commands.writeLock().lock();
        try {
            if (store.getFileStore().size() > SMALL) {
                store.compact(FILL_RATE, PORTION);
                store.commit();
            }
        } finally {
            commands.writeLock().unlock();
        }
    }

    @Override
    public void close() {
        closing.countDown(); // never an interrupt: that would close the file under the store
        boolean interrupted = false;
        while (tidying.isAlive()) {
            try {
                tidying.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        // Without H2's compaction at the end, which trips over its own free-space map (2.4.240); ours has kept the file
        // small.
        store.close(0);
        super.close();
    }
}
