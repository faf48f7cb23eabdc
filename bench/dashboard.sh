#!/usr/bin/env bash
# Measures the dashboard; see README.md beside this file.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/codehaven" --version >/dev/null # builds what is not built
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
exec "$java" \
  --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
  -Djdk.virtualThreadScheduler.parallelism=16 -Xmx1g \
  -cp "$root/cli/target/app/cli.jar:$root/cli/target/app/lib/*" \
  "$root/bench/Dashboard.java" "$@"
