package codehaven.activities.cloning;

import codehaven.model.FailureKind;
import codehaven.workflows.StepFailure;
import java.io.EOFException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.file.FileSystemException;
import javax.net.ssl.SSLException;
import org.apache.hc.core5.http.ConnectionClosedException;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.MalformedChunkCodingException;
import org.apache.hc.core5.http.NoHttpResponseException;
import org.eclipse.jgit.errors.MissingObjectException;
import org.eclipse.jgit.errors.NoRemoteRepositoryException;
import org.eclipse.jgit.errors.TooLargeObjectInPackException;
import org.jspecify.annotations.Nullable;

/** What went wrong in a clone, in the words for its user: found by walking the causes of what JGit threw. */
final class Problems {

    private Problems() {}

    static StepFailure of(Throwable thrown, GitUrl url) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            var known = known(each, url);
            if (known != null) {
                return known;
            }
        }
        return unreachable(
                thrown,
                url.host() + " did not answer as a Git server does: " + Shown.plain(lastMessage(thrown), 300) + ".");
    }

    private static @Nullable StepFailure known(Throwable each, GitUrl url) {
        var host = url.host();
        return switch (each) {
            case StepFailure told -> told;
            case RemoteProblem problem -> problem.failure();
            case UnknownHostException unknown ->
                unreachable(unknown, "The host " + Shown.quoted(host) + " has no address in DNS.");
            case NoRemoteRepositoryException none ->
                new StepFailure(FailureKind.REPOSITORY_NOT_FOUND, "There is no Git repository at " + url + ".", none);
            case TooLargeObjectInPackException large ->
                new StepFailure(
                        FailureKind.REPOSITORY_REFUSED,
                        "The repository has a file that is too large to clone: " + large.getMessage() + ".",
                        large);
            case FileSystemException disk -> throw new UncheckedIOException(disk);
            case MissingObjectException missing ->
                unreachable(missing, host + " sent an incomplete clone: " + missing.getMessage() + ".");
            case SSLException tls ->
                unreachable(tls, "No secure connection to " + host + ": " + Shown.plain(lastMessage(tls), 300) + ".");
            case InterruptedIOException late ->
                unreachable(late, host + " did not answer in time: " + Shown.plain(message(late), 200) + ".");
            case SocketException broken ->
                unreachable(
                        broken, "The connection to " + host + " failed: " + Shown.plain(message(broken), 200) + ".");
            case EOFException ended -> unreachable(ended, host + " ended the connection in the middle of the clone.");
            case NoHttpResponseException ended -> unreachable(ended, host + " ended the connection without an answer.");
            case MalformedChunkCodingException ended ->
                unreachable(ended, host + " ended the connection in the middle of the clone.");
            case ConnectionClosedException ended ->
                unreachable(ended, host + " ended the connection in the middle of the clone.");
            default -> {
                if (message(each).contains("No space left on device")) {
                    yield new StepFailure(
                            FailureKind.UNEXPECTED,
                            "The worker's disk is full: make room in its data directory.",
                            each);
                }
                yield null;
            }
        };
    }

    /** Whether the server said that it has no such commit, or none that a ref names. */
    static boolean isNotOurs(Throwable thrown) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            if (message(each).contains("not our ref")) {
                return true;
            }
        }
        return false;
    }

    /** Whether it was the server's Git that failed or refused, and not the way to it or our own limits. */
    static boolean isOfTheServerSoftware(Throwable thrown) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            switch (each) {
                case RemoteProblem _, UnknownHostException _, InterruptedIOException _, SocketException _ -> {
                    return false;
                }
                case NoHttpResponseException _ -> {
                    return false;
                }
                case SSLException _, FileSystemException _, TooLargeObjectInPackException _ -> {
                    return false;
                }
                case HttpException _, MalformedChunkCodingException _, ConnectionClosedException _ -> {
                    return false;
                }
                default -> {}
            }
        }
        return true;
    }

    private static StepFailure unreachable(Throwable cause, String sentence) {
        return new StepFailure(FailureKind.REPOSITORY_UNREACHABLE, sentence, cause);
    }

    private static String lastMessage(Throwable thrown) {
        var last = thrown;
        while (last.getCause() != null) {
            last = last.getCause();
        }
        return message(last).replaceAll("\\.$", "");
    }

    private static String message(Throwable thrown) {
        return thrown.getMessage() == null ? thrown.getClass().getSimpleName() : thrown.getMessage();
    }
}
