#!/usr/bin/env bash
# Tries docker-compose.yml from beginning to end: builds, starts the cluster, lets two people talk through the balancer over REST
# and sockets, stops one gateway after the other, kills a chat node, starts anew, looks whether everything is still there, ends,
# and removes what it made (a Compose project of its own, so nobody's data is touched).
#   deploy/docker/try.sh              on a free port, or KITH_PORT=…
#   deploy/docker/try.sh --no-build   with the image kith:dev that is there
# Where Docker reaches no registry of images, deploy/docker/base-images.sh makes what they are built on.
set -euo pipefail
cd "$(dirname "$0")/../.."

free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}
export COMPOSE_PROJECT_NAME=kith-try KITH_PORT=${KITH_PORT:-$(free_port)}
if docker compose version >/dev/null 2>&1; then compose() { docker compose "$@"; }; else compose() { docker-compose "$@"; }; fi
api=http://127.0.0.1:$KITH_PORT/api/v1
json='Content-Type: application/json'

finish() {
    status=$?
    [ $status = 0 ] || compose logs --tail 30 || true
    kill $(jobs -p) 2>/dev/null || true
    compose down --volumes --timeout 30 >/dev/null 2>&1 || true
    exit $status
}
trap finish EXIT

step() { echo "· $1"; }
fail() { echo "try.sh: $1" >&2; exit 1; }
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" | head -1; }
first_id() { sed -n 's/^{"id":"\([^"]*\)".*/\1/p'; }
call() { curl -sS --fail-with-body --max-time 10 -H "$json" "$@"; }
as() { local token=$1; shift; call -H "Authorization: Bearer $token" "$@"; }

# One person's socket without any client: a masked frame with an empty mask, then everything that the server says.
frame() {
    local length=${#1}
    printf '\x81\xfe%b%b\0\0\0\0%s' "$(printf '\\x%02x' $((length / 256)))" "$(printf '\\x%02x' $((length % 256)))" "$1"
}
listen() { # token, file that gets what is heard
    exec {socket}<>"/dev/tcp/127.0.0.1/$KITH_PORT"
    printf 'GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n' "$KITH_PORT" >&"$socket"
    # The frame goes to what stands behind the descriptor; it stays open until the script ends.
    frame "{\"t\":\"hello\",\"token\":\"$1\"}" >&"$socket"
    cat <&"$socket" >"$2" &
    heard "$2" '"t":"ready"'
}
heard() { # file, text
    for _ in $(seq 100); do
        grep -qaF "$2" "$1" && return
        sleep 0.1
    done
    fail "the socket never said $2; it said: $(tr -c '[:print:]' ' ' <"$1" | tail -c 600)"
}

# Waits until every node is healthy and the balancer knows of a gateway.
healthy() {
    local container
    for container in $(compose ps -q accounts friends chat presence gateway-1 gateway-2); do
        for _ in $(seq 240); do
            case $(docker inspect -f '{{.State.Status}}/{{.State.Health.Status}}' "$container") in
                running/healthy) continue 2 ;;
            esac
            sleep 0.5
        done
        fail "$(docker inspect -f '{{.Name}}' "$container") did not get healthy"
    done
    reachable
}
reachable() {
    for _ in $(seq 100); do
        curl -sf --max-time 2 -o /dev/null "http://127.0.0.1:$KITH_PORT/readyz" && return
        sleep 0.2
    done
    fail "the balancer finds no gateway"
}
# A client repeats what it could not place, with the same client_id.
say() { # token, client_id, text
    for _ in $(seq 50); do
        as "$1" "$api/chat/messages/$room" -d "{\"client_id\":\"$2\",\"text\":\"$3\"}" >/dev/null 2>&1 && return
        sleep 0.2
    done
    fail "\"$3\" could not be said"
}

if [ "${1:-}" != --no-build ]; then
    step "building kith:dev (the first time takes some minutes)"
    make -s image >/dev/null
fi
step "starting Postgres, Redis, each role with two chat nodes, and the balancer"
compose up -d --no-build --scale chat=2
healthy
container=$(compose ps -q gateway-1)
[ "$(docker exec "$container" id -u)" = 10001 ] || fail "it runs as root"
docker exec "$container" touch /written 2>/dev/null && fail "its root can be written to"

step "two people sign up and become friends"
register() { call "$api/auth/register" -d "{\"username\":\"$1\",\"password\":\"correct horse\"}"; }
ann=$(register ann | field access_token)
ben=$(register ben | field access_token)
ben_id=$(as "$ben" "$api/users/me" | field id)
request=$(as "$ann" "$api/friends/requests" -d "{\"user_id\":\"$ben_id\"}" | first_id)
as "$ben" -X PUT "$api/friends/requests/$request" -d '{"action":"accept"}' >/dev/null

step "one writes, the other hears it on two open sockets, which the balancer gave to different gateways"
room=$(as "$ann" "$api/chat/rooms/" -d "{\"kind\":\"direct\",\"user_id\":\"$ben_id\"}" | first_id)
phone=$(mktemp) tablet=$(mktemp)
listen "$ben" "$phone"
listen "$ben" "$tablet"
say "$ann" 1 'Hello Ben'
heard "$phone" 'Hello Ben'
heard "$tablet" 'Hello Ben'

step "a gateway stops: its socket is told, the other goes on"
compose stop --timeout 30 gateway-1 >/dev/null 2>&1
[ "$(docker inspect -f '{{.State.ExitCode}}' "$container")" = 0 ] || fail "it was killed"
if grep -qaF '"t":"drain"' "$phone"; then stays=$tablet; else heard "$tablet" '"t":"drain"'; stays=$phone; fi
say "$ann" 2 'One gateway is enough'
heard "$stays" 'One gateway is enough'
compose start gateway-1 >/dev/null 2>&1

step "a chat node is killed: the other takes over"
docker kill "$(compose ps -q chat | head -1)" >/dev/null
say "$ann" 3 'One chat node is enough'
heard "$stays" 'One chat node is enough'

step "everything stops and starts anew, and is still there"
compose stop --timeout 30 >/dev/null 2>&1
compose up -d --no-build --scale chat=2 >/dev/null 2>&1
healthy
again=$(call "$api/auth/login" -d '{"username":"ben","password":"correct horse"}' | field access_token)
for text in 'Hello Ben' 'One gateway is enough' 'One chat node is enough'; do
    [ "$(as "$again" "$api/chat/messages/$room" | grep -oF "$text" | wc -l)" = 1 ] || fail "\"$text\" is not there once"
done

rm -f "$phone" "$tablet"
echo "It works. The image: $(docker image inspect -f '{{.Size}}' kith:dev | awk '{ printf "%d MB", $1 / 1000000 }')"
