package codehaven.api;

import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JsonMapperBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.Configuration;
import tools.jackson.core.StreamReadFeature;

/** The Spring application: this module's packages, and whatever joins by auto-configuration. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@ComponentScan("codehaven.api")
class ApiApplication {

    /** Two fields of one name are two readers with two opinions: refused. */
    @Bean
    JsonMapperBuilderCustomizer strictJson() {
        return json -> json.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION);
    }
}
