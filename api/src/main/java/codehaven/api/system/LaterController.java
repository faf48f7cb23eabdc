package codehaven.api.system;

import codehaven.api.problems.Problem;
import codehaven.api.problems.ProblemWriter;
import io.swagger.v3.oas.annotations.Hidden;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** What the contract names and a later version brings: whoever calls it learns that, and not that nothing is there. */
@RestController
@Hidden
final class LaterController {

    private final ProblemWriter writer;

    LaterController(ProblemWriter writer) {
        this.writer = writer;
    }

    @RequestMapping({"/v1/projects/{slug}/domains", "/v1/projects/{slug}/domains/**"})
    void domains(HttpServletRequest request, HttpServletResponse response) throws IOException {
        writer.write(
                Problem.notYet("Domains of your own are not available yet. A deployment's urls say where its site is."),
                request,
                response);
    }

    @RequestMapping("/v1/hooks/**")
    void hooks(HttpServletRequest request, HttpServletResponse response) throws IOException {
        writer.write(
                Problem.notYet(
                        "Hooks are not available yet. Deploy with POST /v1/deployments, such as from your own CI."),
                request,
                response);
    }

    @RequestMapping("/v1/files/**")
    void files(HttpServletRequest request, HttpServletResponse response) throws IOException {
        writer.write(
                Problem.notYet("Deploying files that are sent is not available yet. Deploy from a repository."),
                request,
                response);
    }
}
