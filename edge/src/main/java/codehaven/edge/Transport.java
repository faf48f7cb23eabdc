package codehaven.edge;

import io.netty.channel.Channel;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;

/** How this machine moves bytes. */
record Transport(
        String name,
        IoHandlerFactory handlers,
        Class<? extends ServerChannel> server,
        Class<? extends Channel> client) {

    /** The fastest that loads here; epoll comes first, because its slowest answers are faster than io_uring's. */
    static Transport best() {
        if (Epoll.isAvailable()) {
            return new Transport(
                    "epoll", new EpollHandlers(), EpollServerSocketChannel.class, EpollSocketChannel.class);
        }
        if (IoUring.isAvailable()) {
            return new Transport(
                    "io_uring",
                    IoUringIoHandler.newFactory(),
                    IoUringServerSocketChannel.class,
                    IoUringSocketChannel.class);
        }
        return new Transport("nio", NioIoHandler.newFactory(), NioServerSocketChannel.class, NioSocketChannel.class);
    }
}
