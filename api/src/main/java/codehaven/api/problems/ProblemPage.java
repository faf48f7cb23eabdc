package codehaven.api.problems;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/** Tells problems in another form than JSON, to requests that want it. */
@FunctionalInterface
public interface ProblemPage {

    /**
     * Answers, unless this request is to be answered in JSON.
     *
     * @param response without anything of an answer that was begun
     * @return whether it has answered
     */
    boolean answer(Problem problem, HttpServletRequest request, HttpServletResponse response) throws IOException;
}
