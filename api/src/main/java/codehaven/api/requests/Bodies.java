package codehaven.api.requests;

import codehaven.api.problems.Problem;
import codehaven.api.problems.ProblemWriter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/** Reads the bodies of changing requests whole, within a limit, so that a repeated request can be recognised. */
@Component
@Order(20)
final class Bodies extends OncePerRequestFilter {

    /** More than any settings need; files have an address of their own. */
    private static final int MOST = 1 << 20;

    static final String BYTES = Bodies.class.getName();

    private final ProblemWriter writer;

    Bodies(ProblemWriter writer) {
        this.writer = writer;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        if (request.getMethod().equals("GET") || request.getMethod().equals("HEAD")) {
            chain.doFilter(request, response);
            return;
        }
        if (isForm(request) && request.getContentLengthLong() >= 0 && request.getContentLengthLong() <= MOST) {
            // The container reads the fields of a form itself, and only from a body that nobody has read.
            chain.doFilter(request, response);
            return;
        }
        var bytes = request.getContentLengthLong() > MOST
                ? new byte[MOST + 1]
                : request.getInputStream().readNBytes(MOST + 1);
        if (bytes.length > MOST) {
            writer.write(Problem.tooLarge("The body is larger than 1 MB, the most that is read."), request, response);
            return;
        }
        request.setAttribute(BYTES, bytes);
        chain.doFilter(new Read(request, bytes), response);
    }

    static boolean isForm(HttpServletRequest request) {
        var type = request.getContentType();
        return type != null && type.startsWith("application/x-www-form-urlencoded");
    }

    /** A request whose body was read already. */
    private static final class Read extends HttpServletRequestWrapper {
        private final byte[] bytes;

        Read(HttpServletRequest request, byte[] bytes) {
            super(request);
            this.bytes = bytes;
        }

        @Override
        public ServletInputStream getInputStream() {
            return new Bytes(new ByteArrayInputStream(bytes));
        }

        @Override
        public BufferedReader getReader() {
            return new BufferedReader(new InputStreamReader(new ByteArrayInputStream(bytes), StandardCharsets.UTF_8));
        }
    }

    private static final class Bytes extends ServletInputStream {
        private final ByteArrayInputStream in;

        Bytes(ByteArrayInputStream in) {
            this.in = in;
        }

        @Override
        public int read() {
            return in.read();
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            return in.read(target, offset, length);
        }

        @Override
        public boolean isFinished() {
            return in.available() == 0;
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setReadListener(ReadListener listener) {
            throw new IllegalStateException("the body is here already");
        }
    }
}
