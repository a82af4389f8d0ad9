#!/usr/bin/env bash
# The gate's statistics against closed forms, with enough simulations to see half a per cent.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
check "family-wise error and coverage against their closed forms" env BUSBAR_SIMULATIONS="${BUSBAR_SIMULATIONS:-20000}" \
    timeout 900 "$build/unit" --filter 'gate_simulation/*' --jobs 1
grep ' %' "$work/out"
