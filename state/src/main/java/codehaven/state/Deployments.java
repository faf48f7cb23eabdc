package codehaven.state;

import static com.mongodb.client.model.Filters.and;
import static com.mongodb.client.model.Filters.eq;
import static com.mongodb.client.model.Filters.in;
import static com.mongodb.client.model.Filters.lt;
import static com.mongodb.client.model.Filters.or;
import static com.mongodb.client.model.Filters.regex;
import static com.mongodb.client.model.Sorts.ascending;
import static com.mongodb.client.model.Sorts.descending;
import static com.mongodb.client.model.Sorts.orderBy;

import codehaven.model.BuildSettings;
import codehaven.model.Checkpoint;
import codehaven.model.Deployment;
import codehaven.model.DeploymentStatus;
import codehaven.model.Environment;
import codehaven.model.Outcome;
import codehaven.model.Output;
import codehaven.model.Slug;
import codehaven.model.Step;
import codehaven.model.StepRun;
import com.mongodb.client.model.Projections;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.bson.Document;
import org.bson.conversions.Bson;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;

/**
 * All deployments. Writers name the workflow run they act for; a write of a run that is not the deployment's current
 * one changes nothing and returns false, so a zombie cannot rewrite what its successor wrote. Nor can a late attempt of
 * the current run lead it back behind what that run wrote after it.
 */
public final class Deployments {

    // Kept beside the record's own fields.
    /** The run that set a status that is not final last. */
    private static final String ENTERED_BY = "enteredBy";
    /** The run that the final status is of. */
    private static final String ENDED_BY = "endedBy";
    /** The number of the last archived log line. */
    private static final String ARCHIVED_LINE = "archivedLine";
    /** Which run wrote which step. */
    private static final String STEPS_BY = "stepsBy";

    /**
     * Absent means any.
     *
     * @param text is part of the commit's message, its author's name or the branch, whatever its case, or begins the
     *     commit's or the deployment's id
     */
    public record Filter(
            @Nullable Slug project,
            @Nullable String branch,
            @Nullable DeploymentStatus status,
            @Nullable Environment environment,
            @Nullable String text) {

        public Filter(
                @Nullable Slug project,
                @Nullable String branch,
                @Nullable DeploymentStatus status,
                @Nullable Environment environment) {
            this(project, branch, status, environment, null);
        }

        /** All deployments. */
        public static final Filter ANY = new Filter(null, null, null, null);
    }

    /** What a change does about a deployment. */
    private enum Verdict {
        WRITE,
        /** It is as wanted already. */
        LEAVE,
        REFUSE
    }

    /** Looks at a deployment and changes its next document, or not. */
    @FunctionalInterface
    private interface Change {
        Verdict apply(Deployment now, Document next);
    }

    private final Mongo mongo;
    private final Projects projects;

    Deployments(Mongo mongo, Projects projects) {
        this.mongo = mongo;
        this.projects = projects;
    }

    /**
     * @return false if the id is taken
     */
    public boolean insert(Deployment deployment) {
        projects.began(deployment);
        try {
            mongo.in(
                    Mongo.DEPLOYMENTS,
                    deployments ->
                            deployments.insertOne(Records.write(deployment).append(Mongo.VERSION, 1L)));
            return true;
        } catch (DuplicateKeyException e) {
            return false;
        }
    }

    public Optional<Deployment> find(String id) {
        return Optional.ofNullable(document(id)).map(Deployments::read);
    }

    /** Those of the ids that there are, in no order. */
    public List<Deployment> all(Collection<String> ids) {
        return ids.isEmpty()
                ? List.of()
                : mongo.in(
                        Mongo.DEPLOYMENTS,
                        deployments -> deployments
                                .find(in("_id", ids))
                                .map(Deployments::read)
                                .into(new ArrayList<>()));
    }

    /** Which of these have one of the statuses; asked by id, so that it costs no more than reading them. */
    public Set<String> having(Set<DeploymentStatus> statuses, Collection<String> ids) {
        return ids.isEmpty()
                ? Set.of()
                : mongo.in(
                        Mongo.DEPLOYMENTS,
                        deployments -> deployments
                                .find(and(
                                        in("_id", ids),
                                        in(
                                                "status",
                                                statuses.stream()
                                                        .map(Enum::name)
                                                        .toList())))
                                .projection(Projections.include("_id"))
                                .map(each -> each.getString("_id"))
                                .into(new HashSet<>()));
    }

