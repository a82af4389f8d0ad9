#!/usr/bin/env bash
# The short form of `make test-cluster`: a sweep over 1, 2 and 4 hosts, in which one host loses a rank.
FAULTS=killed exec tests/slow/cluster_faults.sh
