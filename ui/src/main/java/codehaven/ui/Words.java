package codehaven.ui;

import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import org.springframework.stereotype.Component;

/** How figures, times and sizes are written; in templates {@code ${@words.ago(at)}}. See docs/design.md, "How things are written". */
@Component("words")
final class Words {

    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("d MMM", Locale.ENGLISH);
    private static final DateTimeFormatter DAY_AND_YEAR = DateTimeFormatter.ofPattern("d MMM yyyy", Locale.ENGLISH);
    private static final DateTimeFormatter EXACT = DateTimeFormatter.ofPattern(
                    "yyyy-MM-dd HH:mm:ss 'UTC'", Locale.ENGLISH)
            .withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter MOMENT =
            DateTimeFormatter.ofPattern("HH:mm 'UTC'", Locale.ENGLISH).withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ENGLISH).withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter IN_LOGS =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ENGLISH).withZone(ZoneOffset.UTC);
    private static final String[] UNITS = {"B", "KB", "MB", "GB", "TB"};

    private final Clock clock = Clock.systemUTC();

    /** "34 s ago", "24 min ago", "4 h ago", "yesterday", "3 days ago", "30 Jan", "3 Dec 2025". */
    public String ago(Instant at) {
        return ago(at, clock.instant());
    }

    static String ago(Instant at, Instant now) {
        var seconds = Duration.between(at, now).toSeconds();
        if (seconds < 5) {
            return "now";
        }
        if (seconds < 60) {
            return seconds + " s ago";
        }
        if (seconds < 3_600) {
            return seconds / 60 + " min ago";
        }
        if (seconds < 86_400) {
            return seconds / 3_600 + " h ago";
        }
        return day(at, now, " ago");
    }

    /** "yesterday", "3 days ago", then the date. */
    private static String day(Instant at, Instant now, String after) {
        var then = LocalDate.ofInstant(at, ZoneOffset.UTC);
        var today = LocalDate.ofInstant(now, ZoneOffset.UTC);
        var days = ChronoUnit.DAYS.between(then, today);
        if (days <= 1) {
            return "yesterday";
        }
        if (days < 14) {
            return days + " days" + after;
        }
        return (then.getYear() == today.getYear() ? DAY : DAY_AND_YEAR).format(then);
    }

    /** "14:03 UTC", "yesterday 15:32 UTC", "9 Mar 15:32 UTC". */
    public String moment(Instant at) {
        return moment(at, clock.instant());
    }

    static String moment(Instant at, Instant now) {
        var then = LocalDate.ofInstant(at, ZoneOffset.UTC);
        var today = LocalDate.ofInstant(now, ZoneOffset.UTC);
        var day = then.equals(today)
                ? ""
                : then.equals(today.minusDays(1))
                        ? "yesterday "
                        : (then.getYear() == today.getYear() ? DAY : DAY_AND_YEAR).format(then) + " ";
        return day + MOMENT.format(at);
    }

    /** As {@code datetime} of a {@code <time>}. */
    public String iso(Instant at) {
        return at.truncatedTo(ChronoUnit.MILLIS).toString();
    }

    /** The whole moment with its zone, for a {@code title}. */
    public String exact(Instant at) {
        return EXACT.format(at);
    }

    /** The time of day of a log's line, in UTC. */
    public String clock(Instant at) {
        return IN_LOGS.format(at);
    }

    /** The time of day, in UTC. */
    public String time(Instant at) {
        return TIME.format(at);
    }

    /** Since then until now: "for 34 s". */
    public String since(Instant at) {
        return "for " + duration(Duration.between(at, clock.instant()));
    }

    /** How long something has been so: "for 24 min", "since yesterday", "since 30 Jan". */
    public String standing(Instant at) {
        return standing(at, clock.instant());
    }

    static String standing(Instant at, Instant now) {
        var seconds = Duration.between(at, now).toSeconds();
        if (seconds < 60) {
            return "for " + Math.max(1, seconds) + " s";
        }
        if (seconds < 3_600) {
            return "for " + seconds / 60 + " min";
        }
        if (seconds < 86_400) {
            return "for " + seconds / 3_600 + " h";
        }
        var day = day(at, now, "");
        return day.endsWith(" days") ? "for " + day : "since " + day;
    }

    /** Since then until now, alone: "34 s". */
    public String elapsed(Instant at) {
        return duration(Duration.between(at, clock.instant()));
    }

    /** "0.8 s", "12 s", "1 min 24 s", "2 h 5 min", "6 days 4 h". */
    public String duration(Duration time) {
        return span(time);
    }

    static String span(Duration time) {
        var millis = Math.max(0, time.toMillis());
        if (millis < 9_950) {
            return String.format(Locale.ENGLISH, "%.1f s", millis / 1_000.0);
        }
        var seconds = Math.round(millis / 1_000.0);
        if (seconds < 60) {
            return seconds + " s";
        }
        if (seconds < 3_600) {
            return two(seconds / 60, "min", seconds % 60, "s");
        }
        var minutes = Math.round(seconds / 60.0);
        if (minutes < 1_440) {
            return two(minutes / 60, "h", minutes % 60, "min");
        }
        var hours = Math.round(minutes / 60.0);
        return two(hours / 24, hours / 24 == 1 ? "day" : "days", hours % 24, "h");
    }

    private static String two(long large, String largeUnit, long small, String smallUnit) {
        return large + " " + largeUnit + (small == 0 ? "" : " " + small + " " + smallUnit);
    }

    /** In powers of 1000: "812 B", "12.4 KB", "3.1 MB". */
    public String size(long bytes) {
        return bytes(bytes);
    }

    static String bytes(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 999.5 && unit < UNITS.length - 1) {
            value /= 1_000;
            unit++;
        }
        return (unit == 0 || value >= 99.95 ? grouped(Math.round(value)) : String.format(Locale.ENGLISH, "%.1f", value))
                + " " + UNITS[unit];
    }

    /** A size with its sign: "+3.9 KB", "−114.6 KB". */
    public String change(long bytes) {
        return (bytes < 0 ? "\u2212" : "+") + size(Math.abs(bytes));
    }

    /** "1,904". */
    public String count(long number) {
        return grouped(number);
    }

    private static String grouped(long number) {
        return new DecimalFormat("#,##0", DecimalFormatSymbols.getInstance(Locale.ENGLISH)).format(number);
    }

    /** "1 file", "1,904 files". */
    public String count(long number, String noun) {
        return count(number) + " " + noun + (number == 1 ? "" : "s");
    }

    /** "1st", "2nd", "3rd", "11th". */
    public String place(long number) {
        return placed(number);
    }

    static String placed(long number) {
        var tens = number % 100;
        var end = tens >= 11 && tens <= 13
                ? "th"
                : switch ((int) (number % 10)) {
                    case 1 -> "st";
                    case 2 -> "nd";
                    case 3 -> "rd";
                    default -> "th";
                };
        return number + end;
    }

    /** A status as people say it: "Building". */
    public String status(Enum<?> status) {
        var name = status.name();
        return name.charAt(0) + name.substring(1).toLowerCase(Locale.ENGLISH);
    }
}
