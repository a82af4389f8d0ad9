#!/usr/bin/env bash
# Simulates the gate's statistics: compares them with closed forms, with enough comparisons to resolve half a per cent, and measures the
# situations of bench/analysis/gate/README.md, which take half an hour on one core.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
check "family-wise error and coverage against their closed forms" env BUSBAR_SIMULATIONS="${BUSBAR_SIMULATIONS:-20000}" \
    timeout 1800 "$build/unit" --filter 'gate_simulation/*' --jobs 1
grep ' %' "$work/out"
check "level, power and promises in the situations of the table" env BUSBAR_SITUATIONS="${BUSBAR_SITUATIONS:-2000}" \
    timeout 7200 "$build/unit" --filter 'gate_situations/*' --jobs 2
grep '^|' "$work/out"
check "one slow launch is never the same, a case that some launches lack is missing" \
    python3 "$(dirname "$0")/../benchmark/gate_program.py" "$busbar" "${BUSBAR_PROGRAM_COMPARISONS:-500}"
grep '^|' "$work/out"
check "the history's false alarms and power on simulated nights" env BUSBAR_REPETITIONS="${BUSBAR_REPETITIONS:-500}" \
    timeout 3600 "$build/unit" --filter 'history_simulation/*' --jobs 1
grep '^|' "$work/out"
