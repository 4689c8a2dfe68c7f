#!/usr/bin/env bash
# Tries docker-compose.yml from beginning to end: builds, starts, lets two people talk over REST and a socket, starts anew, looks
# whether everything is still there, ends, and removes what it made (a Compose project of its own, so nobody's data is touched).
#   deploy/docker/try.sh              on a free port, or KITH_PORT=…
#   deploy/docker/try.sh --no-build   with the image kith:dev that is there
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
    compose down --volumes --timeout 30 >/dev/null 2>&1
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
    exec 3<>"/dev/tcp/127.0.0.1/$KITH_PORT"
    printf 'GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n' "$KITH_PORT" >&3
    frame "{\"t\":\"hello\",\"token\":\"$1\"}" >&3
    cat <&3 >"$2" &
}
heard() { # file, text
    for _ in $(seq 100); do
        grep -qaF "$2" "$1" && return
        sleep 0.1
    done
    fail "the socket never said $2; it said: $(tr -c '[:print:]' ' ' <"$1" | tail -c 600)"
}

healthy() {
    local container
    container=$(compose ps -q kith)
    for _ in $(seq 120); do
        case $(docker inspect -f '{{.State.Status}}/{{.State.Health.Status}}' "$container") in
            running/healthy) return ;;
            exited/*) fail "the container ended" ;;
        esac
        sleep 0.5
    done
    fail "the container did not get healthy"
}

if [ "${1:-}" != --no-build ]; then
    step "building kith:dev (the first time takes some minutes)"
    make -s image >/dev/null
fi
step "starting Postgres, Redis and Kith"
compose up -d --no-build
healthy
container=$(compose ps -q kith)
[ "$(docker exec "$container" id -u)" = 10001 ] || fail "it runs as root"
docker exec "$container" touch /written 2>/dev/null && fail "its root can be written to"

step "two people sign up and become friends"
register() { call "$api/auth/register" -d "{\"username\":\"$1\",\"password\":\"correct horse\"}"; }
ann=$(register ann | field access_token)
ben=$(register ben | field access_token)
ben_id=$(as "$ben" "$api/users/me" | field id)
request=$(as "$ann" "$api/friends/requests" -d "{\"user_id\":\"$ben_id\"}" | first_id)
as "$ben" -X PUT "$api/friends/requests/$request" -d '{"action":"accept"}' >/dev/null

step "one writes, the other hears it on an open socket"
room=$(as "$ann" "$api/chat/rooms/" -d "{\"kind\":\"direct\",\"user_id\":\"$ben_id\"}" | first_id)
said=$(mktemp)
listen "$ben" "$said"
heard "$said" '"t":"ready"'
as "$ann" "$api/chat/messages/$room" -d '{"client_id":"1","text":"Hello Ben"}' >/dev/null
heard "$said" 'Hello Ben'

step "Kith leaves when it is told to, and says so"
compose stop --timeout 30 kith >/dev/null 2>&1
heard "$said" '"t":"drain"'
exec 3>&-
[ "$(docker inspect -f '{{.State.ExitCode}}' "$container")" = 0 ] || fail "it was killed"
compose stop >/dev/null 2>&1

step "everything starts anew, and is still there"
compose start >/dev/null 2>&1
healthy
again=$(call "$api/auth/login" -d '{"username":"ben","password":"correct horse"}' | field access_token)
as "$again" "$api/chat/messages/$room" | grep -qF 'Hello Ben' || fail "the message is gone"
as "$ann" "$api/chat/messages/$room" -d '{"client_id":"2","text":"Still here"}' >/dev/null

rm -f "$said"
echo "It works. The image: $(docker image inspect -f '{{.Size}}' kith:dev | awk '{ printf "%d MB", $1 / 1000000 }')"
