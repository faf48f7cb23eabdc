package codehaven.ui;

import org.springframework.stereotype.Component;
import org.thymeleaf.spring6.view.ThymeleafViewResolver;

/** After a form, browsers are sent on with 303, which they follow with a GET (RFC 9110, 15.4.4); 302 leaves that open. */
@Component
final class SeeOther {

    SeeOther(ThymeleafViewResolver views) {
        views.setRedirectHttp10Compatible(false);
    }
}
