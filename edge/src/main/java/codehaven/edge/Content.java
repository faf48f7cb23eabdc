package codehaven.edge;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The bytes of a blob, wherever they are now. Whoever got one closes it. */
sealed interface Content extends AutoCloseable {

    /** Held; never written to, and position and limit stay as they are. */
    record InMemory(ByteBuffer bytes) implements Content {
        InMemory(byte[] bytes) {
            this(ByteBuffer.wrap(bytes));
        }

        @Override
        public void close() {}
    }

    /** In a file, which stays readable through the channel when it is evicted. */
    record OnDisk(FileChannel channel) implements Content {
        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /** On its way; reading waits for it. */
    sealed interface Slow extends Content {

        /** Whether it can be read from anywhere, rather than once from the start. */
        boolean seekable();

        /**
         * Fills the buffer with what is at the position, at least with one byte; blocks.
         *
         * @throws IOException if the rest does not come
         */
        void read(ByteBuffer into, long position) throws IOException;
    }

    /** On its way to disk. */
    record Arriving(Filling filling, FileChannel channel) implements Slow {
        @Override
        public boolean seekable() {
            return true;
        }

        @Override
        public void read(ByteBuffer into, long position) throws IOException {
            var there = filling.await(position);
            into.limit((int) Math.min(into.limit(), into.position() + there));
            while (into.hasRemaining()) {
                var n = channel.read(into, position);
                if (n < 0) {
                    throw new IOException("the file ends at " + position);
                }
                position += n;
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /**
     * From storage to the visitor without being kept, because there is no room for it.
     *
     * @param digest of what was read so far
     */
    record Passing(BlobKey key, long size, InputStream stream, MessageDigest digest) implements Slow {

        Passing(BlobKey key, long size, InputStream stream) {
            this(key, size, stream, BlobKey.newDigest());
        }

        @Override
        public boolean seekable() {
            return false;
        }

        /** Gives the last bytes only when all were right. */
        @Override
        public void read(ByteBuffer into, long position) throws IOException {
            var n = stream.read(into.array(), into.arrayOffset() + into.position(), into.remaining());
            if (n < 0) {
                throw new EOFException(key + " in storage ends at " + position);
            }
            digest.update(into.array(), into.arrayOffset() + into.position(), n);
            into.position(into.position() + n);
            if (position + n == size && !key.isOf(digest.digest())) {
                throw new IOException(key + " in storage has other content than its name says");
            }
        }

        /** On a thread of its own: what is left may be read to the end, so that the connection can be used again. */
        @Override
        public void close() {
            Thread.ofVirtual().name("edge-close").start(() -> {
                try {
                    stream.close();
                } catch (IOException e) {
                    LOG.debug("a stream from storage did not close: {}", e.toString());
                }
            });
        }
    }

    Logger LOG = LoggerFactory.getLogger(Content.class);

    @Override
    void close() throws IOException;
}
