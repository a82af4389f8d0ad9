#!/usr/bin/env bash
# How well does scripts/simulate predict published figures that it has not seen? Fits one factor for each level of the network (NVLink, NICs)
# to all published figures of a GPU model but one, predicts that one, and prints the error; each figure in turn. Takes about five minutes.
# Needs SimGrid (scripts/setup --for simulate).  GPU chooses the model, BYTES the size.
. "$(dirname "$0")/../lib.sh"
needs_built busbar simulate/all_reduce
python3 tests/benchmark/prediction.py "$build" "${GPU:-GB200}" "${BYTES:-16G}"
