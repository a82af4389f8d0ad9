#!/usr/bin/env bash
# predictions of scripts/simulate against published figures: each figure is left out in turn, and predicted from the others
# One factor for each level of the network (NVLink, NICs) is fitted to the other figures of the GPU model. Takes about five minutes.
# Needs SimGrid (scripts/setup --for simulate). GPU chooses the model, BYTES the size.
. "$(dirname "$0")/../lib.sh"
needs_built busbar simulate/all_reduce
python3 tests/benchmark/prediction.py "$build" "${GPU:-GB200}" "${BYTES:-16G}"
