#!/usr/bin/env bash
# Measures `kith import friends`: makes files with so many users, friendships and open requests, starts a node on an empty
# folder, imports them, and imports them again; then befriends some people who are signed in with many others. Beside it one of them lists her
# friends again and again: what an import costs those who are there.
#   bench/import.sh [USERS [PAIRS]]        100000 users and 1000000 pairs unless said otherwise
set -euo pipefail
cd "$(dirname "$0")/.."

users=${1:-100000}
pairs=${2:-1000000}
# People who are signed in, and friends whom the last import gives to each.
living=20
each=1000
kith=${KITH_BIN:-target/release/kith}
folder=$(mktemp -d /var/tmp/kith-import-XXXXXX)
node=
asker=
trap '[ -z "$asker" ] || kill "$asker" 2>/dev/null || true; [ -z "$node" ] || { kill "$node"; wait "$node" || true; }; rm -rf "$folder"' EXIT

awk -v n="$users" 'BEGIN {
    print "id,username,display_name"
    for (i = 1; i <= n; i++) printf "%d,user%07d,\"Person %d\"\n", i, i, i
}' >"$folder/users.csv"
# A tenth as many requests as friendships; a few pairs come up twice, as they do in real tables.
awk -v n="$users" -v m="$pairs" 'BEGIN {
    srand(1)
    print "type,id,friend_id"
    for (i = 1; i <= m; i++) {
        a = 1 + int(rand() * n); b = 1 + int(rand() * n)
        if (a == b) b = 1 + b % n
        print (i % 11 == 0 ? "request" : "friends") "," a "," b
    }
}' >"$folder/links.csv"
# Nobody of these was a friend of theirs, or hardly: those with the last numbers.
awk -v n="$users" -v living="$living" -v each="$each" 'BEGIN {
    print "type,id,friend_id"
    for (i = 1; i <= living; i++) for (k = 0; k < each; k++) print "friends," i "," n - k
}' >"$folder/more.csv"

now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f", b - a }'; }
sql() { psql -X -q -A -t -h "$folder/data/postgres" -U kith -d kith -c "$1"; }
# Seconds of processor time so far: of kith, and of its Postgres.
cpu() {
    local group stat
    group=$(head -1 "$folder/data/postgres/postmaster.pid")
    awk '{ sub(/.*\) /, ""); printf "%.1f", ($12 + $13) / 100 }' "/proc/$node/stat"
    printf ' + '
    for stat in "/proc/$group/stat" $(pgrep -P "$group" | sed 's|.*|/proc/&/stat|'); do
        cat "$stat" 2>/dev/null || true
    done | awk '{ sub(/.*\) /, ""); s += $12 + $13 + $14 + $15 } END { printf "%.1f", s / 100 }'
}
# What somebody waits for her friends list meanwhile.
ask() {
    while curl -sf -o "$folder/friends.json" -w '%{time_total}\n' -H "Authorization: Bearer $1" "http://$address/api/v1/friends/?limit=50"; do
        sleep 0.05
    done >>"$folder/asked"
}
# From here on, what she waited since the last call.
waited() {
    sort -n "$folder/asked" | awk '{ t[NR] = $1 * 1000 } END { if (NR) printf "her list meanwhile: p50 %.1f, p99 %.1f, longest %.1f ms (%d calls)\n", t[int(NR / 2) + 1], t[int(NR * 0.99) + (NR < 100)], t[NR], NR }'
    : >"$folder/asked"
}
import() {
    local name=$1 start
    shift
    start=$(now)
    /usr/bin/env time -f "$name: %M KiB of memory" "$kith" import friends "$@" --data "$folder/data" --report "$folder/report.csv" 2>"$folder/$name.log"
    echo "$name: $(since "$start") s, $(($(wc -l <"$folder/report.csv") - 1)) flaws; processor time of kith + Postgres so far: $(cpu) s"
    grep -o '[0-9]* KiB of memory\|.*100 %.*' "$folder/$name.log" | sed "s/^/    /"
    start=$(now)
    until [ "$(sql "SELECT count(*) FROM friends.outbox")" = 0 ]; do sleep 0.2; done
    echo "    told to everybody $(since "$start") s later"
}

KITH__LIMITS__ENABLED=false "$kith" --data "$folder/data" --listen 127.0.0.1:0 >"$folder/node.log" 2>&1 &
node=$!
until grep -q 'kith is ready' "$folder/node.log"; do sleep 0.2; done
address=$(grep -o 'kith is ready: http://[^ /]*' "$folder/node.log" | sed 's|.*//||')
login() {
    curl -sf "http://$address/api/v1/auth/login" -H 'Content-Type: application/json' -d "{\"username\":\"$1\",\"password\":\"$2\"}" |
        grep -o '"access_token":"[^"]*' | cut -d'"' -f4
}
curl -sf -o "$folder/her.json" "http://$address/api/v1/auth/register" -H 'Content-Type: application/json' -d '{"username":"bystander","password":"a long password"}'
ask "$(login bystander "a long password")" &
asker=$!
sleep 5
printf 'before: '
waited
import first "$folder/users.csv" "$folder/links.csv"
printf '    '
waited
import again "$folder/users.csv" "$folder/links.csv"
printf '    '
waited
for number in $(seq "$living"); do
    name=$(printf 'user%07d' "$number")
    password=$("$kith" user password "$name" --data "$folder/data" | grep -o '[^ ]*$' | tail -1)
    login "$name" "$password" >/dev/null
done
: >"$folder/asked"
before=$(sql "SELECT count(*) FROM chat.user_events")
import living "$folder/more.csv"
echo "    $(($(sql "SELECT count(*) FROM chat.user_events") - before)) events in the logs of $living people"
printf '    '
waited
