package codehaven.activities.cloning;

import codehaven.model.FailureKind;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.security.KeyManagementException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import javax.net.ssl.HostnameVerifier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.TrustManager;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.eclipse.jgit.transport.http.HttpConnection;
import org.jspecify.annotations.Nullable;

/**
 * One request of a clone and its answer, as JGit asks for it. Answers that end a clone become a {@link RemoteProblem}
 * here, where the status is still known.
 */
final class GuardedConnection implements HttpConnection {

    private static final String ADVERTISEMENT = "application/x-git-upload-pack-advertisement";

    /** {@code # service=git-upload-pack}, a flush and {@code version 2}. */
    private static final int LONGEST_GREETING = 50;

    private final GuardedHttp http;
    private final CloseableHttpClient client;
    private final URL url;
    private final URI uri;
    private final String host;
    private final Map<String, String> headers = new LinkedHashMap<>();
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private String method = "GET";
    private @Nullable ClassicHttpResponse answer;

    GuardedConnection(GuardedHttp http, CloseableHttpClient client, URL url, URI uri, String host) {
        this.http = http;
        this.client = client;
        this.url = url;
        this.uri = uri;
        this.host = host;
    }

    private ClassicHttpResponse answer() throws IOException {
        if (answer != null) {
            return answer;
        }
        var request = new HttpUriRequestBase(method, uri);
        headers.forEach(request::setHeader);
        if ("POST".equals(method)) {
            request.setEntity(new ByteArrayEntity(body.toByteArray(), null));
        }
        var came = client.executeOpen(new HttpHost(uri.getScheme(), host, uri.getPort()), request, null);
        try {
            judge(came);
        } catch (IOException problem) {
            came.close();
            throw problem;
        }
        if (came.getCode() != 200) {
            // Only the headers of a redirection are of use; its connection may serve the next request.
            came.close();
        }
        http.came(came);
        answer = came;
        return came;
    }

    private void judge(ClassicHttpResponse came) throws RemoteProblem {
        var status = came.getCode();
        var said = status + (came.getReasonPhrase() == null ? "" : " " + Shown.plain(came.getReasonPhrase(), 60));
        switch (status) {
            case 200 -> {
                var type = came.getFirstHeader("Content-Type");
                if (isRefList() && (type == null || !ADVERTISEMENT.equals(type.getValue()))) {
                    throw new RemoteProblem(
                            FailureKind.REPOSITORY_NOT_FOUND,
                            address() + " answers, but not as a Git repository (smart HTTP).");
                }
            }
            case 301, 302, 303, 307, 308 -> {
                if (!isRefList()) {
                    throw new RemoteProblem(
                            FailureKind.REPOSITORY_UNREACHABLE,
                            host + " answered " + said + " in the middle of the clone.");
                }
                judgeRedirect(came.getFirstHeader("Location"));
            }
            case 401 ->
                throw new RemoteProblem(
                        FailureKind.REPOSITORY_NOT_FOUND,
                        address() + " asks for a user and a password (401): it does not exist or is private.");
            case 403 ->
                throw new RemoteProblem(
                        FailureKind.REPOSITORY_NOT_FOUND, address() + " may not be read (" + said + ").");
            case 404, 410 ->
                throw new RemoteProblem(
                        FailureKind.REPOSITORY_NOT_FOUND,
                        "There is no repository at " + address() + " (" + said + ").");
            case 408, 425, 429 ->
                throw new RemoteProblem(FailureKind.REPOSITORY_UNREACHABLE, host + " answered " + said + ".");
            default ->
                throw new RemoteProblem(
                        status >= 500 ? FailureKind.REPOSITORY_UNREACHABLE : FailureKind.REPOSITORY_NOT_FOUND,
                        host + " answered " + said + ".");
        }
    }

    /** JGit follows; this only says in better words what it would not follow. The next connection judges the address. */
    private void judgeRedirect(@Nullable Header location) throws RemoteProblem {
        if (++http.redirects > GuardedHttp.MOST_REDIRECTS) {
            throw new RemoteProblem(
                    FailureKind.REPOSITORY_REFUSED,
                    address() + " redirects more than " + GuardedHttp.MOST_REDIRECTS + " times.");
        }
        var next = location == null ? "" : location.getValue();
        if ("https".equalsIgnoreCase(uri.getScheme()) && next.regionMatches(true, 0, "http:", 0, 5)) {
            throw new RemoteProblem(
                    FailureKind.REPOSITORY_REFUSED,
                    address() + " redirects from https:// to http://, which is refused.");
        }
        if (!next.contains("/info/refs")) {
            throw new RemoteProblem(
                    FailureKind.REPOSITORY_NOT_FOUND,
                    address() + " redirects to a page that is no Git repository: it does not exist or is private.");
        }
    }

