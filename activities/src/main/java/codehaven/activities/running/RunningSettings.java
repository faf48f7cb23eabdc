package codehaven.activities.running;

import codehaven.activities.Settings.Registry;
import org.jspecify.annotations.Nullable;

/**
 * How apps run on a Docker engine, unless their project says otherwise.
 *
 * @param networks where the apps' own networks get their addresses from, such as {@code 10.208.0.0/12}: a range that
 *     nothing else uses, at least a /24
 * @param memoryMb MiB of an app's container
 * @param cpus processors of an app's container
 * @param registry where images come from that this engine lacks; absent where there is none
 */
public record RunningSettings(
        String networks,
        int memoryMb,
        double cpus,
        @Nullable Registry registry) {

    public static final RunningSettings DEFAULT = new RunningSettings("10.208.0.0/12", 512, 1, null);

    public RunningSettings {
        new AddressPool(networks);
    }
}
