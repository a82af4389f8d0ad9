#!/usr/bin/env bash
# What a reader trips over: shell scripts by shellcheck, C and CUDA by clang-format (the rules are in .clang-format).
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
# Versions of clang-format give different results for the same file: only version 14 (Debian 12) counts.
if ! git rev-parse --git-dir >/dev/null 2>&1; then
    skip 'clang-format changes nothing' 'not a git checkout'
elif ! formatter=$(scripts/works clang-format); then
    skip 'clang-format changes nothing' "${formatter#*: }"
else
    mapfile -t sources < <(git ls-files '*.c' '*.h' '*.cu')
    check 'there are sources' test "${#sources[@]}" -gt 100
    check 'clang-format changes nothing' "$formatter" --dry-run --Werror "${sources[@]}"
fi
