#!/usr/bin/env bash
# Checks the #include lines of the sources against the table of folders in bench/README.md, and that there are no cycles.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

check_includes() { python3 tests/includes.py "$1"; }
check 'every include is one that bench/README.md allows, without a circle' check_includes .

# The check itself: each planted fault must be found.
plant() { # what file line
    rm -rf "$work/tree"
    mkdir -p "$work/tree"
    cp -r bench kernels "$work/tree"
    sed -i "1i #include \"$3\"" "$work/tree/$2"
    if check_includes "$work/tree" >"$work/out" 2>&1; then not_ok "$1 is found"; else ok "$1 is found"; fi
    if grep -q "$2" "$work/out"; then ok "and named"; else not_ok "and named"; cat "$work/out"; fi
}
plant 'an upward include' bench/base/text.c record/record.h
plant 'an include across the halves' bench/analysis/compare/figure.c measure/cases.h
plant 'a circle inside a room' bench/record/record.h record/fields.h
plant 'a circle between rooms' kernels/kernels.h backend/backend.h
sed 's/^| `base` .*/| `base` | | `stats` |/' bench/README.md >"$work/readme"
cp "$work/readme" "$work/tree/bench/README.md"
if check_includes "$work/tree" >"$work/out" 2>&1; then not_ok 'a table with an arrow upwards is refused'; else ok 'a table with an arrow upwards is refused'; fi
exit "$failures"
