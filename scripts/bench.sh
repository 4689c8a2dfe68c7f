#!/usr/bin/env bash
# Measures this machine: throughput, latency, memory, start. Everything stays on loopback and ends by itself.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh test
if [ "${1:-all}" = append ]; then
    services=$(scripts/services.sh start)
    eval "$services"
    trap 'scripts/services.sh stop "$KITH_SERVICES"' EXIT
    SQLX_OFFLINE=true cargo run --release --locked --package kith-chat --example measure_append
    exit
fi
SQLX_OFFLINE=true cargo build --release --locked --package kith --package kith-bench
if [ "${1:-all}" = people ]; then
    exec target/release/kith-bench people --kith target/release/kith "${@:2}"
fi
target/release/kith-bench all --kith target/release/kith --report target/bench.md