    /**
     * What {@link Filter#text} is looked for in, in lower case.
     *
     * @param settled whether it stays as it is: the deployment came to its good end; others may be tried again, with
     *     another commit
     * @param parts the commit's message and author, and the branch, a line each
     */
    public record Sayings(String id, boolean settled, String parts, String sha) {

        /** @param text in lower case */
        public boolean mention(String text) {
            return parts.contains(text) || sha.startsWith(text) || id.startsWith(text);
        }

        private static Sayings of(Document document) {
            var commit = document.get("commit") instanceof Document made ? made : new Document();
            return new Sayings(
                    document.getString("_id"),
                    DeploymentStatus.valueOf(document.getString("status")) == DeploymentStatus.READY,
                    lower(commit, "message") + "\n" + lower(commit, "author") + "\n" + lower(document, "branch"),
                    lower(commit, "sha"));
        }

        private static String lower(Document document, String field) {
            return Objects.toString(document.getString(field), "").toLowerCase(Locale.ROOT);
        }
    }

    /** Of those of the ids that there are, in no order. */
    public List<Sayings> sayings(Collection<String> ids) {
        return ids.isEmpty()
                ? List.of()
                : mongo.in(
                        Mongo.DEPLOYMENTS,
                        deployments -> deployments
                                .find(in("_id", ids))
                                .projection(Projections.include("status", "commit", "branch"))
                                .map(Sayings::of)
                                .into(new ArrayList<>()));
    }

    /**
     * Newest first (by creation, then id).
     *
     * @param after the id of the last one of the page before; if it is gone, the list is empty
     */
    public List<Deployment> list(Filter filter, @Nullable String after, int limit) {
        var conditions = new ArrayList<Bson>();
        if (filter.project() != null) {
            conditions.add(eq("project", filter.project().text()));
        }
        if (filter.branch() != null) {
            conditions.add(eq("branch", filter.branch()));
        }
        if (filter.status() != null) {
            conditions.add(eq("status", filter.status().name()));
        }
        if (filter.environment() != null) {
            conditions.add(eq("environment", filter.environment().name()));
        }
        if (filter.text() != null) {
            conditions.add(mentions(filter.text()));
        }
        if (after != null) {
            var last = document(after);
            if (last == null) {
                return List.of();
            }
            var at = last.getDate("createdAt");
            conditions.add(or(lt("createdAt", at), and(eq("createdAt", at), lt("_id", after))));
        }
        return mongo.in(
                Mongo.DEPLOYMENTS,
                deployments -> deployments
                        .find(conditions.isEmpty() ? new Document() : and(conditions))
                        .sort(orderBy(descending("createdAt"), descending("_id")))
                        .limit(limit)
                        .map(Deployments::read)
                        .into(new ArrayList<>()));
    }

    private static Bson mentions(String text) {
        var part = Pattern.quote(text);
        return or(
                regex("commit.message", part, "i"),
                regex("commit.author", part, "i"),
                regex("branch", part, "i"),
                regex("commit.sha", "^" + part, "i"),
                regex("_id", "^" + part, "i"));
    }

    /** Those without a final status, oldest first. */
    public List<Deployment> active(int limit) {
        var names = Arrays.stream(DeploymentStatus.values())
                .filter(each -> !each.isFinal())
                .map(Enum::name)
                .toList();
        return mongo.in(
                Mongo.DEPLOYMENTS,
                deployments -> deployments
                        .find(in("status", names))
                        .sort(orderBy(ascending("createdAt"), ascending("_id")))
                        .limit(limit)
                        .map(Deployments::read)
                        .into(new ArrayList<>()));
    }

    /** Makes a run the current one if the deployment's run is still the expected one, or is the new one already. */
    public boolean adopt(String id, @Nullable String expectedRun, String run) {
        return change(id, (now, next) -> {
            if (run.equals(now.run())) {
                return Verdict.LEAVE;
            }
            if (!Objects.equals(expectedRun, now.run())) {
                return Verdict.REFUSE;
            }
            next.put("run", run);
            return Verdict.WRITE;
        });
    }

