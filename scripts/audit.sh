#!/usr/bin/env bash
# What must be compiled or fetched first and so is not part of `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."
need() { command -v "$1" >/dev/null || cargo install --locked "$1"; }
need cargo-deny
cargo deny check licenses bans sources
cargo deny check advisories || echo "advisories: the database could not be fetched or has findings, see above" >&2
need cargo-machete
cargo machete
if command -v buf >/dev/null; then
    (cd proto && buf lint && buf breaking --against '../.git#branch=main,subdir=proto')
else
    echo "buf is not installed: the protos were not linted" >&2
fi
