package codehaven.activities.cloning;

import codehaven.model.FailureKind;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.io.Closer;
import org.apache.hc.core5.util.Timeout;
import org.eclipse.jgit.transport.http.HttpConnection;
import org.eclipse.jgit.transport.http.HttpConnectionFactory;
import org.jspecify.annotations.Nullable;

/**
 * The only way of a clone to the network: every URL it is asked for, also one that a server redirects to, is judged
 * first, and its connection goes to the addresses that were judged. Follows nothing, decodes nothing, sends no
 * credentials and no cookies by itself.
 */
final class GuardedHttp implements HttpConnectionFactory, AutoCloseable {

    /** A list of refs larger than this is not one of a repository that somebody deploys from. */
    private static final long LONGEST_REF_LIST = 32L << 20;

    static final int MOST_REDIRECTS = 5;

    private final boolean local;
    private final AddressGuard guard;
    private final Pace pace;
    private final long deadline;
    private final long mostBytes;
    private final CloseableHttpClient client;
    private volatile @Nullable String firstHost;
    private volatile boolean listing = true;
    private long received;
    private volatile boolean versionTwo;
    private final List<ClassicHttpResponse> answers = new ArrayList<>();
    int redirects;

    /** @param mostBytes how many bytes may come in all */
    GuardedHttp(boolean local, AddressGuard guard, Pace pace, long mostBytes, @Nullable SSLContext tls) {
        this.local = local;
        this.guard = guard;
        this.pace = pace;
        this.mostBytes = mostBytes;
        this.deadline = System.nanoTime() + pace.whole().toNanos();
        var connections = PoolingHttpClientConnectionManagerBuilder.create()
                .setDnsResolver(new Pinned())
                .setDefaultConnectionConfig(ConnectionConfig.custom()
                        .setConnectTimeout(Timeout.of(pace.connect()))
                        .setSocketTimeout(Timeout.of(pace.silence()))
                        .build())
                .setConnectionFactory(ManagedHttpClientConnectionFactory.builder()
                        .http1Config(Http1Config.custom()
                                .setMaxLineLength(16_384)
                                .setMaxHeaderCount(200)
                                .build())
                        .build());
        if (tls != null) {
            connections.setTlsSocketStrategy(new DefaultClientTlsStrategy(tls));
        }
        this.client = HttpClients.custom()
                .setConnectionManager(connections.build())
                .setDefaultRequestConfig(RequestConfig.custom()
                        .setResponseTimeout(Timeout.of(pace.silence()))
                        .setConnectionRequestTimeout(Timeout.of(pace.connect()))
                        .setAuthenticationEnabled(false)
                        .setProtocolUpgradeEnabled(false)
                        .build())
                .disableAutomaticRetries()
                .disableRedirectHandling()
                .disableContentCompression()
                .disableCookieManagement()
                .disableAuthCaching()
                .build();
    }

    @Override
    public HttpConnection create(URL url) throws IOException {
        URI uri;
        try {
            uri = url.toURI();
        } catch (URISyntaxException notOne) {
            throw new RemoteProblem(
                    FailureKind.REPOSITORY_REFUSED, "The server redirects to an address that is not a valid URL.");
        }
        var host = GitUrl.bare(String.valueOf(uri.getHost()));
        var first = firstHost;
        if (first == null) {
            firstHost = host;
            first = host;
        }
        try {
            // JGit adds its own query to the address that was judged.
            GitUrl.of(new URI(uri.getScheme(), uri.getRawAuthority(), uri.getPath(), null, null), local);
            guard.admit(host);
        } catch (RemoteProblem refused) {
            throw first.equals(host)
                    ? refused
                    : new RemoteProblem(
                            FailureKind.REPOSITORY_REFUSED,
                            "The host " + Shown.quoted(first) + " redirects elsewhere. " + refused.getMessage());
        } catch (URISyntaxException notOne) {
            throw new RemoteProblem(
                    FailureKind.REPOSITORY_REFUSED, "The server redirects to an address that is not a valid URL.");
        }
        return new GuardedConnection(this, client, url, uri, host);
    }