    /**
     * Sets a status that is not final, clears failure and finishedAt, and stores what the steps left so far. Steps
     * before it that are still running are done then, later ones were given up. A run that has ended the deployment
     * cannot begin it again; another one, after a retry or a reset, can.
     */
    public boolean enter(String id, String run, DeploymentStatus status, Checkpoint soFar) {
        if (status.isFinal()) {
            throw new IllegalArgumentException(status + " is final: finish with it");
        }
        var at = Instant.now();
        return change(id, (now, next) -> {
            var back = run.equals(next.getString(ENTERED_BY)) && status.compareTo(now.status()) < 0;
            if (!run.equals(now.run()) || isEndedBy(run, now, next) || back) {
                return Verdict.REFUSE;
            }
            next.put("status", status.name());
            next.put(ENTERED_BY, run);
            next.remove(ENDED_BY);
            next.remove("failure");
            next.remove("finishedAt");
            remember(next, soFar, null);
            steps(
                    next,
                    now.steps().stream()
                            .map(step -> switch (Integer.signum(
                                    step.step().status().compareTo(status))) {
                                case 0 -> step;
                                case -1 -> closed(step, StepRun.State.done, at);
                                default -> closed(step, StepRun.State.canceled, at);
                            })
                            .toList());
            return Verdict.WRITE;
        });
    }

    /**
     * Adds the step's run, or replaces the one of the same step; not one of a later attempt of the same run, nor when
     * the run has ended the deployment.
     */
    public boolean step(String id, String run, StepRun step) {
        return change(id, (now, next) -> {
            if (!run.equals(now.run()) || isEndedBy(run, now, next)) {
                return Verdict.REFUSE;
            }
            var writers = next.get(STEPS_BY) instanceof Document kept ? new Document(kept) : new Document();
            var name = step.step().name();
            var steps = new ArrayList<>(now.steps());
            var place = placeOf(step.step(), steps);
            if (place < 0) {
                steps.add(step);
            } else if (run.equals(writers.getString(name))
                    && step.attempt() < steps.get(place).attempt()) {
                return Verdict.REFUSE;
            } else {
                steps.set(place, step);
            }
            next.put(STEPS_BY, writers.append(name, run));
            steps(next, steps);
            return Verdict.WRITE;
        });
    }

    /**
     * Sets a final status; steps that still run end with it. A deployment that is READY stays READY. What the current
     * run says first stays, except that READY is believed also after another end was recorded from outside.
     *
     * @param run the current run, or null for whoever ended it from outside (then any run matches that is not final)
     * @return whether the deployment has that final status now
     */
    public boolean finish(
            String id, @Nullable String run, Outcome outcome, Checkpoint soFar, @Nullable Output output, Instant at) {
        var status = outcome.status();
        return change(id, (now, next) -> {
            if (run == null ? now.status().isFinal() : !run.equals(now.run())) {
                return Verdict.REFUSE;
            }
            if (now.status() == DeploymentStatus.READY) {
                return status == DeploymentStatus.READY ? Verdict.LEAVE : Verdict.REFUSE;
            }
            if (isEndedBy(run, now, next) && status != DeploymentStatus.READY) {
                return now.status() == status ? Verdict.LEAVE : Verdict.REFUSE;
            }
            next.put("status", status.name());
            put(next, ENDED_BY, now.run());
            next.put("finishedAt", Date.from(at));
            put(next, "failure", outcome instanceof Outcome.Failed failed ? Records.write(failed.failure()) : null);
            remember(next, soFar, output);
            var end = switch (outcome) {
                case Outcome.Ready _ -> StepRun.State.done;
                case Outcome.Failed _ -> StepRun.State.failed;
                case Outcome.Canceled _ -> StepRun.State.canceled;
            };
            steps(next, now.steps().stream().map(step -> closed(step, end, at)).toList());
            return Verdict.WRITE;
        });
    }

    /**
     * FAILED or CANCELED → QUEUED with the settings given, for a retry; failure, finishedAt, output and run are cleared:
     * the retry's run is adopted with none expected.
     *
     * @return the deployment as it is now, or empty if its status forbids it
     */
    public Optional<Deployment> reopen(String id, BuildSettings settings, Checkpoint resume) {
        var reopened = change(id, (now, next) -> {
            if (now.status() != DeploymentStatus.FAILED && now.status() != DeploymentStatus.CANCELED) {
                return Verdict.REFUSE;
            }
            next.put("status", DeploymentStatus.QUEUED.name());
            next.put("settings", Records.write(settings));
            next.put("checkpoint", Records.write(resume));
            for (var field : List.of("failure", "finishedAt", "output", "run", ENTERED_BY, ENDED_BY, STEPS_BY)) {
                next.remove(field);
            }
            return Verdict.WRITE;
        });
        return reopened ? find(id) : Optional.empty();
    }

