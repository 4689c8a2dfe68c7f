#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that are missing. Arguments: `run` (Postgres), `test` (Redis and npm as well).
set -euo pipefail

wanted=()
have_postgres() { command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
have_postgres || wanted+=(postgresql)
command -v cc >/dev/null || wanted+=(build-essential)
command -v curl >/dev/null || wanted+=(curl)
if [ "${1:-run}" = test ]; then
    command -v redis-server >/dev/null || wanted+=(redis-server)
    # Too old to build the clients with on Debian 12, but new enough to fetch one that is not: see scripts/node.sh.
    command -v npm >/dev/null || wanted+=(nodejs npm)
    # The browser journeys: a browser, and letters (of Chinese, Japanese and Korean too) and emoji for its pictures.
    command -v chromium >/dev/null || [ -n "${CHROMIUM:-}" ] || wanted+=(chromium fonts-dejavu-core)
    [ -e /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf ] || wanted+=(fonts-noto-color-emoji)
    [ -e /usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf ] || wanted+=(fonts-droid-fallback)
fi

if [ ${#wanted[@]} -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
        echo "Missing: ${wanted[*]}. Install them with your system's package manager and try again." >&2
        exit 1
    fi
    as_root=()
    if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
    echo "Installing ${wanted[*]} …" >&2
    # Kith starts its own private Postgres and Redis; the packages must not start system-wide ones.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod +x "$policy"
        trap '"${as_root[@]}" rm -f "$policy"' EXIT
    fi
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
fi

if ! command -v cargo >/dev/null; then
    echo "Rust is missing: install it from https://rustup.rs (1.95 or newer) and try again." >&2
    exit 1
fi
if [ "${1:-run}" = test ] && ! cargo nextest --version >/dev/null 2>&1; then
    echo "Installing cargo-nextest, the test runner …" >&2
    cargo install --locked cargo-nextest
fi
