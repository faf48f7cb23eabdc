package codehaven.api.deployments;

import codehaven.api.problems.Problem;
import codehaven.api.problems.ProblemWriter;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.ServerHttpRequest;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.http.server.ServletServerHttpRequest;
import org.springframework.http.server.ServletServerHttpResponse;
import org.springframework.web.socket.WebSocketHandler;
import org.springframework.web.socket.config.annotation.EnableWebSocket;
import org.springframework.web.socket.config.annotation.WebSocketConfigurer;
import org.springframework.web.socket.config.annotation.WebSocketHandlerRegistry;
import org.springframework.web.socket.server.HandshakeInterceptor;

/** Where the socket is. The origin of its upgrade is judged where all requests' origins are. */
@Configuration(proxyBeanMethods = false)
@EnableWebSocket
class SocketRoutes implements WebSocketConfigurer {

    private final SocketHandler handler;
    private final ProblemWriter writer;

    SocketRoutes(SocketHandler handler, ProblemWriter writer) {
        this.handler = handler;
        this.writer = writer;
    }

    @Override
    public void registerWebSocketHandlers(WebSocketHandlerRegistry registry) {
        registry.addHandler(handler, "/v1/socket").setAllowedOriginPatterns("*").addInterceptors(new Refusing(writer));
    }

    /** Says in a problem what is wrong with a request that asks for no socket. */
    private record Refusing(ProblemWriter writer) implements HandshakeInterceptor {

        @Override
        public boolean beforeHandshake(
                ServerHttpRequest request,
                ServerHttpResponse response,
                WebSocketHandler handler,
                Map<String, Object> attributes)
                throws IOException {
            Problem refusal;
            if (!request.getMethod().equals(HttpMethod.GET)) {
                refusal = Problem.methodNotAllowed("A socket is opened with GET.", "GET");
            } else if (!"websocket".equalsIgnoreCase(request.getHeaders().getUpgrade())) {
                refusal = Problem.upgradeRequired(
                        "This is a WebSocket; ask for it with Upgrade: websocket, or read a deployment's events.");
            } else {
                return true;
            }
            writer.write(
                    refusal,
                    ((ServletServerHttpRequest) request).getServletRequest(),
                    ((ServletServerHttpResponse) response).getServletResponse());
            return false;
        }

        @Override
        public void afterHandshake(
                ServerHttpRequest request,
                ServerHttpResponse response,
                WebSocketHandler handler,
                @Nullable Exception failure) {
            // The socket speaks for itself from here on.
        }
    }
}
