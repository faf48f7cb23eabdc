#!/usr/bin/env bash
# Takes a picture of every page of the dashboard in every state, light and dark, 1280 and 390 wide: browser/target/screenshots.
# The same walk checks them with axe. Needs what `./codehaven check` installs.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/codehaven" check -Dquick -pl browser -am -Dtest=PagesTest -Dpictures=true -Dsurefire.failIfNoSpecifiedTests=false "$@"
echo "$root/browser/target/screenshots"
