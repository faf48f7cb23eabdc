package codehaven.edge;

/** How a request is answered. */
sealed interface Answer permits Reply, Answer.App, Answer.AfterBody {

    /**
     * By the app behind the route.
     *
     * @param route to a {@link codehaven.model.Target.Container}
     */
    record App(Route route) implements Answer {}

    /** From files: whatever the request brings along is read and forgotten first. */
    enum AfterBody implements Answer {
        AFTER_BODY
    }
}
