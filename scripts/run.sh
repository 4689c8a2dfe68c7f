#!/usr/bin/env bash
# From a clone to a running instance with demo data. Ctrl-C ends it; the data stays in .data.
set -euo pipefail
cd "$(dirname "$0")/.."
listen=${KITH__SERVER__LISTEN:-127.0.0.1:8080}

scripts/setup.sh run
scripts/web.sh
echo "Building (the first time takes some minutes) …"
SQLX_OFFLINE=true cargo build --release --locked --package kith

mkdir -p .data
target/release/kith --data .data --listen "$listen" >.data/ready 2>.data/kith.log &
kith=$!
visits=
trap 'kill -TERM $visits $kith 2>/dev/null; wait $visits $kith 2>/dev/null; echo "Stopped. The data stays in .data; \`make run\` goes on with it."' EXIT
trap 'exit 0' INT TERM
# As long as it takes: a slow machine may need a minute for its first database.
until grep -q '^kith is ready' .data/ready; do
    kill -0 $kith 2>/dev/null || { echo "Kith did not start; the end of .data/kith.log:" >&2; tail -20 .data/kith.log >&2; exit 1; }
    sleep 0.1
done
cat .data/ready
target/release/kith demo --data .data
# Some of the demo's people are here, and come and go.
target/release/kith demo --data .data --stay >>.data/kith.log 2>&1 &
visits=$!
url=$(sed -n 's/^kith is ready: //p' .data/ready)
cat <<TEXT

Open       $url/                    (the web client)
           $url/api/openapi.json    (every call)
Or paste this into another terminal, to see a demo person's friends, and to write in the room where something was said last:

  api=$url/api/v1
  login() { curl -s \$api/auth/login -H 'Content-Type: application/json' -d "{\"username\":\"\$1\",\"password\":\"demo-password\"}"; }
  field() { sed -n "s/.*\"\$1\":\"\([^\"]*\)\".*/\1/p" | head -1; }
  token=\$(login ada | field access_token)
  curl -s \$api/friends/ -H "Authorization: Bearer \$token"
  room=\$(curl -s "\$api/chat/rooms/?limit=1" -H "Authorization: Bearer \$token" | sed 's/{"items":\[{"id":"\([^"]*\)".*/\1/')
  curl -s \$api/chat/messages/\$room -H "Authorization: Bearer \$token" -H 'Content-Type: application/json' -d "{\"client_id\":\"\$RANDOM\",\"text\":\"Hello from a terminal\"}"

Ctrl-C ends it.
TEXT
wait $kith
