#!/usr/bin/env bash
# What a reader trips over: shell scripts by shellcheck.
. "$(dirname "$0")/../lib.sh"
if ! git rev-parse --git-dir >/dev/null 2>&1; then
    skip 'shellcheck is silent' 'not a git checkout'
elif ! command -v shellcheck >/dev/null; then
    skip 'shellcheck is silent' 'shellcheck is missing'
else
    mapfile -t scripts < <(git grep -lE '^#!.*(ba)?sh$' -- '.ci' scripts tests)
    check 'there are scripts' test "${#scripts[@]}" -gt 5
    check 'shellcheck is silent' shellcheck --severity=warning "${scripts[@]}"
fi
