#!/usr/bin/env bash
# Which crate may know which (docs/style.md has the reasons). Reads Cargo.toml files and `use` paths; compiles nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0
fail() { echo "layers: $1" >&2; failed=1; }

# Our crates that a crate depends on, without its tests' dependencies.
ours() { awk '/^\[/ { on = ($0 == "[dependencies]" || $0 == "[build-dependencies]") } on && /^kith-/ { sub(/[. =].*/, ""); print }' "$1/Cargo.toml"; }
allow() { # crate folder, allowed dependencies
    local folder=$1; shift
    for dependency in $(ours "$folder"); do
        [[ " $* " == *" $dependency "* ]] || fail "$folder must not depend on $dependency"
    done
}

allow crates/ids
allow crates/clock
allow crates/text
allow crates/api
allow crates/config
allow crates/delivery kith-ids
allow crates/error kith-api
allow crates/telemetry kith-config
allow crates/auth kith-clock kith-error kith-ids
allow crates/postgres kith-auth kith-config kith-error
allow crates/runtime kith-auth kith-config kith-error kith-telemetry
allow crates/bus kith-clock kith-config kith-runtime kith-telemetry
allow crates/client kith-api kith-auth kith-clock kith-config kith-error kith-runtime kith-telemetry
allow crates/testkit kith-api kith-auth kith-client kith-clock kith-config kith-postgres kith-runtime
foundations="kith-api kith-auth kith-client kith-clock kith-config kith-error kith-ids kith-postgres kith-runtime kith-telemetry kith-text"
allow services/accounts $foundations
allow services/friends $foundations
allow services/chat $foundations kith-bus kith-delivery
allow services/presence $foundations kith-bus
allow gateway kith-api kith-auth kith-client kith-clock kith-config kith-delivery kith-error kith-ids kith-runtime kith-telemetry kith-text
allow clients/rust

# A library that has one home: pattern of the `use`, and the paths that may have it.
only_in() { # what, regex of use, regex of allowed paths
    local found
    found=$(grep -rlE "$2" --include='*.rs' crates services gateway kith 2>/dev/null | grep -vE '/tests(/|\.rs$)|/benches/|/examples/' | grep -vE "$3" || true)
    [ -z "$found" ] || fail "$1 is used outside its place: $(echo "$found" | tr '\n' ' ')"
}
only_in redis '\bredis::' '^crates/bus/|^services/presence/src/store/leases'
only_in sqlx '\bsqlx::(query|query_as|query_scalar)\b' '^crates/(postgres|testkit)/|/store(/|\.rs)|^kith/src/'
only_in axum '\baxum::' '^gateway/|^kith/src/'
only_in "std::env" 'std::env::vars?(_os)?\(' '^crates/(config|testkit|api/build)'
for domain in services/*/src/domain services/*/src/domain.rs; do
    [ -e "$domain" ] || continue
    if grep -rnE '\b(sqlx|tonic|redis|tokio|kith_api)::' "$domain" --include='*.rs' >&2; then fail "$domain must stay pure"; fi
done
for name in common util utils helpers core shared types; do
    found=$(find crates services gateway kith clients bench e2e -path '*/target' -prune -o \( -name "$name.rs" -o -type d -name "$name" \) -print | grep -vE '/proto/|node_modules' || true)
    [ -z "$found" ] || fail "a module named $name says nothing: $found"
done
# Every crate shares the lints.
for manifest in crates/*/Cargo.toml services/*/Cargo.toml gateway/Cargo.toml kith/Cargo.toml e2e/Cargo.toml e2e/faults/Cargo.toml e2e/sim/Cargo.toml bench/Cargo.toml clients/rust/Cargo.toml; do
    grep -q '^workspace = true' "$manifest" || fail "$manifest does not take the workspace's lints"
done
exit $failed
