#!/usr/bin/env bash
# Migrations are never edited after a release, and new ones sort last: compares with the main branch on the remote, when there is one.
set -euo pipefail
cd "$(dirname "$0")/.."

for folder in services/*/migrations; do
    for file in "$folder"/*.sql; do
        name=$(basename "$file")
        if ! [[ $name =~ ^[0-9]{14}_[a-z0-9_]+\.sql$ ]]; then
            echo "$file: the name must be a time stamp of 14 digits and words" >&2; exit 1
        fi
        if ! head -1 "$file" | grep -q '^-- '; then
            echo "$file: the first line must say why, as a comment" >&2; exit 1
        fi
    done
done

base=$(git rev-parse --verify --quiet origin/main || true)
released=$(git tag --list 'v*' | sort -V | tail -1)
if [ -z "$released" ] || [ -z "$base" ]; then exit 0; fi
changed=$(git diff --name-only --diff-filter=MD "$released" -- 'services/*/migrations/*.sql')
if [ -n "$changed" ]; then echo "released migrations were edited: $changed" >&2; exit 1; fi