    private boolean isRefList() {
        return "GET".equals(method);
    }

    private String address() {
        return uri.getScheme() + "://" + uri.getRawAuthority()
                + Shown.plain(String.valueOf(uri.getRawPath()).replaceFirst("/info/refs$", ""), 300);
    }

    @Override
    public int getResponseCode() throws IOException {
        return answer().getCode();
    }

    @Override
    public URL getURL() {
        return url;
    }

    @Override
    public String getResponseMessage() throws IOException {
        return String.valueOf(answer().getReasonPhrase());
    }

    @Override
    public Map<String, List<String>> getHeaderFields() {
        var fields = new LinkedHashMap<String, List<String>>();
        if (answer != null) {
            for (var each : answer.getHeaders()) {
                fields.computeIfAbsent(each.getName(), name -> new ArrayList<>())
                        .add(each.getValue());
            }
        }
        return fields;
    }

    @Override
    public void setRequestProperty(String key, String value) {
        headers.put(key, value);
    }

    @Override
    public void setRequestMethod(String method) {
        this.method = method;
    }

    @Override
    public @Nullable String getContentType() {
        return getHeaderField("Content-Type");
    }

    @Override
    public InputStream getInputStream() throws IOException {
        var came = answer();
        var entity = came.getEntity();
        if (entity == null) {
            return InputStream.nullInputStream();
        }
        var stream = entity.getContent();
        var coding = came.getFirstHeader("Content-Encoding");
        // Counted as it is unpacked: a few bytes may stand for very many.
        var plain = coding != null && "gzip".equalsIgnoreCase(coding.getValue()) ? new GZIPInputStream(stream) : stream;
        var bounded = http.bounded(plain, host);
        if (!isRefList()) {
            return bounded;
        }
        var beginning = bounded.readNBytes(LONGEST_GREETING);
        http.versionTwo(new String(beginning, StandardCharsets.ISO_8859_1).contains("version 2"));
        return new SequenceInputStream(new ByteArrayInputStream(beginning), bounded);
    }

    @Override
    public @Nullable String getHeaderField(String name) {
        // The stream is unpacked already.
        if (answer == null || "Content-Encoding".equalsIgnoreCase(name)) {
            return null;
        }
        var header = answer.getFirstHeader(name);
        return header == null ? null : header.getValue();
    }

    @Override
    public List<String> getHeaderFields(String name) {
        var values = new ArrayList<String>();
        if (answer != null) {
            for (var each : answer.getHeaders(name)) {
                values.add(each.getValue());
            }
        }
        return values;
    }

    @Override
    public int getContentLength() {
        return answer == null || answer.getEntity() == null
                ? -1
                : Math.clamp(answer.getEntity().getContentLength(), -1, Integer.MAX_VALUE);
    }

    @Override
    public OutputStream getOutputStream() {
        return body;
    }

    @Override
    public String getRequestMethod() {
        return method;
    }

    @Override
    public void connect() throws IOException {
        answer();
    }

    @Override
    public boolean usingProxy() {
        return false;
    }

    // What the client is made with holds for all requests.

    @Override
    public void setUseCaches(boolean caches) {}

    @Override
    public void setConnectTimeout(int timeout) {}

    @Override
    public void setReadTimeout(int timeout) {}

    @Override
    public void setInstanceFollowRedirects(boolean follow) {}

    @Override
    public void setDoOutput(boolean output) {}

    @Override
    public void setFixedLengthStreamingMode(int length) {}

    @Override
    public void setChunkedStreamingMode(int length) {}

    @Override
    public void configure(KeyManager[] keys, TrustManager[] trust, SecureRandom random) throws KeyManagementException {
        throw new KeyManagementException("certificates are always verified");
    }

    @Override
    public void setHostnameVerifier(HostnameVerifier verifier) throws KeyManagementException {
        throw new KeyManagementException("host names are always verified");
    }
}
