package codehaven.activities.publishing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class AppLaunchTest {

    @Test
    void whatADatabaseInAFileSaysLeadsToWhereItMayBe() {
        for (var said : new String[] {
            "Error: EROFS: read-only file system, open '/app/db.json'",
            "sqlite3.OperationalError: unable to open database file",
            "SqliteError: attempt to write a readonly database",
            "code: 'SQLITE_CANTOPEN'"
        }) {
            assertThat(AppLaunch.hint("It ended with exit code 1.", said))
                    .as(said)
                    .contains("app.writable", "volume");
        }
        assertThat(AppLaunch.hint("It ended with exit code 1.", "Error: boom")).doesNotContain("app.writable");
    }

    @Test
    void anAppThatEndsAtOnceIsToldWhy() {
        assertThat(AppLaunch.hint("It ended with exit code 0.", "")).contains("start a server", "PORT");
        assertThat(AppLaunch.hint("It ended with exit code 127.", "sh: 1: remix-serve: not found"))
                .contains("a program that is not there");
    }
}
