package codehaven.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.util.FileSize;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** Where the program's own log goes: a file under {@code up}, standard error under the other roles. */
final class Logs {

    private Logs() {}

    /** Keeps at most four files of 10 MB. */
    static Path toFile(Path directory) {
        var context = fresh();
        var file = directory.resolve("codehaven.log");
        var appender = new RollingFileAppender<ILoggingEvent>();
        appender.setFile(file.toString());
        var rolling = new FixedWindowRollingPolicy();
        rolling.setContext(context);
        rolling.setParent(appender);
        rolling.setFileNamePattern(directory.resolve("codehaven.%i.log").toString());
        rolling.setMinIndex(1);
        rolling.setMaxIndex(3);
        rolling.start();
        var trigger = new SizeBasedTriggeringPolicy<ILoggingEvent>();
        trigger.setContext(context);
        trigger.setMaxFileSize(FileSize.valueOf("10MB"));
        trigger.start();
        appender.setRollingPolicy(rolling);
        appender.setTriggeringPolicy(trigger);
        attach(context, appender);
        return file;
    }

    static void toStandardError() {
        var context = fresh();
        var appender = new ConsoleAppender<ILoggingEvent>();
        appender.setTarget("System.err");
        attach(context, appender);
    }

    private static LoggerContext fresh() {
        // Tomcat and others speak java.util.logging.
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
        // Spring Boot would set logging up anew when the server starts.
        System.setProperty("org.springframework.boot.logging.LoggingSystem", "none");
        var context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        return context;
    }

    private static void attach(LoggerContext context, OutputStreamAppender<ILoggingEvent> appender) {
        var encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern("%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX,UTC} %-5level %logger{30} [%thread] %msg%n%ex{full}");
        encoder.start();
        appender.setContext(context);
        appender.setEncoder(encoder);
        appender.start();
        var root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.INFO);
        root.addAppender(appender);
        for (var chatty : new String[] {
            "org.mongodb.driver",
            "org.redisson",
            "org.gaul",
            "org.eclipse.jetty",
            "de.bwaldvogel",
            "software.amazon",
            "org.apache.catalina",
            "org.apache.coyote",
            "org.springframework",
            "io.temporal.serviceclient",
            "org.hibernate",
            "com.github.dockerjava",
            "io.netty"
        }) {
            context.getLogger(chatty).setLevel(Level.WARN);
        }
    }
}
