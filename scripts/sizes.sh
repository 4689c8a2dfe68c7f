#!/usr/bin/env bash
# Lines of production code per file (an inline `mod tests` at the end does not count). Fails above 500; `--table` prints the distribution.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files --cached --others --exclude-standard '*.rs' | grep -vE '(^|/)(tests|benches|examples)/|/tests\.rs$|^e2e/|^bench/' | while read -r file; do
    [ -e "$file" ] || continue
    awk -v file="$file" '/^#\[cfg\(test\)\]/ { exit } { lines++ } END { print lines + 0, file }' "$file"
done | sort -rn | awk -v table="${1:-}" '
    { size[NR] = $1; name[NR] = $2; if ($1 > 500) { printf "%s has %d lines: split it (500 at most)\n", $2, $1 > "/dev/stderr"; bad = 1 } }
    END {
        if (table) {
            printf "files %d, median %d, p90 %d, largest:\n", NR, size[int((NR + 1) / 2)], size[int(NR / 10) + 1]
            for (i = 1; i <= 10 && i <= NR; i++) printf "%6d %s\n", size[i], name[i]
        }
        exit bad
    }'
