#!/usr/bin/env bash
# Measures `kith import friends`: makes files with so many users, friendships and open requests, starts a node on an empty
# folder, imports them, and imports them again.
#   bench/import.sh [USERS [PAIRS]]        100000 users and 1000000 pairs unless said otherwise
set -euo pipefail
cd "$(dirname "$0")/.."

users=${1:-100000}
pairs=${2:-1000000}
kith=${KITH_BIN:-target/release/kith}
folder=$(mktemp -d /var/tmp/kith-import-XXXXXX)
node=
trap '[ -z "$node" ] || { kill "$node"; wait "$node" || true; }; rm -rf "$folder"' EXIT

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

KITH__LIMITS__ENABLED=false "$kith" --data "$folder/data" --listen 127.0.0.1:0 >"$folder/node.log" 2>&1 &
node=$!
until grep -q 'kith is ready' "$folder/node.log"; do sleep 0.2; done

for run in first second; do
    start=$(date +%s.%N)
    /usr/bin/env time -f "$run run: %M KiB of memory" \
        "$kith" import friends "$folder/users.csv" "$folder/links.csv" --data "$folder/data" --report "$folder/$run.csv"
    echo "$run run: $(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }') s, $(($(wc -l <"$folder/$run.csv") - 1)) flaws"
done