    @Override
    public HttpConnection create(URL url, Proxy proxy) throws IOException {
        return create(url);
    }

    /** Another address is asked for, by nobody's redirection; answers to earlier requests are not read any further. */
    void begin() {
        firstHost = null;
        redirects = 0;
        // JGit stops reading when it has what it wants, and then the connection would never be free again.
        answers.forEach(Closer::closeQuietly);
        answers.clear();
    }

    void came(ClassicHttpResponse answer) {
        answers.add(answer);
    }

    /** Whether what comes now is a list of refs, which has a limit of its own. */
    void listing(boolean listing) {
        this.listing = listing;
    }

    /** Whether the server speaks version 2 of Git's protocol. */
    boolean versionTwo() {
        return versionTwo;
    }

    void versionTwo(boolean spoken) {
        versionTwo = spoken;
    }

    /** How many bytes came so far. */
    synchronized long received() {
        return received;
    }

    /** Ends what is under way; whoever waits for bytes gets an exception. */
    @Override
    public void close() {
        client.close(CloseMode.IMMEDIATE);
    }

    /** The stream with what holds for all that a remote sends. */
    InputStream bounded(InputStream stream, String host) {
        return new Bounded(stream, listing, host);
    }

    private synchronized void count(int bytes) throws RemoteProblem {
        received += bytes;
        if (received > mostBytes) {
            throw new RemoteProblem(
                    FailureKind.REPOSITORY_REFUSED,
                    "The clone was stopped after " + Shown.bytes(mostBytes)
                            + ", the most that a clone may transfer (limit packBytes).");
        }
    }

    private final class Pinned implements DnsResolver {
        @Override
        public InetAddress[] resolve(String host) throws UnknownHostException {
            return guard.pinned(GitUrl.bare(host));
        }

        @Override
        public String resolveCanonicalHostname(String host) {
            return host;
        }
    }

    private final class Bounded extends FilterInputStream {
        private final boolean refList;
        private final String host;
        private long own;
        private long windowStart = System.nanoTime();
        private long windowBytes;
        private long waited;

        Bounded(InputStream stream, boolean refList, String host) {
            super(stream);
            this.refList = refList;
            this.host = host;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            var before = System.nanoTime();
            var count = super.read(into, offset, length);
            var now = System.nanoTime();
            if (count <= 0) {
                return count;
            }
            GuardedHttp.this.count(count);
            own += count;
            if (refList && own > LONGEST_REF_LIST) {
                throw new RemoteProblem(
                        FailureKind.REPOSITORY_REFUSED,
                        "The repository has more branches and tags than can be listed (" + Shown.bytes(LONGEST_REF_LIST)
                                + " of names).");
            }
            // Time spent on this side, between two reads, is not the server's.
            waited += now - before;
            windowBytes += count;
            judgePace(now);
            return count;
        }

        private void judgePace(long now) throws RemoteProblem {
            if (now - deadline > 0) {
                throw new RemoteProblem(
                        FailureKind.REPOSITORY_UNREACHABLE,
                        "The clone from " + host + " took longer than " + seconds(pace.whole()) + " seconds; "
                                + Shown.bytes(received()) + " had come.");
            }
            if (waited > pace.window().toNanos()) {
                if (windowBytes < pace.windowBytes()) {
                    throw new RemoteProblem(
                            FailureKind.REPOSITORY_UNREACHABLE,
                            host + " sent " + windowBytes + " bytes in "
                                    + TimeUnit.NANOSECONDS.toSeconds(now - windowStart)
                                    + " seconds, too slow to wait for.");
                }
                windowStart = now;
                windowBytes = 0;
                waited = 0;
            }
        }

        @Override
        public long skip(long bytes) throws IOException {
            var buffer = new byte[Math.clamp(bytes, 0, 8_192)];
            return buffer.length == 0 ? 0 : Math.max(0, read(buffer, 0, buffer.length));
        }

        @Override
        public boolean markSupported() {
            return false;
        }
    }

    private static long seconds(Duration duration) {
        return duration.toSeconds();
    }
}
