package codehaven.ui;

import jakarta.servlet.http.HttpServletRequest;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;

/** A page with a log and nothing else. */
@Controller
final class LogAlone {

    private final LogViews logs;

    LogAlone(LogViews logs) {
        this.logs = logs;
    }

    @GetMapping("/alone/{id}")
    String page(Model model, HttpServletRequest request, @PathVariable String id) {
        model.addAttribute("log", logs.of(id, request));
        return "alone";
    }
}
