#!/usr/bin/env bash
# A sweep becomes a baseline; scripts/check-regression measures the same again and compares.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
if [ ! -x "$build/all_reduce" ] || ! command -v mpirun >/dev/null; then
    skip "check-regression" "no MPI driver"
    exit 0
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 BUILD=$build RESULTS=$work/results
name=e2e-$$
trap 'ended=$?; rm -rf "$work" "results/baselines/$name"; [ $failures -eq 0 ] || exit 1; exit $ended' EXIT
check "a sweep" timeout 120 scripts/sweep --build "$build" --results "$work/results" --run good --drivers all_reduce --sizes 8,1K \
    --launches 2 --max-seconds 0.02 --mode isolated --ranks-per-node 2
check "becomes a baseline" "$build/busbar" baseline save "$name" "$work/results/good"
check "with its plan" test -s "results/baselines/$name/plan.tsv"
echo '* delta=99% median_us<=1e9' >"$work/lenient.gate"
echo '* busbw_gbps>=1e9' >"$work/hard.gate"
expect_status "measured again; limits that hold" 0 env BASELINE="$name" RUN=again GATE="$work/lenient.gate" JUNIT="$work/verdicts.xml" \
    timeout 120 scripts/check-regression
check "every case of the plan was compared" test "$(grep -c '<testcase classname="busbar.compare"' "$work/verdicts.xml")" -eq 2
expect_status "a run that is finished is not measured again" 2 env BASELINE="$name" RUN=again scripts/check-regression
says "and is named" "$work/results/again is a finished run"
expect_status "a limit that fails is status 1" 1 env BASELINE="$name" NEW="$work/results/again" BASE="$work/results/good" \
    GATE="$work/hard.gate" scripts/check-regression
expect_status "a run that lacks a case is status 1" 1 env BASELINE="$name" RUN=less SWEEP_ARGS="--drivers all_reduce --sizes 8 --launches 2 \
    --max-seconds 0.02 --mode isolated --ranks-per-node 2" timeout 120 scripts/check-regression
expect_status "an unknown baseline is status 2" 2 env BASELINE=nosuch scripts/check-regression
expect_status "no baseline is status 2" 2 scripts/check-regression
