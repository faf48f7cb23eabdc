package codehaven.api.problems;

import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.boot.webmvc.error.ErrorController;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.RequestMapping;

/** Answers what failed outside of any controller: the same problems as everywhere. */
@Controller
final class ContainerErrors implements ErrorController {

    private final ProblemWriter writer;

    ContainerErrors(ProblemWriter writer) {
        this.writer = writer;
    }

    @RequestMapping("/error")
    void error(HttpServletRequest request, HttpServletResponse response) throws IOException {
        var status = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE) instanceof Integer code ? code : 404;
        var thrown = request.getAttribute(RequestDispatcher.ERROR_EXCEPTION);
        if (thrown instanceof Problem problem) {
            writer.write(problem, request, response);
        } else if (status == 404) {
            writer.write(Problem.notFound("There is nothing here. The API is described at /docs."), request, response);
        } else if (thrown instanceof Throwable cause) {
            writer.write(ProblemAdvice.unexpected(cause, request), request, response);
        } else {
            writer.write(ProblemAdvice.other(status), request, response);
        }
    }
}
