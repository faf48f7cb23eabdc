package codehaven.api.deployments;

import codehaven.model.DeploymentEvent.Placed;
import codehaven.state.BackendUnavailable;
import codehaven.state.State;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.web.socket.CloseStatus;
import org.springframework.web.socket.PingMessage;
import org.springframework.web.socket.TextMessage;
import org.springframework.web.socket.WebSocketSession;
import org.springframework.web.socket.handler.TextWebSocketHandler;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/socket}: {@code {"subscribe":"<deployment>","after":N}} is answered with the deployment's events as JSON,
 * {@code {"unsubscribe":"<deployment>"}} ends that; several at a time. Each subscription has a thread of its own that
 * waits for the reader.
 */
@Component
final class SocketHandler extends TextWebSocketHandler {

    private static final Logger log = LoggerFactory.getLogger(SocketHandler.class);

    private static final int SUBSCRIPTIONS = 50;

    private final State state;
    private final Following following;
    private final JsonMapper json;
    private final Map<String, Conversation> conversations = new ConcurrentHashMap<>();

    SocketHandler(State state, Following following, JsonMapper json) {
        this.state = state;
        this.following = following;
        this.json = json;
    }

    /**
     * What is sent for an event.
     *
     * @param id its place in the timeline
     * @param event {@code status}, {@code step}, {@code log}, or {@code end} when nothing more comes
     */
    private record EventMessage(
            String deployment,
            @Nullable Long id,
            String event,
            @Nullable EventData data) {}

    private record ErrorMessage(String error, @Nullable String subscribe) {}

    @Override
    public void afterConnectionEstablished(WebSocketSession session) {
        conversations.put(session.getId(), new Conversation(session));
    }

    @Override
    protected void handleTextMessage(WebSocketSession session, TextMessage message) throws IOException {
        var conversation = conversations.get(session.getId());
        if (conversation == null) {
            return;
        }
        switch (read(message.getPayload())) {
            case Asked.Subscribe(String deployment, long after) -> subscribe(conversation, deployment, after);
            case Asked.Unsubscribe(String deployment) -> conversation.unsubscribe(deployment);
            case Asked.Wrong(String sentence) -> conversation.send(new ErrorMessage(sentence, null));
        }
    }

    @Override
    public void handleTransportError(WebSocketSession session, Throwable thrown) throws IOException {
        session.close(CloseStatus.SERVER_ERROR);
    }

    @Override
    public void afterConnectionClosed(WebSocketSession session, CloseStatus status) {
        var conversation = conversations.remove(session.getId());
        if (conversation != null) {
            conversation.end();
        }
    }

    private void subscribe(Conversation conversation, String deployment, long after) throws IOException {
        try {
            if (state.deployments().find(deployment).isEmpty()) {
                conversation.send(new ErrorMessage("There is no deployment " + deployment + ".", deployment));
                return;
            }
        } catch (BackendUnavailable e) {
            conversation.send(
                    new ErrorMessage("The database does not answer right now. Try again shortly.", deployment));
            return;
        }
        var stop = conversation.subscribe(deployment);
        if (stop == null) {
            conversation.send(
                    new ErrorMessage("A socket has at most " + SUBSCRIPTIONS + " subscriptions.", deployment));
            return;
        }
        Thread.ofVirtual().name("socket-" + deployment).start(() -> follow(conversation, deployment, after, stop));
    }

    private void follow(Conversation conversation, String deployment, long after, AtomicBoolean stop) {
        try {
            following.follow(deployment, after, new SocketSink(conversation, deployment), stop::get);
            if (conversation.done(deployment, stop)) {
                conversation.send(new EventMessage(deployment, null, "end", null));
            }
        } catch (IOException | IllegalStateException e) {
            log.debug("A reader of {} went away", deployment, e);
            conversation.end();
        }
    }

    /** What a message asks for. */
    private sealed interface Asked {
        record Subscribe(String deployment, long after) implements Asked {}

        record Unsubscribe(String deployment) implements Asked {}

        record Wrong(String sentence) implements Asked {}
    }

    private Asked read(String text) {
        JsonNode node;
        try {
            node = json.readTree(text);
        } catch (JacksonException e) {
            return new Asked.Wrong("This is not JSON. Send {\"subscribe\":\"<deployment id>\",\"after\":0}.");
        }
        if (node instanceof ObjectNode object) {
            var after = object.get("after");
            for (var name : object.propertyNames()) {
                if (!name.equals("subscribe") && !name.equals("after") && !name.equals("unsubscribe")) {
                    return new Asked.Wrong("A message has subscribe and after, or unsubscribe, and nothing else.");
                }
            }
            if (after != null && !(after.isIntegralNumber() && after.canConvertToLong() && after.longValue() >= 0)) {
                return new Asked.Wrong("after is the id of the last event that you have, 0 or more.");
            }
            var subscribe = object.get("subscribe");
            if (subscribe != null && subscribe.isString()) {
                return new Asked.Subscribe(subscribe.stringValue(), after == null ? 0 : after.longValue());
            }
            var unsubscribe = object.get("unsubscribe");
            if (unsubscribe != null && unsubscribe.isString()) {
                return new Asked.Unsubscribe(unsubscribe.stringValue());
            }
        }
        return new Asked.Wrong("Send {\"subscribe\":\"<deployment id>\",\"after\":0}.");
    }

    private static final class SocketSink implements Following.Sink {
        private final Conversation conversation;
        private final String deployment;

        SocketSink(Conversation conversation, String deployment) {
            this.conversation = conversation;
            this.deployment = deployment;
        }

        @Override
        public void event(Placed event) throws IOException {
            conversation.send(new EventMessage(
                    deployment, event.position(), EventData.nameOf(event.event()), EventData.of(event.event())));
        }

        @Override
        public void flush() {
            // Each message is sent when it is told.
        }

        @Override
        public void idle() throws IOException {
            conversation.ping();
        }
    }

    /** One socket. A message is sent when the one before it was taken; nothing is kept for a slow reader. */
    private final class Conversation {
        private final WebSocketSession session;
        private final ReentrantLock sending = new ReentrantLock();
        private final Map<String, AtomicBoolean> stops = new ConcurrentHashMap<>();

        Conversation(WebSocketSession session) {
            this.session = session;
        }

        /** Ends a subscription to the same deployment; null if there are too many. */
        @Nullable
        AtomicBoolean subscribe(String deployment) {
            unsubscribe(deployment);
            if (stops.size() >= SUBSCRIPTIONS) {
                return null;
            }
            var stop = new AtomicBoolean();
            stops.put(deployment, stop);
            return stop;
        }

        void unsubscribe(String deployment) {
            var stop = stops.remove(deployment);
            if (stop != null) {
                stop.set(true);
            }
        }

        /** Whether the subscription came to its end, rather than being ended. */
        boolean done(String deployment, AtomicBoolean stop) {
            return stops.remove(deployment, stop) && following.isRunning();
        }

        void send(Object message) throws IOException {
            var text = new TextMessage(json.writeValueAsString(message));
            sending.lock();
            try {
                session.sendMessage(text);
            } finally {
                sending.unlock();
            }
        }

        void ping() throws IOException {
            sending.lock();
            try {
                session.sendMessage(new PingMessage());
            } finally {
                sending.unlock();
            }
        }

        void end() {
            stops.values().forEach(stop -> stop.set(true));
            try {
                session.close();
            } catch (IOException e) {
                log.debug("A socket did not close in order", e);
            }
        }
    }
}
