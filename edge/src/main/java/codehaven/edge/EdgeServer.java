package codehaven.edge;

import codehaven.state.State;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves sites. It starts from what it keeps on disk and needs nobody else for that; the rest of the platform joins when
 * it can be reached, and may go again.
 */
public final class EdgeServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(EdgeServer.class);
    private static final Duration TRY_AGAIN = Duration.ofSeconds(1);

    private final EdgeSettings settings;
    private final Backend backend;
    private final RouteFeed routes;
    private final Prefetch prefetch;
    private final Upstreams upstreams;
    private final Waiting waitingForApps;
    private final Usage usage;
    private final BlobCache blobs;
    private final DiskBlobs disk;
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final EventLoopGroup loops;
    private final Channel listening;

    /**
     * Starts, and serves the sites known from last time when this returns.
     *
     * @param opening gives the state, which is closed with the edge; called in the background, and again a second after it
     *     threw
     * @throws IllegalStateException with one sentence if the port or the directory cannot be used
     */
    public static EdgeServer start(EdgeSettings settings, Callable<State> opening) {
        return startFrom(settings, () -> Source.of(opening.call()));
    }

    static EdgeServer startFrom(EdgeSettings settings, Callable<Source> opening) {
        return new EdgeServer(settings, opening);
    }

    private EdgeServer(EdgeSettings settings, Callable<Source> opening) {
        this.settings = settings;
        var dir = settings.data();
        try {
            disk = new DiskBlobs(dir, settings.diskBytes());
        } catch (IOException e) {
            throw new IllegalStateException("The edge cannot keep files in " + dir + ": " + e.getMessage(), e);
        }
        backend = new Backend(opening, TRY_AGAIN, this::opened);
        blobs = new BlobCache(backend, disk, settings.memoryBytes());
        var manifests = new Manifests(blobs);
        prefetch = new Prefetch(manifests, blobs, settings.diskBytes());
        var transport = Transport.best();
        loops = new MultiThreadIoEventLoopGroup(new DefaultThreadFactory("edge", true), transport.handlers());
        upstreams = new Upstreams(transport.client(), settings.apps());
        waitingForApps = new Waiting(backend, loops, settings.apps().probe());
        usage = new Usage(backend, settings.apps().use());
        routes =
                new RouteFeed(new RouteFile(dir.resolve("routes.json")), backend, prefetch::known, this::routesChanged);
        var answers = new SiteAnswers(routes, manifests, new FileAnswers(blobs), prefetch);
        routes.load();
        listening = listen(transport, answers, Proxy.of(routes, upstreams, waitingForApps, usage, settings));
        routes.start();
        backend.start();
        prefetch.start();
        usage.start();
        Thread.ofPlatform().name("edge-count").daemon().start(disk::count);
        LOG.info("the edge listens on {}:{} ({})", settings.bind(), port(), transport.name());
    }

    private void opened() {
        routes.nudge();
    }

    private void routesChanged(RouteTable table) {
        upstreams.retain(table);
        waitingForApps.lookAgain();
    }

    private Channel listen(Transport transport, SiteAnswers answers, Proxy proxy) {
        var bound = new ServerBootstrap()
                .group(loops)
                .channel(transport.server())
                .option(ChannelOption.SO_BACKLOG, 1024)
                .childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new EdgePipeline(settings, connections, answers, proxy))
                .bind(settings.bind(), settings.port())
                .awaitUninterruptibly();
        if (bound.isSuccess()) {
            return bound.channel();
        }
        var _ = loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
        var where = settings.bind() + ":" + settings.port();
        var why = String.valueOf(bound.cause().getMessage());
        throw new IllegalStateException(
                why.contains("in use")
                        ? "The edge cannot listen on " + where
                                + ": the port is in use. Stop what uses it, or choose another port (0 picks a free one)."
                        : "The edge cannot listen on " + where + ": " + why,
                bound.cause());
    }

    /** The port that it listens on. */
    public int port() {
        return ((InetSocketAddress) listening.localAddress()).getPort();
    }

    public EdgeStatus status() {
        return new EdgeStatus(
                routes.table().size(),
                routes.reachable(),
                routes.readAt(),
                connections.size(),
                blobs.memoryBytes(),
                disk.bytes(),
                prefetch.pending());
    }

    /** Takes no more connections, lets answers in flight finish for {@link EdgeSettings.Times#drain}, and ends. */
    @Override
    public void close() {
        listening.close().awaitUninterruptibly();
        for (var connection : connections) {
            connection.eventLoop().execute(() -> connection.pipeline().fireUserEventTriggered(SiteHandler.DRAIN));
        }
        var drain = settings.times().drain();
        if (!connections.newCloseFuture().awaitUninterruptibly(drain.toMillis())) {
            LOG.info("{} connections are closed in the middle of an answer", connections.size());
            connections.close().awaitUninterruptibly(drain.toMillis());
        }
        usage.close();
        prefetch.close();
        blobs.close();
        routes.close();
        backend.close();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(5_000);
    }
}
