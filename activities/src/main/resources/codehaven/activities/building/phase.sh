# Runs one phase of a build: phase.sh ROOT PHASE
# ROOT/run/env, ROOT/run/PHASE.dir and ROOT/run/PHASE.sh say what; ROOT/run/PHASE.exit says how it went.
root=$1
phase=$2
umask 022
. "$root/run/env"
export HOME="$root/home" TMPDIR="$root/tmp"
cd -- "$root/src/$(cat "$root/run/$phase.dir")" || exit 1
sh "$root/run/$phase.sh" </dev/null
code=$?
if [ "$code" = 0 ]; then
    # How each directory looks that the output may be in, for whoever takes it out.
    while IFS= read -r each; do
        at=$root/src/$each
        look=ABSENT
        real=
        if [ -d "$at" ]; then
            real=$(cd -- "$at" && pwd -P)
            look=EMPTY
            if [ -f "$at/index.html" ]; then
                look=SITE
            elif [ -n "$(find "$at/" \( -name node_modules -o -name .git \) -prune -o \( -type f -o -type l \) -print 2>/dev/null | head -n 1)" ]; then
                look=FILES
            fi
        fi
        printf '%s %s\n' "$look" "$real"
    done <"$root/run/outputs" >"$root/run/looks"
    for each in */; do
        [ -d "$each" ] && printf '%s\n' "${each%/}"
    done 2>/dev/null | head -n 40 >"$root/run/directories"
fi
printf '%s\n' "$code" >"$root/run/$phase.exit"
exit "$code"
