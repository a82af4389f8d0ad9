#!/usr/bin/env bash
# All faults on a cluster of namespaces, make bench there, then a real Slurm.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
tests/cluster/faults.sh || not_ok "faults"
tests/cluster/bench.sh || not_ok "make bench"
tests/cluster/slurm.sh || not_ok "Slurm"
