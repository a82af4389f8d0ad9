#!/usr/bin/env bash
# Every scene with links of tests/slow/cluster_scan.sh, 20 times; two clusters at a time (SIDE_BY_SIDE), since they mostly wait for their links.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
running=0
scenes=${SCENES:-even half fifth tenth link two three rack}
for scene in $scenes; do
    REPEAT=${REPEAT:-20} SCENES=$scene tests/slow/cluster_scan.sh >"$work/$scene.out" 2>&1 &
    running=$((running + 1))
    if [ "$running" -ge "${SIDE_BY_SIDE:-2}" ]; then
        wait -n
        running=$((running - 1))
    fi
done
wait
for scene in $scenes; do
    cat "$work/$scene.out"
    # A scene that died has printed no verdict.
    grep -q '^not ok' "$work/$scene.out" && failures=$((failures + 1))
    grep -qE '^(ok|not ok|skip) - ' "$work/$scene.out" || not_ok "$scene: no verdict"
done
