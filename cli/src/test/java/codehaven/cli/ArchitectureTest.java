package codehaven.cli;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the picture in docs/architecture.md says, for all modules at once. */
class ArchitectureTest {

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            // What the build writes of the server's beans names them all.
            .withImportOption(location -> !location.matches(Pattern.compile(".*__[^/]*\\.class")))
            .importPackages("codehaven");

    /** Which of our modules each may see. */
    private static final Map<String, Set<String>> ARROWS = new TreeMap<>(Map.of(
            "model", Set.of(),
            "workflows", Set.of("model"),
            "state", Set.of("model"),
            "activities", Set.of("model", "workflows", "state"),
            "api", Set.of("model", "workflows", "state"),
            "ui", Set.of("model", "api"),
            "edge", Set.of("model", "state"),
            "dev", Set.of(),
            "cli", Set.of("model", "workflows", "state", "activities", "api", "ui", "edge", "dev")));

    /** What of others' each must not see: the reason why it is a module of its own. */
    private static final Map<String, List<String>> FORBIDDEN = new TreeMap<>(Map.of(
            "model",
            List.of("io.temporal..", "org.springframework..", "com.mongodb..", "org.redisson..", "java.net.http.."),
            "workflows",
            List.of(
                    "java.io..",
                    "java.nio..",
                    "java.net..",
                    "java.util.concurrent..",
                    "java.security..",
                    "org.springframework.."),
            "state",
            List.of("io.temporal..", "org.springframework.web..", "jakarta.servlet..", "io.netty.handler.."),
            "activities",
            List.of("org.springframework.web..", "jakarta.servlet.."),
            "api",
            List.of(
                    "org.eclipse.jgit..",
                    "com.github.dockerjava..",
                    "com.mongodb..",
                    "org.bson..",
                    "org.redisson..",
                    "software.amazon.awssdk.."),
            "ui",
            List.of(
                    "io.temporal..",
                    "org.eclipse.jgit..",
                    "com.github.dockerjava..",
                    "com.mongodb..",
                    "org.bson..",
                    "org.redisson..",
                    "software.amazon.awssdk.."),
            "edge",
            List.of("org.springframework.boot..", "io.temporal..", "com.github.dockerjava.."),
            "dev",
            List.of(),
            "cli",
            List.of()));

    /** The one class of a module that starts processes; GetTemporal runs by itself before anything is built. */
    private static final Set<String> STARTERS =
            Set.of("codehaven.dev.Child", "codehaven.dev.GetTemporal", "codehaven.activities.building.HostProcess");

    private static final Pattern EMPTY_WORDS = Pattern.compile(".*(?:Impl|Utils?|Helper|Manager|Common)");

    @Test
    void allModulesAreHere() {
        assertThat(ARROWS.keySet())
                .containsExactlyInAnyOrderElementsOf(CLASSES.stream()
                        .map(ArchitectureTest::moduleOf)
                        .collect(java.util.stream.Collectors.toCollection(TreeSet::new)));
    }

    @Test
    void modulesSeeOnlyWhatTheirArrowsPointAt() {
        ARROWS.forEach((module, seen) -> {
            var others = new TreeSet<>(ARROWS.keySet());
            others.removeAll(seen);
            others.remove(module);
            if (!others.isEmpty()) {
                noClasses()
                        .that()
                        .resideInAPackage("codehaven." + module + "..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(others.stream()
                                .map(each -> "codehaven." + each + "..")
                                .toArray(String[]::new))
                        .check(CLASSES);
            }
        });
    }

    @Test
    void modulesDoNotSeeWhatTheyAreKeptFrom() {
        FORBIDDEN.forEach((module, packages) -> {
            if (!packages.isEmpty()) {
                noClasses()
                        .that()
                        .resideInAPackage("codehaven." + module + "..")
                        .should()
                        .dependOnClassesThat(resideInAnyPackage(packages.toArray(String[]::new)))
                        .check(CLASSES);
            }
        });
    }

    @Test
    void workflowsDecideTheSameEachTime() {
        var unsure = Set.of(
                "java.lang.System",
                "java.lang.Runtime",
                "java.lang.Thread",
                "java.lang.ProcessBuilder",
                "java.time.Clock",
                "java.util.Random",
                "java.util.SplittableRandom",
                "java.util.Timer",
                "java.util.Scanner",
                "java.util.Locale",
                "java.util.TimeZone");
        noClasses()
                .that(resideInAPackage("codehaven.workflows.."))
                .should()
                .dependOnClassesThat(describe(
                        "clocks, randomness, threads and the machine",
                        (JavaClass each) -> unsure.contains(each.getName())
                                || each.getName().startsWith("java.util.random.")))
                .orShould()
                .callMethodWhere(describe("now() or random", (JavaCall<?> call) -> {
                    var owner = call.getTargetOwner().getName();
                    return (owner.startsWith("java.time.") && call.getName().equals("now"))
                            || (owner.equals("java.util.UUID") && call.getName().equals("randomUUID"))
                            || (owner.equals("java.lang.Math") && call.getName().equals("random"));
                }))
                .because("a worker that goes on from the history must come to the same decisions")
                .check(CLASSES);
    }

    @Test
    void packagesDoNotGoRoundInCircles() {
        slices().assignedFrom(new SliceAssignment() {
                    @Override
                    public SliceIdentifier getIdentifierOf(JavaClass each) {
                        return SliceIdentifier.of(each.getPackageName());
                    }

                    @Override
                    public String getDescription() {
                        return "each package";
                    }
                })
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }

    @Test
    void namesSayWhatAThingIs() {
        assertThat(CLASSES)
                .extracting(JavaClass::getName)
                .filteredOn(each -> EMPTY_WORDS.matcher(each).matches())
                .isEmpty();
        assertThat(CLASSES)
                .extracting(JavaClass::getPackageName)
                .filteredOn(each -> each.matches(".*\\.(?:common|core|utils?|helpers?|impl|managers?)(?:\\..*)?"))
                .isEmpty();
    }

    @Test
    void processesAreStartedFromOnePlace() {
        noClasses()
                .that(describe(
                        "are not the starters",
                        (JavaClass each) -> !STARTERS.contains(topLevel(each).getName())))
                .should()
                .callMethodWhere(describe(
                        "ProcessBuilder.start or Runtime.exec",
                        (JavaCall<?> call) -> (call.getTargetOwner().isEquivalentTo(ProcessBuilder.class)
                                        && call.getName().startsWith("start"))
                                || (call.getTargetOwner().isEquivalentTo(Runtime.class)
                                        && call.getName().equals("exec"))))
                .because("there the command is a list of arguments, never a shell's text, and its end is looked after")
                .check(CLASSES);
    }

    private static JavaClass topLevel(JavaClass each) {
        return each.getEnclosingClass().map(ArchitectureTest::topLevel).orElse(each);
    }

    private static String moduleOf(JavaClass each) {
        return each.getPackageName().split("\\.", -1)[1];
    }
}
