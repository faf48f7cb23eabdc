package codehaven.activities.building;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import codehaven.workflows.StepFailure;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class DockerfileTextTest {

    private static DockerfileText read(String text) {
        return DockerfileText.of("Dockerfile", text, DockerfileText.platform("amd64"));
    }

    @Test
    void basesAreFoundThroughArgumentsAndStages() {
        var read = DockerfileText.of("Dockerfile", """
                ARG VERSION=20
                ARG REGISTRY=docker.io/library
                FROM --platform=$BUILDPLATFORM ${REGISTRY}/node:${VERSION}-slim AS Build
                ARG TARGETARCH
                ARG NAME=a OTHER
                FROM build AS next
                COPY --from=busybox:1 /bin/sh /sh
                COPY --from=Build /a /b
                FROM scratch
                """, Map.of("VERSION", "22", "BUILDPLATFORM", "linux/amd64"));
        assertThat(read.bases()).containsExactly("docker.io/library/node:22-slim", "busybox:1");
        assertThat(read.arguments()).contains("VERSION", "TARGETARCH", "NAME", "OTHER");
        assertThat(read.text()).contains("FROM ${REGISTRY}/node:${VERSION}-slim AS Build");
    }

    @Test
    void argumentsInQuotesStayWhole() {
        var read = read("""
                ARG BASE="node:22"
                FROM $BASE
                ARG PKGS="curl git make" MODE='a b' OTHER PLAIN=x\\ y
                """);
        assertThat(read.bases()).containsExactly("node:22");
        assertThat(read.arguments()).containsExactly("BASE", "PKGS", "MODE", "OTHER", "PLAIN");
        assertThat(read.text()).contains("ARG PKGS=\"curl git make\"\nARG MODE='a b'\nARG OTHER\nARG PLAIN=x\\ y\n");
    }

    @Test
    void mountsAndLinksAreSaidInOlderWords() {
        var read = read("""
                FROM node
                RUN --mount=type=bind,source=package.json,target=package.json \\
                    --mount=type=cache,target=/root/.npm \\
                    # why
                    npm ci --omit=dev
                COPY --link --chown=node a b
                """);
        assertThat(read.text())
                .contains("COPY package.json package.json\nRUN npm ci --omit=dev\n", "COPY --chown=node a b");
        assertThat(read.rewritten()).containsExactly("RUN --mount", "COPY --link");
    }

    @Test
    void hereDocumentsBecomeScriptsAndFiles() {
        var read = read("""
                FROM node
                RUN <<EOF
                set -e
                echo "one"
                EOF
                COPY <<"END" /etc/
                a = $b
                END
                """);
        assertThat(read.text())
                .contains("RUN [\"/bin/sh\",\"-c\",\"set -e\\necho \\\"one\\\"\\n\"]", "COPY .codehaven-1 /etc/END");
        assertThat(read.files()).containsEntry(".codehaven-1", "a = $b\n");
    }

    @Test
    void whatCannotBeSaidIsRefusedWithItsLine() {
        var failure =
                catchThrowableOfType(StepFailure.class, () -> read("FROM node\n\nRUN --security=insecure mount\n"));
        assertThat(failure).hasMessageContaining("in line 3").hasMessageContaining("--security");
        assertThat(catchThrowableOfType(StepFailure.class, () -> read("# nothing\n")))
                .hasMessageContaining("no FROM");
    }
}
