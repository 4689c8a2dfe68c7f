#!/usr/bin/env bash
# Builds the web client into clients/web/dist, from where the gateway embeds it. Does nothing when nothing has changed since.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/node.sh

if [ "$have_node" = 0 ]; then
    echo "No Node ($node_wanted or newer) and none to be fetched: building without the web client. The API is complete without it." >&2
    exit 0
fi

# Everything that the build reads; the stamp holds what it was at the last one.
sources() {
    find clients/package*.json clients/tsconfig.base.json clients/typescript clients/web -path '*/node_modules' -prune -o -path '*/dist' -prune -o -path '*/tests' -prune -o -type f -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
}
mkdir -p .tools
stamp=$PWD/.tools/web-client.stamp
now=$(sources)
if [ -f clients/web/dist/index.html ] && [ "$now" = "$(cat "$stamp" 2>/dev/null)" ]; then exit 0; fi

echo "Building the web client …" >&2
cd clients
# Not `npm ci`: it refuses a lock that does not name the binaries of platforms which this one never installs.
npm install --no-save --loglevel=error --no-audit --no-fund
npm run --silent build -w web
cd ..
echo "$now" >"$stamp"
