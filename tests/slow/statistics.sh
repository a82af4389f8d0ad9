#!/usr/bin/env bash
# Minutes of what `make test-statistics` simulates for hours: the same simulations with fewer repetitions.
set -e
export BUSBAR_SIMULATIONS=3000 BUSBAR_SITUATIONS=200 BUSBAR_PROGRAM_COMPARISONS=40 BUSBAR_REPETITIONS=60 BUSBAR_SCANS=40
tests/statistics/simulation.sh
tests/statistics/scan_simulation.sh
