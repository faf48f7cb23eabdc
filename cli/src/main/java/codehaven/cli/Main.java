package codehaven.cli;

import codehaven.api.ApiServer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code ./codehaven COMMAND}. */
@Command(
        name = "codehaven",
        description = "Paste a Git URL, get a live site.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = {Demo.class, Up.class, Server.class, Worker.class, Edge.class},
        footer = {
            "",
            "The launcher adds: check, which runs all tests.",
            "Every command: codehaven COMMAND --help. Settings: flag > CODEHAVEN_… > --config FILE > default.",
            "Exit codes: 0 done, 1 failed, 2 usage or a wrong setting, 3 unreachable."
        })
public final class Main {

    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int UNREACHABLE = 3;

    private Main() {}

    public static void main(String[] arguments) {
        // The demo asks the edge for a site by its Host, whatever this machine's resolver makes of *.localhost.
        System.setProperty("jdk.httpclient.allowRestrictedHeaders", "host");
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        var line = new CommandLine(new Main());
        line.getSubcommands().values().forEach(each -> addSettings(each.getCommandSpec()));
        line.setExecutionExceptionHandler((thrown, command, parsed) -> explain(thrown, command));
        line.setUsageHelpAutoWidth(true);
        return line;
    }

    /** Each setting is a flag of each command that starts something. */
    private static void addSettings(CommandSpec command) {
        for (var setting : Setting.values()) {
            command.addOption(OptionSpec.builder(setting.flag())
                    .paramLabel(setting.form())
                    .type(String.class)
                    .description(setting.meaning()
                            + setting.fallback()
                                    .map(text -> " (default: " + text + ")")
                                    .orElse(""))
                    .build());
        }
    }

    /** One sentence for what a person can put right; a stack trace only for what is our own fault. */
    private static int explain(Exception thrown, CommandLine command) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            if (each instanceof WrongSetting
                    || each instanceof ApiServer.CannotStart
                    || (each instanceof IllegalStateException && each.getMessage() != null)) {
                command.getErr().println("codehaven: " + each.getMessage());
                return each instanceof IllegalStateException ? UNREACHABLE : USAGE;
            }
        }
        command.getErr().println("codehaven: " + thrown);
        thrown.printStackTrace(command.getErr());
        return FAILED;
    }

    /** The settings that a command was given. */
    static Settings settings(ParseResult parsed, java.nio.file.@org.jspecify.annotations.Nullable Path file) {
        var flags = new java.util.EnumMap<Setting, String>(Setting.class);
        for (var setting : Setting.values()) {
            var option = parsed.matchedOption(setting.flag());
            if (option != null && option.getValue() != null) {
                flags.put(setting, option.getValue());
            }
        }
        return new Settings(flags, System.getenv(), file);
    }
}
