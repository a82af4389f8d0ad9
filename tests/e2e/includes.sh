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
    sed -i "1$3" "$work/tree/$2"
    expect_status "$1 is found" 1 check_includes "$work/tree"
    says 'and named' "${4:-$2}"
}
plant 'an upward include' bench/base/text.c 'i #include "record/record.h"'
plant 'an include across the halves' bench/analysis/compare/figure.c 'i #include "measure/cases.h"'
plant 'a circle inside a room' bench/record/record.h 'i #include "record/fields.h"'
plant 'a circle between rooms' kernels/kernels.h 'i #include "backend/backend.h"'
plant 'an arrow upwards in the table' bench/README.md ',$s/^| `base` .*/| `base` | | `stats` |/' '`base` may not include `stats`, which is not above it'
