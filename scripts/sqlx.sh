#!/usr/bin/env bash
# The offline query data, by which the project builds without a database.
#   sqlx.sh                  writes services/*/.sqlx from the migrations
#   sqlx.sh --check FOLDER   compares them with query data that a fresh compilation wrote into FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = --check ]; then
    fresh=$2
    # A warm target folder compiles nothing and so writes nothing; there is nothing to compare then.
    if [ -z "$(ls "$fresh")" ]; then echo "nothing was compiled anew: the query data was not compared"; exit 0; fi
    stale=0
    for file in services/*/.sqlx/query-*.json; do
        if [ -e "$fresh/$(basename "$file")" ] && ! cmp -s "$file" "$fresh/$(basename "$file")"; then
            echo "changed: $file" >&2; stale=1
        fi
    done
    for file in "$fresh"/query-*.json; do
        if ! compgen -G "services/*/.sqlx/$(basename "$file")" >/dev/null; then
            echo "missing: $(basename "$file"): $(grep -m1 '"query"' "$file" | cut -c1-100)" >&2; stale=1
        fi
    done
    if [ $stale = 1 ]; then echo "The offline query data is stale: run \`make sqlx\` and commit services/*/.sqlx." >&2; exit 1; fi
    exit 0
fi

scripts/setup.sh test
services=$(scripts/services.sh start)
eval "$services"
trap 'scripts/services.sh stop "$KITH_SERVICES"' EXIT
for crate in services/accounts services/friends services/chat services/presence; do
    rm -rf "$crate/.sqlx" && mkdir -p "$crate/.sqlx"
    # Only this crate is compiled anew, with its tests, so only its queries are written.
    find "$crate/src" -name lib.rs -exec touch {} +
    SQLX_OFFLINE_DIR=$PWD/$crate/.sqlx cargo check --quiet --package "kith-$(basename "$crate")" --all-targets
    echo "$crate: $(ls "$crate/.sqlx" | wc -l) queries"
done
