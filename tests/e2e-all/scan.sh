#!/usr/bin/env bash
# Every scene of the scans on six hosts, 20 times.
REPEAT=20 exec tests/cluster/scan.sh
