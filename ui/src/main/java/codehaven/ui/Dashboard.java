package codehaven.ui;

import java.util.concurrent.TimeUnit;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.thymeleaf.autoconfigure.ThymeleafAutoConfiguration;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.http.CacheControl;
import org.springframework.web.servlet.config.annotation.ResourceHandlerRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.servlet.resource.ResourceUrlEncodingFilter;
import org.springframework.web.servlet.resource.ResourceUrlProvider;
import org.springframework.web.servlet.resource.VersionResourceResolver;
import org.webjars.WebJarVersionLocator;

/** Joins the dashboard to the server of the module api: its pages, and what they load. */
@AutoConfiguration(before = ThymeleafAutoConfiguration.class)
@ComponentScan("codehaven.ui")
class Dashboard implements WebMvcConfigurer {

    private static final String HTMX = "htmx.org";
    private static final int BEFORE_REFUSALS = 5;

    /** Addresses carry a digest of the content, so browsers may keep what they have for ever. */
    @Override
    public void addResourceHandlers(ResourceHandlerRegistry registry) {
        var htmx = new WebJarVersionLocator().version(HTMX);
        registry.addResourceHandler("/assets/**")
                .addResourceLocations(
                        "classpath:/codehaven/ui/assets/",
                        "classpath:/META-INF/resources/webjars/" + HTMX + "/" + htmx + "/dist/")
                .setCacheControl(
                        CacheControl.maxAge(365, TimeUnit.DAYS).cachePublic().immutable())
                .resourceChain(true)
                .addResolver(new VersionResourceResolver().addContentVersionStrategy("/**"));
    }

    @Bean
    FilterRegistrationBean<AssetAddresses> assetAddresses(ObjectProvider<ResourceUrlProvider> addresses) {
        var filter = new FilterRegistrationBean<>(new AssetAddresses(addresses));
        // Before those that refuse: their pages load assets as well.
        filter.setOrder(BEFORE_REFUSALS);
        return filter;
    }

    /** Spring Boot's own filter for the same, which {@link AssetAddresses} stands in for, is not to run as well. */
    @Bean
    FilterRegistrationBean<ResourceUrlEncodingFilter> noResourceUrlEncodingFilter() {
        var filter = new FilterRegistrationBean<>(new ResourceUrlEncodingFilter());
        filter.setEnabled(false);
        return filter;
    }
}
