#!/usr/bin/env bash
# What a reader trips over: shell scripts by shellcheck.
. "$(dirname "$0")/../lib.sh"
files() { git ls-files "$@" 2>/dev/null || find . -path ./build -prune -o -type f -print; }
if ! git rev-parse --git-dir >/dev/null 2>&1; then
    skip 'style' 'not a git checkout'
    exit
fi
if command -v shellcheck >/dev/null; then
    scripts=$(files | while read -r f; do if [ -f "$f" ] && head -n 1 "$f" | grep -qE '^#!.*(ba)?sh$'; then echo "$f"; fi; done)
    # shellcheck disable=SC2086 # file names without spaces
    check 'shellcheck is silent' shellcheck $scripts
else
    skip 'shellcheck is silent' 'shellcheck is missing'
fi