    /** QUEUED → SUPERSEDED: a newer commit of the same branch took its place before it began. */
    public boolean supersede(String id, Instant at) {
        return change(id, (now, next) -> {
            if (now.status() == DeploymentStatus.SUPERSEDED) {
                return Verdict.LEAVE;
            }
            if (now.status() != DeploymentStatus.QUEUED) {
                return Verdict.REFUSE;
            }
            next.put("status", DeploymentStatus.SUPERSEDED.name());
            next.put("finishedAt", Date.from(at));
            put(next, ENDED_BY, now.run());
            return Verdict.WRITE;
        });
    }

    /** Remembers how far the log is archived. */
    public void archived(String id, long throughPosition) {
        archived(id, new Archived(throughPosition, 0));
    }

    /**
     * How far a log is archived.
     *
     * @param line the number of the last archived log line
     */
    record Archived(long through, long line) {
        static final Archived NOTHING = new Archived(0, 0);
    }

    void archived(String id, Archived archived) {
        change(id, (now, next) -> {
            if (archived.through() <= now.archivedThrough()) {
                return Verdict.LEAVE;
            }
            next.put("archivedThrough", archived.through());
            next.put(ARCHIVED_LINE, archived.line());
            return Verdict.WRITE;
        });
    }

    /** Empty if there is no such deployment. */
    Optional<Archived> archived(String id) {
        var found = mongo.in(
                Mongo.DEPLOYMENTS,
                deployments -> deployments
                        .find(eq("_id", id))
                        .projection(Projections.include("archivedThrough", ARCHIVED_LINE))
                        .first());
        return found == null
                ? Optional.empty()
                : Optional.of(new Archived(number(found, "archivedThrough"), number(found, ARCHIVED_LINE)));
    }

    public void deleteOf(Slug project) {
        mongo.in(Mongo.DEPLOYMENTS, deployments -> deployments.deleteMany(eq("project", project.text())));
    }

    /** Reads, judges and writes if nothing came between; again if something did. */
    private boolean change(String id, Change change) {
        while (true) {
            var found = document(id);
            if (found == null) {
                return false;
            }
            var next = new Document(found);
            switch (change.apply(read(new Document(found)), next)) {
                case LEAVE -> {
                    return true;
                }
                case REFUSE -> {
                    return false;
                }
                case WRITE -> {
                    if (mongo.swap(Mongo.DEPLOYMENTS, found, next)) {
                        return true;
                    }
                }
            }
        }
    }

    private @Nullable Document document(String id) {
        return mongo.in(
                Mongo.DEPLOYMENTS,
                deployments -> deployments.find(eq("_id", id)).first());
    }

    /** What the steps found out is shown at the deployment itself; what is not known yet leaves it as it is. */
    private static void remember(Document next, Checkpoint soFar, @Nullable Output output) {
        next.put("checkpoint", Records.write(soFar));
        if (soFar.cloned() != null) {
            next.put("commit", Records.write(soFar.cloned().commit()));
            if (soFar.cloned().branch() != null) {
                next.put("branch", soFar.cloned().branch());
            }
        }
        var built = soFar.built();
        if (built != null) {
            next.put("framework", built.framework());
            next.put("kind", built.kind().name());
            next.put("output", Records.write(new Output(built.files(), built.bytes(), null, null, built.cache())));
        }
        if (output != null) {
            next.put("output", Records.write(output));
        }
    }

    private static StepRun closed(StepRun step, StepRun.State state, Instant at) {
        return step.state() == StepRun.State.running
                ? new StepRun(step.step(), state, step.attempt(), step.startedAt(), at)
                : step;
    }

    private static boolean isEndedBy(@Nullable String run, Deployment now, Document document) {
        // Nothing leads out of SUPERSEDED: a run that began at the same moment stops when it is refused.
        return now.status() == DeploymentStatus.SUPERSEDED
                || (now.status().isFinal() && Objects.equals(run, document.getString(ENDED_BY)));
    }

    private static int placeOf(Step step, List<StepRun> steps) {
        for (int i = 0; i < steps.size(); i++) {
            if (steps.get(i).step() == step) {
                return i;
            }
        }
        return -1;
    }

    private static void steps(Document next, List<StepRun> steps) {
        next.put("steps", steps.stream().map(Records::write).toList());
    }

    private static void put(Document document, String field, @Nullable Object value) {
        if (value == null) {
            document.remove(field);
        } else {
            document.put(field, value);
        }
    }

    private static long number(Document document, String field) {
        return document.get(field) instanceof Number number ? number.longValue() : 0;
    }

    private static Deployment read(Document document) {
        Defaults.settings(document);
        document.putIfAbsent("steps", List.of());
        document.putIfAbsent("generation", 0L);
        document.putIfAbsent("archivedThrough", 0L);
        return Records.read(Deployment.class, document);
    }
}
