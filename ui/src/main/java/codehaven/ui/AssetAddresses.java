package codehaven.ui;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.servlet.resource.ResourceUrlProvider;

/**
 * Lets {@code @{/assets/…}} in templates become the address with the digest. Spring's own filter tries every link of a
 * page as the name of a file, in all jars, which is most of what a page costs; so does each look at one file, and they
 * never change while the program runs.
 */
final class AssetAddresses extends OncePerRequestFilter {

    private static final String ASSETS = "/assets/";

    private final ObjectProvider<ResourceUrlProvider> addresses;
    private final ConcurrentHashMap<String, String> known = new ConcurrentHashMap<>();

    AssetAddresses(ObjectProvider<ResourceUrlProvider> addresses) {
        this.addresses = addresses;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        chain.doFilter(request, new HttpServletResponseWrapper(response) {
            @Override
            public String encodeURL(String url) {
                return url.startsWith(ASSETS) ? digested(url) : url;
            }
        });
    }

    private String digested(String url) {
        var digested = known.computeIfAbsent(url, addresses.getObject()::getForLookupPath);
        return digested == null ? url : digested;
    }
}
