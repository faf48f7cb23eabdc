package codehaven.activities.running;

import org.jspecify.annotations.Nullable;

/**
 * How apps run on a Docker engine, unless their project says otherwise.
 *
 * @param networks where the apps' own networks get their addresses from, such as {@code 10.208.0.0/12}: a range that
 *     nothing else uses, at least a /24
 * @param memoryMb MiB of an app's container
 * @param cpus processors of an app's container
 * @param registry what images are pulled with; absent for registries that ask nobody
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

    /**
     * @param address host and port, as images' names begin
     */
    public record Registry(String address, String user, String password) {
        @Override
        public String toString() {
            return user + "@" + address;
        }
    }
}
