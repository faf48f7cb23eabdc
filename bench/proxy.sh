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
"$root/codehaven" --version >/dev/null # builds what is not built
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
exec "$java" \
  --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
  -Djdk.virtualThreadScheduler.parallelism=16 -Xmx1g \
  -cp "$root/cli/target/app/cli.jar:$root/cli/target/app/lib/*" \
  "$root/bench/Proxy.java" "$@"
