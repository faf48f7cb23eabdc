package codehaven.ui;

import codehaven.api.SystemInfo;
import codehaven.api.apps.AppState;
import codehaven.api.apps.AppViews;
import codehaven.api.deployments.QueuePlaces;
import codehaven.api.system.Condition;
import codehaven.api.system.Condition.Health;
import codehaven.api.system.Condition.Look;
import codehaven.api.system.DiskUse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;

/** How the installation is. It is there also when most of what it tells of is not. */
@Controller
final class SystemPages {

    private final Condition condition;
    private final QueuePlaces queue;
    private final DiskUse disk;
    private final SystemInfo info;
    private final AppViews apps;
    private final Words words;

    SystemPages(Condition condition, QueuePlaces queue, DiskUse disk, SystemInfo info, AppViews apps, Words words) {
        this.apps = apps;
        this.condition = condition;
        this.queue = queue;
        this.disk = disk;
        this.info = info;
        this.words = words;
    }

    /** Something that is wrong, with what it means and what to do. */
    record Alert(String heading, String sentence, @Nullable String command, boolean isBad) {}

    record BackendRow(
            String name,
            Health health,
            String address,
            @Nullable String note,
            String runs,
            String answers) {}

    /**
     * A worker and one queue.
     *
     * @param boxes from the left, those in use first; empty where the number is not known
     */
    record WorkerRow(
            String name,
            String queue,
            List<Box> boxes,
            @Nullable String slots,
            Condition.Worker worker) {}

    record Box(String x, boolean busy) {}

    record Version(String of, String text) {}

    /** A part of the disk, as a bar of the gauge. */
    record Bar(String name, long bytes, String shape, String x, String width) {}

    /** How many apps are in a state. */
    record AppsRow(String state, String icon, String word, int count) {}

    @GetMapping("/system")
    String system(Model model) {
        var look = condition.latest();
        var waiting = look.active() == null ? null : queue.of(look.active());
        var alerts = alerts(look);
        model.addAttribute("look", look);
        model.addAttribute("startedAt", info.startedAt());
        model.addAttribute("alerts", alerts);
        model.addAttribute("pageTitle", title(alerts));
        model.addAttribute("backends", look.backends().stream().map(this::row).toList());
        model.addAttribute("workers", look.workers().stream().map(this::row).toList());
        model.addAttribute("slots", slots(look));
        model.addAttribute("waiting", waiting);
        model.addAttribute("waitingFor", waiting == null ? null : typically(waiting));
        model.addAttribute("versions", versions(look));
        model.addAttribute("registry", info.registry());
        if (look.mongodb().isUp()) {
            apps.counts().ifPresent(counts -> {
                var total = counts.values().stream().mapToInt(Integer::intValue).sum();
                model.addAttribute("apps", rows(counts));
                model.addAttribute("appsTotal", words.count(total, "app"));
            });
        }
        disk.now().ifPresent(found -> {
            model.addAttribute("disk", found);
            model.addAttribute("bars", bars(found));
        });
        return "system/page";
    }

    private static List<AppsRow> rows(Map<AppState, Integer> counts) {
        return counts.entrySet().stream()
                .map(each -> new AppsRow(
                        each.getKey().text(),
                        AppSaid.icon(each.getKey()),
                        AppSaid.word(each.getKey()).toLowerCase(Locale.ENGLISH),
                        each.getValue()))
                .toList();
    }

    private static String title(List<Alert> alerts) {
        return (alerts.isEmpty() ? "" : "! " + alerts.getFirst().heading() + " · ") + "System · CodeHaven";
    }

    private List<Alert> alerts(Look look) {
        var alerts = new ArrayList<Alert>();
        for (var each : look.backends()) {
            if (!each.isUp()) {
                alerts.add(down(each));
            }
        }
        if (look.temporal().isUp() && look.workers().stream().noneMatch(Condition.Worker::builds)) {
            alerts.add(new Alert(
                    "No worker asks for builds",
                    "Deployments wait and go on by themselves when one does. Start one with",
                    "codehaven worker",
                    true));
        }
        disk.now()
                .filter(DiskUse.Disk::isNearlyFull)
                .ifPresent(full -> alerts.add(new Alert(
                        "The disk is nearly full",
                        words.size(full.free()) + " are free. Builds fail when there is no room; sites are served.",
                        null,
                        true)));
        for (var each : look.backends()) {
            if (each.health() == Health.SLOW) {
                alerts.add(new Alert(
                        Condition.nameOf(each) + " is slow",
                        "It took " + words.duration(each.answered()) + " to answer; under " + Condition.SLOW.toMillis()
                                + " ms is usual.",
                        null,
                        false));
            }
        }
        return List.copyOf(alerts);
    }

