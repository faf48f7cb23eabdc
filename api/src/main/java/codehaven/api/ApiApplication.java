package codehaven.api;

import java.util.Map;
import java.util.regex.Pattern;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JsonMapperBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.converter.HttpMessageConverters;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import tools.jackson.core.StreamReadFeature;

/** The Spring application: this module's packages, and whatever joins by auto-configuration. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@ComponentScan("codehaven.api")
class ApiApplication implements WebMvcConfigurer {

    private static final Pattern OTHER_FORMATS = Pattern.compile("xml|yaml|cbor|smile");

    /**
     * For the build of the module cli, which has all that joins: looks for the application's beans there, once, and writes
     * them down as code. At each start, that took a sixth of what the program computes.
     */
    static void main() {
        ApiServer.application("127.0.0.1", 0, Map.of()).run();
    }

    /** Two fields of one name are two readers with two opinions: refused. */
    @Bean
    JsonMapperBuilderCustomizer strictJson() {
        return json -> json.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION);
    }

    /** Other modules of the same program bring other formats along; here, JSON is spoken, also to browsers. */
    @Override
    public void configureMessageConverters(HttpMessageConverters.ServerBuilder converters) {
        converters.configureMessageConvertersList(all -> all.removeIf(each -> each.getSupportedMediaTypes().stream()
                .anyMatch(type -> OTHER_FORMATS.matcher(type.getSubtype()).find())));
    }
}
