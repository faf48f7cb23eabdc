package codehaven.edge;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.DefaultFileRegion;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Iterator;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends one answer piece by piece, the next when the one before has left: memory does not grow with the file, and who
 * takes nothing is noticed. Files go from disk to the network without passing through this process.
 */
final class FileResponder {

    /** What a visitor must take within the time for stalls. */
    private static final int PIECE = 256 * 1024;

    private static final int SLOW_PIECE = 64 * 1024;
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final ChannelHandlerContext ctx;
    private final Reply reply;
    private final Runnable progress;
    private final Consumer<@Nullable Throwable> done;
    private final Iterator<Reply.Segment> segments;
    private long position;
    private long end;

    private FileResponder(
            ChannelHandlerContext ctx, Reply reply, Runnable progress, Consumer<@Nullable Throwable> done) {
        this.ctx = ctx;
        this.reply = reply;
        this.progress = progress;
        this.done = done;
        this.segments = reply.body().iterator();
    }

    /**
     * Sends the answer and closes it; on the event loop.
     *
     * @param head whether only the head goes out, as the answer to HEAD
     * @param progress called with every piece that has left
     * @param done called once, with null when all has left
     */
    static void send(
            ChannelHandlerContext ctx,
            Reply reply,
            boolean head,
            Runnable progress,
            Consumer<@Nullable Throwable> done) {
        var bytes = head ? NOTHING : inMemory(reply);
        if (bytes == null) {
            var _ = ctx.write(new DefaultHttpResponse(HttpVersion.HTTP_1_1, reply.status(), reply.headers()));
            new FileResponder(ctx, reply, progress, done).next();
        } else {
            var whole = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1,
                    reply.status(),
                    Unpooled.wrappedBuffer(bytes),
                    reply.headers(),
                    EmptyHttpHeaders.INSTANCE);
            ctx.writeAndFlush(whole).addListener(sent -> {
                reply.close();
                done.accept(sent.cause());
            });
        }
    }

    /** The body, if it is at hand in one piece and small. */
    private static @Nullable ByteBuffer inMemory(Reply reply) {
        if (reply.body().isEmpty()) {
            return NOTHING;
        }
        if (reply.body().size() > 1 || reply.length() > PIECE) {
            return null;
        }
        return switch (reply.body().getFirst()) {
            case Reply.Bytes(var bytes) -> bytes;
            case Reply.Slice(var from, var length) ->
                reply.content() instanceof Content.InMemory(var bytes) && from == 0 && length == bytes.remaining()
                        ? bytes
                        : null;
        };
    }

    private void next() {
        if (position == end) {
            if (!segments.hasNext()) {
                ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT).addListener(sent -> finish(sent.cause()));
                return;
            }
            switch (segments.next()) {
                case Reply.Bytes(var bytes) -> {
                    sent(ctx.writeAndFlush(Unpooled.wrappedBuffer(bytes)), 0);
                    return;
                }
                case Reply.Slice(var from, var length) -> {
                    position = from;
                    end = from + length;
                }
            }
        }
        var length = (int) Math.min(PIECE, end - position);
        switch (reply.content()) {
            case Content.InMemory(var bytes) ->
                sent(ctx.writeAndFlush(Unpooled.wrappedBuffer(bytes.slice((int) position, length))), length);
            case Content.OnDisk(var channel) -> sent(ctx.writeAndFlush(new Piece(channel, position, length)), length);
            case Content.Slow slow -> {
                var from = position;
                Thread.ofVirtual().name("edge-read").start(() -> read(slow, from, Math.min(length, SLOW_PIECE)));
            }
            case null -> finish(new IOException("a body without content"));
        }
    }

    /** On a thread that may wait. */
    private void read(Content.Slow slow, long from, int length) {
        var piece = ByteBuffer.allocate(length);
        IOException failure = null;
        try {
            slow.read(piece, from);
        } catch (IOException e) {
            failure = e;
        }
        var cause = failure;
        try {
            ctx.executor().execute(() -> {
                if (cause == null) {
                    sent(ctx.writeAndFlush(Unpooled.wrappedBuffer(piece.flip())), piece.remaining());
                } else {
                    finish(cause);
                }
            });
        } catch (RejectedExecutionException e) {
            reply.close();
        }
    }

    private void sent(ChannelFuture writing, int length) {
        writing.addListener(written -> {
            if (written.isSuccess()) {
                position += length;
                progress.run();
                next();
            } else {
                finish(written.cause());
            }
        });
    }

    private void finish(@Nullable Throwable cause) {
        reply.close();
        done.accept(cause);
    }

    /** A stretch of a file that stays open for the next one. */
    private static final class Piece extends DefaultFileRegion {
        Piece(FileChannel channel, long from, long length) {
            super(channel, from, length);
        }

        @Override
        protected void deallocate() {}
    }
}
