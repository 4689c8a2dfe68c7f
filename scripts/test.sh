#!/usr/bin/env bash
# Every check and test, in the order in which they are cheapest to fail. CI calls this through `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n\033[1m== %s\033[0m (%ss)\n' "$1" "$SECONDS"; }

step "what is missing on this machine"
scripts/setup.sh test

step "format, layers, sizes, migrations"
cargo fmt --all --check
scripts/layers.sh
scripts/sizes.sh
scripts/migrations.sh

step "TypeScript clients"
scripts/clients.sh

step "a private Postgres and Redis"
services=$(scripts/services.sh start)
eval "$services"
trap 'scripts/services.sh stop "$KITH_SERVICES"' EXIT

step "compile with lints; queries are checked against the live schema"
# The same compilation writes the query data anew, which is then compared with what is checked in.
rm -rf target/sqlx-fresh && mkdir -p target/sqlx-fresh
SQLX_OFFLINE_DIR=$PWD/target/sqlx-fresh cargo clippy --workspace --all-targets --locked -- -D warnings
scripts/sqlx.sh --check target/sqlx-fresh

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --locked --quiet

step "tests"
cargo build --workspace --tests --bins --locked
cargo nextest run --workspace --locked --no-fail-fast

step "faults: the part for CI; make faults is all of it"
scripts/faults.sh ci

step "TypeScript clients against the server"
scripts/clients.sh live

step "browser journeys"
# Against target/debug/kith from the step above, which reads the web client from clients/web/dist.
scripts/web.sh
. scripts/node.sh
(cd clients/web && npm run --silent journeys)

step "all good"
