/** What people see: the dashboard, made on the server with Thymeleaf and made live with htmx. */
@NullMarked
package codehaven.ui;

import org.jspecify.annotations.NullMarked;
