#!/usr/bin/env bash
# the error with which scripts/simulate predicts published figures that its factors were not fitted to
# Fits one factor for each level of the network (NVLink, NICs) to all published figures of a GPU model except one, predicts that one, and
# prints the error; does so for each figure. Takes about five minutes. Needs SimGrid (scripts/setup --for simulate). GPU chooses the model,
# BYTES the size.
. "$(dirname "$0")/../lib.sh"
needs_built busbar simulate/all_reduce
python3 tests/benchmark/prediction.py "$build" "${GPU:-GB200}" "${BYTES:-16G}"
