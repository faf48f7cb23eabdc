package codehaven.api.system;

import codehaven.api.SystemInfo;
import codehaven.api.problems.Problem;
import io.swagger.v3.core.converter.ModelConverters;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.PathItem;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.media.StringSchema;
import io.swagger.v3.oas.models.parameters.HeaderParameter;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.servers.Server;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springdoc.core.utils.SpringDocUtils;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import tools.jackson.databind.node.ObjectNode;

/** What the description of the API says beside what is read from each controller. */
@Configuration(proxyBeanMethods = false)
class Description {

    private static final Set<PathItem.HttpMethod> READING =
            Set.of(PathItem.HttpMethod.GET, PathItem.HttpMethod.HEAD, PathItem.HttpMethod.OPTIONS);

    static {
        // Bodies are read field by field; what they look like is said beside each.
        SpringDocUtils.getConfig().addRequestWrapperToIgnore(ObjectNode.class);
    }

    @Bean
    OpenAPI head(SystemInfo info) {
        return new OpenAPI()
                .info(new Info()
                        .title("CodeHaven")
                        .version(info.version())
                        .description("From a Git URL to a live site. Errors are problem+json (RFC 9457); times are"
                                + " ISO-8601 in UTC; what is not known is absent; lists are read in pages, `next` of"
                                + " one being `after` of the following."));
    }

    @Bean
    OpenApiCustomizer body() {
        return api -> {
            api.setServers(List.of(new Server().url("/")));
            ModelConverters.getInstance()
                    .readAll(Problem.Body.class)
                    .forEach((name, schema) ->
                            api.getComponents().addSchemas("Body".equals(name) ? "Problem" : name, schema));
            api.getPaths().values().forEach(path -> path.readOperationsMap().forEach(Description::complete));
        };
    }

    private static void complete(PathItem.HttpMethod method, Operation operation) {
        if (!READING.contains(method)) {
            operation.addParametersItem(new HeaderParameter()
                    .name("Idempotency-Key")
                    .required(false)
                    .schema(new StringSchema().maxLength(200))
                    .description("The same key with the same request has the same result, for 24 hours."));
        }
        if (operation.getRequestBody() != null) {
            var content = operation.getRequestBody().getContent();
            Map.copyOf(content).forEach((type, value) -> {
                if (!"application/json".equals(type)) {
                    content.remove(type);
                    content.addMediaType("application/json", value);
                }
            });
        }
        operation
                .getResponses()
                .addApiResponse(
                        "default",
                        new ApiResponse()
                                .description("A problem")
                                .content(new Content()
                                        .addMediaType(
                                                "application/problem+json",
                                                new MediaType()
                                                        .schema(new Schema<>().$ref("#/components/schemas/Problem")))));
    }
}
