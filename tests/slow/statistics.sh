#!/usr/bin/env bash
# Minutes of what `make test-statistics` simulates for hours: the gate and the history with fewer repetitions. Scans need all of theirs to tell
# 95 % from less; `make test` simulates some, and tests/statistics/scan_simulation.sh the table.
export BUSBAR_SIMULATIONS=3000 BUSBAR_SITUATIONS=200 BUSBAR_PROGRAM_COMPARISONS=40 BUSBAR_REPETITIONS=60
exec tests/statistics/simulation.sh
