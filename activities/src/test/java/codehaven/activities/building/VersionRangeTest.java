package codehaven.activities.building;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VersionRangeTest {

    @ParameterizedTest
    @CsvSource(delimiter = '!', textBlock = """
            20            ! 20
            20.x          ! 20
            v22.3.0       ! 22
            ^22.3         ! 22
            ~20.11.0      ! 20
            >=20          ! 20 22 24
            >=20 <24      ! 20 22
            >= 20.9.0     ! 20 22 24
            >20           ! 22 24
            <=22          ! 20 22
            20 || 24      ! 20 24
            ^18.17.0 || ^20.3.0 || >=21.0.0 ! 20 22 24
            20 - 22       ! 20 22
            *             ! 20 22 24
            x             ! 20 22 24
            18.x          ! none
            >=24.0.0-0    ! 24
            """)
    void rangesAllowWhatNpmSaysTheyAllow(String range, String majors) {
        var parsed = VersionRange.of(range).orElseThrow();
        for (int each = 20; each <= 24; each += 2) {
            assertThat(parsed.allows(each)).as(range + " allows " + each).isEqualTo(majors.contains("" + each));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"lts/*", "twenty", "20;x", ">=", "99999999999999", "20..1"})
    void whatIsNoRangeIsNone(String text) {
        assertThat(VersionRange.of(text)).isEmpty();
    }
}
