#!/usr/bin/env bash
# Measures the dashboard; see README.md beside this file.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
[ -n "${CODEHAVEN_HOME:-}" ] || exec "$root/codehaven" bench dashboard "$@"
exec "$JAVA_HOME/bin/java" \
  --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
  -Djdk.virtualThreadScheduler.parallelism=16 -XX:InitialRAMPercentage=5 -XX:MaxRAMPercentage=40 \
  -cp "$root/cli/target/app/cli-app.jar:$root/cli/target/app/lib/*" \
  "$root/bench/Dashboard.java" "$@"
