#!/usr/bin/env bash
# Compares the edge's proxy with nginx; see README.md beside this file.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
for each in nginx:nginx-light wrk:wrk node:nodejs; do
  command -v "${each%%:*}" >/dev/null 2>&1 || {
    echo "This needs ${each%%:*} (Debian: sudo apt-get install ${each#*:})." >&2
    exit 1
  }
done
[ -n "${CODEHAVEN_HOME:-}" ] || exec "$root/codehaven" bench proxy "$@"
exec "$JAVA_HOME/bin/java" \
  --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
  -Djdk.virtualThreadScheduler.parallelism=16 -XX:InitialRAMPercentage=5 -XX:MaxRAMPercentage=40 \
  -cp "$root/cli/target/app/cli-app.jar:$root/cli/target/app/lib/*" \
  "$root/bench/Proxy.java" "$@"
