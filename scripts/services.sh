#!/usr/bin/env bash
# A throw-away Postgres and Redis on loopback, for tests and for checking queries. Nothing in them is worth keeping: fsync is off.
#   services.sh start          starts both in the background and prints `export …` lines
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

start() {
    local folder bin port redis_port
    folder=$(mktemp -d /tmp/kith-services-XXXXXX)
    bin=$(postgres_bin)
    port=$(free_port)
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    as_postgres "$bin/initdb" -D "$folder/postgres" -E UTF8 --locale=C.UTF-8 -A trust -U postgres >"$folder/initdb.log"
    as_postgres "$bin/pg_ctl" -D "$folder/postgres" -w -l "$folder/postgres.log" -o "-p $port -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories=$folder -c fsync=off -c full_page_writes=off -c max_connections=400" start >/dev/null
    redis_port=$(free_port)
    if command -v redis-server >/dev/null; then
        redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --dir "$folder" \
            --pidfile "$folder/redis.pid" --daemonize yes >/dev/null
    fi
    cat <<TEXT
export KITH_SERVICES=$folder
export DATABASE_URL=postgres://postgres@127.0.0.1:$port/kith
export REDIS_URL=redis://127.0.0.1:$redis_port
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
    if [ -f "$folder/redis.pid" ]; then kill "$(cat "$folder/redis.pid")" 2>/dev/null || true; fi
    as_postgres "$(postgres_bin)/pg_ctl" -D "$folder/postgres" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}

cd "$(dirname "$0")/.."
case "${1:-}" in
    start) start ;;
    stop) stop "$2" ;;
    *) echo "usage: services.sh start | stop FOLDER" >&2; exit 2 ;;
esac
