#!/usr/bin/env bash
# The short form of the scans on six hosts.
SCENES=half exec tests/cluster/scan.sh
