package codehaven.ui;

import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;

/** The list of projects. */
@Controller
final class ProjectPages {

    @GetMapping("/")
    String projects() {
        return "projects/list";
    }
}
