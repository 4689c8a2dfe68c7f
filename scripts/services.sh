#!/usr/bin/env bash
# A throw-away Postgres, Redis and Redis Cluster of three masters on loopback, for tests and for checking queries. Nothing in them is worth keeping: fsync is off.
#   services.sh start          starts them in the background and prints `export …` lines
#   services.sh stop FOLDER    ends them
set -euo pipefail

postgres_bin() {
    local found
    found=$(command -v initdb || true)
    if [ -n "$found" ]; then dirname "$(readlink -f "$found")"; return; fi
    compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -1
}

# Postgres refuses to run as root.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then su postgres -s /bin/bash -c "$(printf '%q ' "$@")"; else "$@"; fi
}

free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

# Starts a Redis in FOLDER/redis-PORT; the rest are settings.
redis() {
    local folder=$1 port=$2; shift 2
    mkdir -p "$folder/redis-$port"
    redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$folder/redis-$port" --pidfile "$folder/redis-$port/pid" --daemonize yes "$@" >/dev/null
}

# Prints where the nodes are. Their own talk is on ports of its own, by default 10,000 higher.
redis_cluster() {
    local folder=$1 port nodes=()
    for _ in 1 2 3; do
        port=$(free_port)
        redis "$folder" "$port" --cluster-enabled yes --cluster-port "$(free_port)" --cluster-node-timeout 2000
        nodes+=("127.0.0.1:$port")
    done
    redis-cli --cluster create "${nodes[@]}" --cluster-yes >"$folder/redis-cluster.log"
    # Each node finds out by itself that all slots are taken.
    for node in "${nodes[@]}"; do
        until redis-cli -p "${node#*:}" cluster info | grep -q cluster_state:ok; do sleep 0.1; done
    done
    printf 'redis://%s,' "${nodes[@]}"
}

start() {
    local folder bin port redis_port cluster
    folder=$(mktemp -d /tmp/kith-services-XXXXXX)
    bin=$(postgres_bin)
    port=$(free_port)
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    as_postgres "$bin/initdb" -D "$folder/postgres" -E UTF8 --locale=C.UTF-8 -A trust -U postgres >"$folder/initdb.log"
    as_postgres "$bin/pg_ctl" -D "$folder/postgres" -w -l "$folder/postgres.log" -o "-p $port -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories=$folder -c fsync=off -c full_page_writes=off -c max_connections=400" start >/dev/null
    redis_port=$(free_port)
    if command -v redis-server >/dev/null; then
        redis "$folder" "$redis_port"
        cluster=$(redis_cluster "$folder")
    fi
    cat <<TEXT
export KITH_SERVICES=$folder
export DATABASE_URL=postgres://postgres@127.0.0.1:$port/kith
export REDIS_URL=redis://127.0.0.1:$redis_port
export REDIS_CLUSTER_URL=${cluster%,}
TEXT
    "$bin/createdb" -h 127.0.0.1 -p "$port" -U postgres kith
    # Queries are checked against the schema that the migrations make.
    for service in accounts friends chat presence; do
        "$bin/psql" -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres kith -c "CREATE SCHEMA $service"
        for migration in services/"$service"/migrations/*.sql; do
            PGOPTIONS="-c search_path=$service" "$bin/psql" -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres kith -f "$migration"
        done
    done
}

stop() {
    local folder=$1
    for pid in "$folder"/redis-*/pid; do
        if [ -f "$pid" ]; then kill "$(cat "$pid")" 2>/dev/null || true; fi
    done
    as_postgres "$(postgres_bin)/pg_ctl" -D "$folder/postgres" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}

cd "$(dirname "$0")/.."
case "${1:-}" in
    start) start ;;
    stop) stop "$2" ;;
    *) echo "usage: services.sh start | stop FOLDER" >&2; exit 2 ;;
esac
