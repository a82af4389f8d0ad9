#!/usr/bin/env bash
# Scans of simulated clusters of 16, 64 and 288 hosts: prints the tables of bench/analysis/scan/README.md and checks the targets.
# BUSBAR_SCANS=400 scans for each figure (100 with 288 hosts) take about a quarter of an hour on two cores.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
check "the targets hold in the situations of the table" env BUSBAR_SCANS="${BUSBAR_SCANS:-400}" timeout 7200 "$build/unit" --filter 'scan_simulation/*' \
    --jobs 2
grep '^|' "$work/out"
