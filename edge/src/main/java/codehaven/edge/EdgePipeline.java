package codehaven.edge;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import io.netty.handler.codec.http.HttpResponseEncoder;

/** What each connection goes through. */
final class EdgePipeline extends ChannelInitializer<Channel> {

    private final EdgeSettings settings;
    private final ChannelGroup connections;
    private final SiteAnswers answers;
    private final Proxy proxy;

    EdgePipeline(EdgeSettings settings, ChannelGroup connections, SiteAnswers answers, Proxy proxy) {
        this.settings = settings;
        this.connections = connections;
        this.answers = answers;
        this.proxy = proxy;
    }

    @Override
    protected void initChannel(Channel channel) {
        if (connections.size() >= settings.connections()) {
            var _ = channel.close();
            return;
        }
        connections.add(channel);
        var clock = new ConnectionClock(settings.times(), settings.apps());
        var framing = new Framing();
        channel.pipeline()
                .addLast("clock", clock)
                .addLast("requests", framing)
                .addLast("responses", new HttpResponseEncoder())
                .addLast("site", new SiteHandler(answers, proxy, framing, clock));
    }
}
