#!/usr/bin/env bash
# Style: shellcheck for shell scripts; for C and CUDA clang-format (its rules are in .clang-format) and the length of lines.
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
# clang-format neither breaks comments nor looks into regions where it is switched off, so the length of lines has a check of its own.
long_lines() { LC_ALL=C.UTF-8 grep -HnE '^.{111}' "$@"; }
if ! git rev-parse --git-dir >/dev/null 2>&1; then
    skip 'no line of C has more than 110 characters' 'not a git checkout'
else
    mapfile -t sources < <(git ls-files '*.c' '*.h' '*.cu')
    short_lines() { ! long_lines "${sources[@]}"; }
    check 'no line of C has more than 110 characters' short_lines
    printf '%109sµ\n' '' >"$work/short"
    printf '%110sµ\n' '' >"$work/long"
    expect_status 'a line of 110 is allowed' 1 long_lines "$work/short"
    check 'one of 111 is found' long_lines "$work/long"
fi
# Versions of clang-format give different results for the same file: only version 14 (Debian 12) counts.
if ! git rev-parse --git-dir >/dev/null 2>&1; then
    skip 'clang-format changes nothing' 'not a git checkout'
elif ! formatter=$(scripts/works clang-format); then
    skip 'clang-format changes nothing' "${formatter#*: }"
else
    check 'there are sources' test "${#sources[@]}" -gt 100
    check 'clang-format changes nothing' "$formatter" --dry-run --Werror "${sources[@]}"
fi
