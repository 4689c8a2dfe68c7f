#!/usr/bin/env bash
# Checks the TypeScript clients. Arguments: none (types, lint, unused code, unit tests), `live` (against the `kith` in target/debug).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/node.sh

if [ "$have_node" = 0 ]; then
    echo "The clients' tests need Node $node_wanted or newer: install it (https://nodejs.org) and try again." >&2
    exit 1
fi

kith=$PWD/target/debug/kith
cd clients
# Not `npm ci`: it refuses a lock that does not name the binaries of platforms which this one never installs.
npm install --no-save --loglevel=error --no-audit --no-fund
case "${1:-check}" in
    check) npm run --silent check ;;
    live) KITH_BIN=$kith npm run --silent live --workspace @kith/client ;;
    *) echo "unknown argument: $1" >&2 && exit 2 ;;
esac
