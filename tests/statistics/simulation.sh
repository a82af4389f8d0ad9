#!/usr/bin/env bash
# Simulates the statistics of the gate and of the history: compares them with closed forms, with enough repetitions to resolve half a per
# cent, and makes the tables of bench/analysis/gate/README.md. Each part may take as long as its timeout says; tests/rules.mk allows the sum.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
check "family-wise error and coverage against their closed forms" env BUSBAR_SIMULATIONS="${BUSBAR_SIMULATIONS:-20000}" \
    timeout 1800 "$build/unit" --filter 'gate_simulation/*' --jobs 1
grep ' %' "$work/out"
check "level, power and promises in the situations of the table" env BUSBAR_SITUATIONS="${BUSBAR_SITUATIONS:-2000}" \
    timeout 7200 "$build/unit" --filter 'gate_situations/*' --jobs 2
grep '^|' "$work/out"
check "one slow launch is never the same, a case that some launches lack is missing" \
    timeout 1800 python3 tests/benchmark/gate_program.py "$build/busbar" "${BUSBAR_PROGRAM_COMPARISONS:-500}"
grep '^|' "$work/out"
check "the history's false alarms and power on simulated nights" env BUSBAR_REPETITIONS="${BUSBAR_REPETITIONS:-500}" \
    timeout 3600 "$build/unit" --filter 'history_simulation/*' --jobs 1
grep '^|' "$work/out"
