package codehaven.api.problems;

import codehaven.state.BackendUnavailable;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.ErrorResponse;
import org.springframework.web.HttpMediaTypeNotAcceptableException;
import org.springframework.web.HttpMediaTypeNotSupportedException;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.bind.MissingServletRequestParameterException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;
import org.springframework.web.servlet.NoHandlerFoundException;
import org.springframework.web.servlet.resource.NoResourceFoundException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.StreamReadException;

/** Turns whatever a request ends with into a problem, without telling how we are made inside. */
@RestControllerAdvice
final class ProblemAdvice {

    private static final Logger log = LoggerFactory.getLogger(ProblemAdvice.class);
    private static final SecureRandom RANDOM = new SecureRandom();

    private final ProblemWriter writer;

    ProblemAdvice(ProblemWriter writer) {
        this.writer = writer;
    }

    @ExceptionHandler(Exception.class)
    void any(Exception thrown, HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (response.isCommitted()) {
            log.debug("An answer to {} ended early", request.getRequestURI(), thrown);
            return;
        }
        writer.write(problemOf(thrown, request), request, response);
    }

    private static Problem problemOf(Exception thrown, HttpServletRequest request) {
        return switch (thrown) {
            case Problem problem -> problem;
            case HttpMessageNotReadableException unread -> unreadable(unread);
            case NoResourceFoundException e -> nothingAt(request);
            case NoHandlerFoundException e -> nothingAt(request);
            case HttpRequestMethodNotSupportedException e -> notThisWay(e);
            case HttpMediaTypeNotSupportedException e ->
                Problem.unsupportedMediaType("Send the body as application/json.");
            case HttpMediaTypeNotAcceptableException e ->
                Problem.notAcceptable("This address cannot answer in the form that the Accept header asks for.");
            case MissingServletRequestParameterException e ->
                Problem.invalid(e.getParameterName(), e.getParameterName() + " is missing.");
            case MethodArgumentTypeMismatchException e -> Problem.invalid(e.getName(), e.getName() + " is not right.");
            case BackendUnavailable e ->
                away("The database or the storage does not answer right now. Try again shortly.", e);
            case ErrorResponse e -> other(e.getStatusCode().value());
            default -> unexpected(thrown, request);
        };
    }

    private static Problem away(String sentence, Exception thrown) {
        log.debug("A backend is away", thrown);
        return Problem.unavailable(sentence);
    }

    private static Problem nothingAt(HttpServletRequest request) {
        return Problem.notFound("There is nothing at " + request.getRequestURI() + ". The API is described at /docs.");
    }

    private static Problem notThisWay(HttpRequestMethodNotSupportedException e) {
        var allowed = e.getSupportedHttpMethods();
        var names = allowed == null
                ? ""
                : allowed.stream().map(Object::toString).sorted().collect(Collectors.joining(", "));
        return Problem.methodNotAllowed(e.getMethod() + " is not possible here; " + names + " is.", names);
    }

    private static Problem unreadable(HttpMessageNotReadableException thrown) {
        return switch (thrown.getCause()) {
            case StreamReadException e ->
                Problem.malformed(
                        "The body is not JSON: line " + e.getLocation().getLineNr() + ", column "
                                + e.getLocation().getColumnNr() + ".");
            case JacksonException e -> {
                var path = e.getPath().stream()
                        .map(each -> each.getPropertyName() == null ? "[]" : each.getPropertyName())
                        .collect(Collectors.joining("."));
                yield path.isEmpty()
                        ? Problem.malformed("The body is to be a JSON object.")
                        : Problem.invalid(List.of(new Problem.FieldError(path, path + " is not of the right type.")));
            }
            case null, default -> Problem.malformed("The body is missing or cannot be read; send a JSON object.");
        };
    }

    /** What the web framework itself refuses. */
    static Problem other(int status) {
        var known = HttpStatus.resolve(status);
        var title = known == null ? "Error" : known.getReasonPhrase();
        return Problem.other(status, title, "The request was refused: " + title + ".");
    }

    static Problem unexpected(Throwable thrown, HttpServletRequest request) {
        var bytes = new byte[4];
        RANDOM.nextBytes(bytes);
        var reference = HexFormat.of().formatHex(bytes);
        log.error("{} {} failed ({})", request.getMethod(), request.getRequestURI(), reference, thrown);
        return Problem.unexpected(reference);
    }
}
