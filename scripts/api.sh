#!/usr/bin/env bash
# Writes clients/typescript/openapi.json from the gateway's handlers, and src/api/schema.ts from that.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --package kith-gateway --example openapi
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
cargo run --quiet --package kith-gateway --example openapi >"$fresh"
cat "$fresh" >clients/typescript/openapi.json

cd clients
[ -d node_modules ] || npm ci --no-audit --no-fund
npm run --silent generate
