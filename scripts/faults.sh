#!/usr/bin/env bash
# The fault suite. `scripts/faults.sh ci` is the part that CI runs; without it all faults run with three seeds each. Further arguments go to `kith-faults run`.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = ci ]; then
    shift
    # On what the tests have built. Small worlds, and no judgement by the clock.
    exec target/debug/kith-faults run --ci --quick --at-once 2 "$@"
fi
cargo build --release --locked -p kith -p kith-faults
# libfaketime, for the fault that turns clocks: a node's clock only, never the machine's.
if ! [ -e /usr/lib/"$(uname -m)"-linux-gnu/faketime/libfaketime.so.1 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get install -y -q faketime >/dev/null || echo "without faketime F18 cannot be made, and counts as broken"
fi
exec target/release/kith-faults run --seeds 3 --at-once 6 "$@"
