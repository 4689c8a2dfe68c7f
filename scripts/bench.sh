#!/usr/bin/env bash
# Measures this machine beside its own limits. Everything stays on loopback and ends by itself. Arguments: `append`, `people` with its options, or the
# options of `kith-bench run` (`--help` lists them).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh test
if [ "${1:-}" = append ]; then
    services=$(scripts/services.sh start)
    eval "$services"
    trap 'scripts/services.sh stop "$KITH_SERVICES"' EXIT
    SQLX_OFFLINE=true cargo run --release --locked --package kith-chat --example measure_append
    exit
fi
SQLX_OFFLINE=true cargo build --release --locked --package kith --package kith-bench
case "${1:-}" in
people | storm | feed) exec target/release/kith-bench "$@" --kith target/release/kith ;;
esac
exec target/release/kith-bench run --kith target/release/kith "$@"