    private static Alert down(Condition.Backend backend) {
        return switch (backend.key()) {
            case "temporal" ->
                new Alert(
                        "Temporal does not answer",
                        "Deployments stand still and go on by themselves when it is back; sites are served.",
                        null,
                        true);
            case "mongodb" ->
                new Alert(
                        "MongoDB does not answer",
                        "Nothing can be deployed or looked up until it is back; sites are served.",
                        null,
                        true);
            case "redis" ->
                new Alert(
                        "Redis does not answer",
                        "Everything goes on; what happens is seen up to two seconds later.",
                        null,
                        true);
            case "s3" ->
                new Alert(
                        "The object storage does not answer",
                        "Deployments wait for it and go on by themselves; sites are served from what the edge has.",
                        null,
                        true);
            case "docker" ->
                new Alert(
                        "Docker does not answer",
                        "Builds wait and will go on by themselves; sites are served. Start it with",
                        "systemctl start docker",
                        true);
            default ->
                new Alert(
                        "Builds cannot run",
                        Objects.requireNonNullElse(backend.detail(), "The worker says nothing more."),
                        null,
                        true);
        };
    }

    private BackendRow row(Condition.Backend backend) {
        var note = backend.key().equals("temporal") ? "namespace " + condition.namespace() : null;
        var since = backend.downSince();
        return new BackendRow(
                backend.key().equals("builds") ? "Builds" : Condition.nameOf(backend),
                backend.health(),
                backend.address(),
                backend.isUp() ? note : backend.detail(),
                backend.embedded() ? "embedded" : "external",
                switch (backend.health()) {
                    case WELL -> backend.key().equals("builds") ? "" : millis(backend.answered());
                    case SLOW -> "slow: " + words.duration(backend.answered());
                    case DOWN ->
                        since == null ? "" : "since " + words.clock(since).substring(0, 5) + " UTC";
                });
    }

    private static String millis(Duration time) {
        var micros = time.toNanos() / 1_000;
        return micros < 10_000 ? micros / 1_000 + "." + micros % 1_000 / 100 + " ms" : micros / 1_000 + " ms";
    }

    private WorkerRow row(Condition.Worker worker) {
        var slots = worker.slots();
        var busy = worker.doing().size();
        var boxes = slots == null || slots > 32
                ? List.<Box>of()
                : IntStream.range(0, slots)
                        .mapToObj(i -> new Box(i * 13 + ".5", i < busy))
                        .toList();
        var text = slots != null
                ? Math.min(busy, slots) + " of " + slots
                : worker.builds() && busy > 0 ? words.count(busy, "build") : null;
        return new WorkerRow(worker.identity(), worker.queue(), boxes, text, worker);
    }

    private String slots(Look look) {
        var building = look.building().size();
        var builders = look.workers().stream().filter(Condition.Worker::builds).toList();
        if (builders.isEmpty()) {
            return "none";
        }
        if (builders.stream().anyMatch(each -> each.slots() == null)) {
            return words.count(building, "build") + " running";
        }
        var all = builders.stream()
                .map(Condition.Worker::slots)
                .filter(Objects::nonNull)
                .mapToInt(Integer::intValue)
                .sum();
        return building + " of " + words.count(all, "build slot") + " in use";
    }

    private String typically(List<QueuePlaces.Waiting> waiting) {
        if (waiting.isEmpty()) {
            return "nobody waits";
        }
        var now = Instant.now();
        var times = waiting.stream()
                .map(each -> Duration.between(each.since(), now))
                .sorted()
                .toList();
        return (waiting.size() == 1 ? "1 waits" : words.count(waiting.size()) + " wait, typically") + " for "
                + words.duration(times.get(times.size() / 2));
    }

    private List<Version> versions(Look look) {
        var all = new ArrayList<Version>();
        all.add(new Version("CodeHaven", info.version()));
        all.add(new Version("Java", Runtime.version().toString().replaceFirst("[+-].*", "")));
        for (var each : look.backends()) {
            var version = each.version();
            if (version != null) {
                all.add(new Version(
                        each.key().equals("temporal") ? "Temporal server" : Condition.nameOf(each), version));
            } else if (!each.isUp() && !each.key().equals("s3")) {
                all.add(new Version(Condition.nameOf(each), "not known now"));
            }
        }
        return List.copyOf(all);
    }

    private static List<Bar> bars(DiskUse.Disk disk) {
        var bars = new ArrayList<Bar>();
        var shapes = List.of("p2", "p1", "p3");
        var x = 0.0;
        for (int i = 0; i < disk.parts().size(); i++) {
            var part = disk.parts().get(i);
            var width = share(part.bytes(), disk);
            bars.add(new Bar(part.name(), part.bytes(), shapes.get(i % shapes.size()), percent(x), percent(width)));
            x += width;
        }
        bars.add(new Bar("Everything else", disk.others(), "p4", percent(x), percent(share(disk.others(), disk))));
        return bars;
    }

    private static double share(long bytes, DiskUse.Disk disk) {
        return disk.total() == 0 ? 0 : 100.0 * bytes / disk.total();
    }

    private static String percent(double value) {
        return String.format(Locale.ENGLISH, "%.2f%%", value);
    }
}
