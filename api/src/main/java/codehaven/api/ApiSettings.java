package codehaven.api;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/**
 * What the server is told.
 *
 * @param address where to listen; loopback only, as long as there are no accounts
 * @param port 0 lets the system choose
 * @param metricsPort of {@code GET /metrics}, on loopback; 0 lets the system choose
 * @param publicUrl by which address users reach the server when it is not its own, for instance through a tunnel
 * @param sitesDomain what stands behind the label in sites' host names
 * @param edgeUrl scheme and port of the edge's addresses, such as {@code http://sites.localhost:8081}
 * @param gitAllowLocal whether repositories by http, {@code file:} or on this machine are allowed
 */
public record ApiSettings(
        String address,
        int port,
        int metricsPort,
        @Nullable URI publicUrl,
        String sitesDomain,
        URI edgeUrl,
        boolean gitAllowLocal) {

    /**
     * @throws IllegalArgumentException with one sentence, if the address is not loopback
     */
    public ApiSettings {
        if (!isLoopback(address)) {
            throw new IllegalArgumentException("The server listens on loopback only until accounts exist, not on '"
                    + address + "'. Use 127.0.0.1, and a tunnel to reach it from elsewhere.");
        }
    }

    /** The address at which a host of ours is visited. */
    public URI urlOf(String host) {
        var port = edgeUrl.getPort();
        return URI.create(edgeUrl.getScheme() + "://" + host + (port < 0 ? "" : ":" + port) + "/");
    }

    private static boolean isLoopback(String address) {
        try {
            return InetAddress.getByName(address).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
