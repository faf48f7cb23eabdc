#!/usr/bin/env bash
# `./codehaven check [MAVEN OPTIONS]`: installs what the tests need and this machine lacks, says so, and runs all tests.
# What is there is kept. Safe to run again. Called by the launcher, which sets JAVA_HOME.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/codehaven
log=$root/target/check
mkdir -p "$cache/bin" "$log"
started=$SECONDS
say() { printf '[%4d s] %s\n' $((SECONDS - started)) "$*"; }
die() { say "codehaven check: $*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

export PATH="$cache/bin:$PATH"

# What is written in Go (the Docker engine, which starts itself anew for much that it does, Temporal, MinIO, its compilation)
# may let its memory grow further before it looks through it: a third less to compute at each of the engine's starts.
export GOGC=400

# --- programs from the distribution -----------------------------------------------------------------------------------
missing=()
have mvn || missing+=(maven)
have redis-server || missing+=(redis-server)
have bwrap || missing+=(bubblewrap)
have chromium || have chromium-browser || have google-chrome || missing+=(chromium fonts-liberation fonts-dejavu-core fonts-noto-color-emoji)
have zstd || missing+=(zstd)
have git || missing+=(git)
have node || missing+=(nodejs npm)
have curl || missing+=(curl)
have docker-registry || missing+=(docker-registry)
have htpasswd || missing+=(apache2-utils)
have ip || missing+=(iproute2)
python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
docker info >/dev/null 2>&1 || { have dockerd || missing+=(docker.io iptables); }
if [ ${#missing[@]} -gt 0 ]; then
  if have apt-get && [ "$(id -u)" = 0 ]; then
    say "Installing with apt-get: ${missing[*]}"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } \
      >"$log/apt.log" 2>&1 || { tail -n 20 "$log/apt.log" >&2; die "apt-get could not install them; see $log/apt.log"; }
  else
    die "the tests need ${missing[*]}; install them (Debian: sudo apt-get install ${missing[*]}) and run this again."
  fi
fi

# --- programs that no distribution has, once a machine, beside everything else -----------------------------------------
pids=()
if ! have temporal; then
  say "Getting the Temporal server"
  "$JAVA_HOME/bin/java" "$root/dev/src/main/java/codehaven/dev/GetTemporal.java" >"$log/temporal.log" 2>&1 &
  pids+=("temporal:$!")
fi
if ! have minio; then
  have go || die "the tests need the program minio: install Go, or put minio on PATH."
  say "Compiling minio with Go (some minutes)"
  (
    staging=$(mktemp -d "$cache/bin/.minio.XXXXXX")
    # Unoptimised: a quarter less to compute, and the tests ask little of it.
    GOBIN=$staging go install -gcflags 'all=-N -l -dwarf=false' -ldflags '-s -w' github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c && mv "$staging/minio" "$cache/bin/minio"
    code=$?
    rm -rf "$staging"
    exit $code
  ) >"$log/minio.log" 2>&1 &
  pids+=("minio:$!")
fi

# Meanwhile Maven gets its libraries and compiles the modules: a machine that lacks a program lacks these, too. The JVM goes
# without its second compiler, whose work pays in programs that run for longer: compiling all modules takes 40 % less.
export MAVEN_OPTS="-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m ${MAVEN_OPTS:-}"
if [ ${#pids[@]} -gt 0 ]; then
  say "Compiling the modules"
  (cd "$root" && mvn -B -ntp -T 2 verify -DskipTests "$@") >"$log/modules.log" 2>&1 &
  pids+=("modules:$!")
fi

# --- a Docker engine and the images that builds stand on -----------------------------------------------------------------
dockerd_pid=
finish() {
  if [ -n "$dockerd_pid" ]; then
    kill "$dockerd_pid" 2>/dev/null || true
    wait "$dockerd_pid" 2>/dev/null || true
  fi
}
trap finish EXIT
if ! docker info >/dev/null 2>&1; then
  [ "$(id -u)" = 0 ] || die "no Docker engine answers; start it and run this again."
  say "Starting a Docker engine (it ends with the tests)"
  # What a killed engine left behind would be taken for one that runs, if its number was given to another process since.
  for file in /var/run/docker.pid /var/run/docker/containerd/containerd.pid; do
    pid=$(cat "$file" 2>/dev/null || true)
    case "$(cat "/proc/${pid:-none}/comm" 2>/dev/null || true)" in dockerd|containerd) ;; *) rm -f "$file" ;; esac
  done
  dockerd >"$log/dockerd.log" 2>&1 &
  dockerd_pid=$!
  for _ in $(seq 60); do
    docker info >/dev/null 2>&1 && break
    kill -0 "$dockerd_pid" 2>/dev/null || break
    sleep 0.5
  done
  docker info >/dev/null 2>&1 || { tail -n 20 "$log/dockerd.log" >&2; die "the Docker engine did not start; see $log/dockerd.log"; }
fi
for each in 22=node:22-bookworm-slim python=python:3.11-slim-bookworm go=golang:1.26-bookworm go=debian:bookworm-slim; do
  image=${each#*=}
  if docker image inspect "$image" >/dev/null 2>&1; then continue; fi
  say "Getting the base image $image"
  if ! docker pull -q "$image" >"$log/pull.log" 2>&1; then
    say "It cannot be pulled; making a stand-in of the same name from this machine's packages"
    "$root/dev/base-images.sh" "${each%%=*}" >"$log/images.log" 2>&1 || { tail -n 20 "$log/images.log" >&2; die "the stand-in could not be made; see $log/images.log"; }
  fi
done

for each in "${pids[@]:-}"; do
  [ -n "$each" ] || continue
  wait "${each#*:}" || { tail -n 20 "$log/${each%%:*}.log" >&2; die "${each%%:*} failed; see $log/${each%%:*}.log"; }
  say "Done: ${each%%:*}"
done

# --- the tests ---------------------------------------------------------------------------------------------------------
say "Running all tests"
cd "$root"
code=0
# Three modules at a time: each has backends of its own, and some wait more than they compute.
mvn -B -ntp -T 3 verify "$@" || code=$?
if [ $code = 0 ]; then say "All tests passed."; else say "Some tests failed."; fi
exit $code
