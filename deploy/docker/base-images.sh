#!/usr/bin/env bash
# Makes the base images that deploy/docker/Dockerfile and docker-compose.yml name, for a machine that reaches a Debian mirror, crates.io and
# npm, but no registry of images. Everybody else needs none of this: Docker pulls them.
#   deploy/docker/base-images.sh          those that are not there yet
#   deploy/docker/base-images.sh --help
# As root, on Debian, with a Docker engine that runs. The packages are those of Debian, from where this machine's apt has them; Rust and Node
# are copies of this machine's own. So that `docker build` reaches what this machine reaches, the images of Rust and Node get the
# certificates it believes and what its cargo and npm are told, without anything secret (a proxy is Docker's matter: `proxies` in
# ~/.docker/config.json). They stand in for the originals as far as Kith needs them: keep them on this machine. `docker rmi` removes one,
# and Docker pulls the original or this script makes it again.
set -euo pipefail
cd "$(dirname "$0")/../.."

certificates=/etc/ssl/certs/ca-certificates.crt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "base-images.sh: $1" >&2; exit 1; }
needs() { command -v "$1" >/dev/null || fail "needs $1: $2"; }

named() {
    { sed -n 's/^FROM \([^ ]*\).*/\1/p' deploy/docker/Dockerfile && sed -n 's/^ *image: //p' docker-compose.yml; } | grep -v '^kith:' | sort -u
}

# Where this machine's apt has Debian 12, updates and security too.
sources() {
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | grep -E ' bookworm(-updates|-security)? main$'
}

# An image of Debian with packages: name, packages with commas, a folder whose content is laid over it, then changes as of `docker import`.
# What is to be done inside, if anything, is /prepare in that folder.
debian() {
    local name=$1 packages=$2 over=$3 change changes=()
    shift 3
    for change in "$@"; do changes+=(--change "$change"); done
    # The same settings of proxies and dates as here; they do not stay in the image.
    apt-config dump Acquire | grep -v '^Acquire::IndexTargets' >"$work/apt.conf"
    mmdebstrap --quiet --variant=minbase ${packages:+--include="$packages"} --aptopt="$work/apt.conf" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --customize-hook='rm "$1/etc/apt/apt.conf.d/99mmdebstrap"' \
        --customize-hook="sync-in '$over' /" \
        --customize-hook='[ ! -e "$1/prepare" ] || { chroot "$1" /prepare && rm "$1/prepare"; }' \
        bookworm - - <<<"$sources" | docker import "${changes[@]}" - "$name" >/dev/null
}

# A file in a folder, with what comes on standard input.
put() { mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "${2:-755}" "$1"; }

# What images get in which something is fetched.
fetching() {
    put "$1$certificates" 644 <"$certificates"
}

without_secrets() { grep -hviE '_auth|token|password|username' "$@" || true; }

make() {
    local name=$1 version=${1#*:} over
    version=${version%%-*}
    over=$work/over
    rm -rf "$over"
    mkdir "$over"
    case $name in
    debian:bookworm-slim)
        debian "$name" '' "$over" 'CMD ["bash"]'
        ;;
    rust:*)
        needs rustc "it is copied into $name"
        [[ "$(rustc --version)" == "rustc $version."* ]] || fail "$name needs Rust $version, here is $(rustc --version)"
        toolchain=$(rustc --print sysroot)
        [ "$toolchain" != /usr ] || fail "$name needs a toolchain of its own folder, as rustup makes it"
        mkdir -p "$over/usr/local/cargo"
        cp -r "$toolchain"/{bin,lib,libexec} "$over/usr/local/"
        without_secrets "${CARGO_HOME:-$HOME/.cargo}"/config.toml 2>/dev/null | put "$over/usr/local/cargo/config.toml" 644
        fetching "$over"
        debian "$name" gcc,libc6-dev,pkg-config "$over" 'ENV CARGO_HOME=/usr/local/cargo' 'CMD ["bash"]'
        ;;
    node:*)
        needs node "it is copied into $name"
        [[ "$(node --version)" == "v$version."* ]] || fail "$name needs Node $version, here is $(node --version)"
        mkdir -p "$over/usr/local/bin" "$over/usr/local/lib/node_modules"
        cp "$(readlink -f "$(command -v node)")" "$over/usr/local/bin/node"
        cp -r "$(npm root --global)/npm" "$over/usr/local/lib/node_modules/"
        ln -s ../lib/node_modules/npm/bin/npm-cli.js "$over/usr/local/bin/npm"
        ln -s ../lib/node_modules/npm/bin/npx-cli.js "$over/usr/local/bin/npx"
        without_secrets "$(npm config get globalconfig)" "$(npm config get userconfig)" 2>/dev/null | put "$over/root/.npmrc" 644
        fetching "$over"
        debian "$name" libstdc++6,libatomic1 "$over" "ENV NODE_EXTRA_CA_CERTS=$certificates" 'CMD ["node"]'
        ;;
    postgres:15-*)
        postgres_entrypoint | put "$over/usr/local/bin/entrypoint"
        # Debian's package makes a database of its own.
        put "$over/prepare" <<<'#!/bin/sh
rm -rf /etc/postgresql/15 /var/lib/postgresql/15'
        debian "$name" postgresql-15 "$over" 'ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
            'ENV PGDATA=/var/lib/postgresql/data' 'VOLUME /var/lib/postgresql/data' 'EXPOSE 5432' \
            'ENTRYPOINT ["entrypoint"]' 'CMD ["postgres"]'
        ;;
    redis:7-*)
        debian "$name" redis-server "$over" 'USER redis' 'WORKDIR /var/lib/redis' 'EXPOSE 6379' 'CMD ["redis-server"]'
        ;;
    haproxy:2.6-*)
        debian "$name" haproxy "$over" 'USER haproxy' 'CMD ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]'
        ;;
    *) fail "does not know how to make $name: add it here" ;;
    esac
}

# What the original does of the variables POSTGRES_USER, _PASSWORD, _DB and _INITDB_ARGS: a database at the first start, with a password for
# everybody who comes over the network.
postgres_entrypoint() {
    cat <<'ENTRYPOINT'
#!/bin/bash
set -euo pipefail
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" /run/postgresql
    chown -R postgres: "$PGDATA" /run/postgresql
    exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [ ! -e "$PGDATA/PG_VERSION" ]; then
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    initdb --username "$user" --pwfile <(echo "$POSTGRES_PASSWORD") --auth-local trust --auth-host scram-sha-256 ${POSTGRES_INITDB_ARGS:-}
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    # Nobody reaches it before it has its database, a health check neither.
    pg_ctl --wait --options "-c listen_addresses= -c unix_socket_directories=/tmp" start
    [ "$database" = postgres ] || createdb --host /tmp --username "$user" "$database"
    pg_ctl --wait stop
    echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
fi
exec "$@"
ENTRYPOINT
}

case ${1:-} in
'') ;;
-h | --help) sed -n '2,/^set /{/^set /d;s/^# \?//;p}' "$0"; exit ;;
*) fail "takes no arguments but --help" ;;
esac
needs docker "and its engine, apt-get install docker.io"
needs mmdebstrap "apt-get install mmdebstrap"
docker info >/dev/null 2>&1 || fail "no Docker engine runs here"
sources=$(sources) || fail "this machine's apt knows no Debian 12 (after apt-get update)"
for name in $(named); do
    if docker image inspect "$name" >/dev/null 2>&1; then
        echo "· $name is there"
    else
        echo "· making $name"
        make "$name"
    fi
done
