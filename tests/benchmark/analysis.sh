#!/usr/bin/env bash
# two million samples: reported in 5 s and 300 MB on one core, plots included; compared in 2 s
. "$(dirname "$0")/../lib.sh"
needs_built busbar
echo "writing 500 launches x 40 cases x 100 samples"
timeout 600 tests/benchmark/make-archive "$work/runs" --runs base,new --launches 250 --cases 40 --samples 100 --allocations 3 || exit 5
du -sh "$work/runs" | cut -f 1
# measure NAME SECONDS COMMAND…: runs the command on one core. The limit applies to wall-clock time, so run it on an idle machine; the CPU
# time is printed, too. The memory is that of the largest process (busbar or gnuplot).
measure() {
    python3 - "$@" <<'END'
import os, resource, subprocess, sys, time
name, limit, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
start = time.monotonic()
status = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
wall = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
megabytes = used.ru_maxrss / 1024
busy = used.ru_utime + used.ru_stime
good = status in (0, 1) and wall < limit and megabytes < 300
print(f"{name}: {wall:.2f} s ({busy:.2f} s of processor), {megabytes:.0f} MB; limits {limit:g} s, 300 MB: {'held' if good else 'NOT HELD'}")
sys.exit(0 if good else 1)
END
}
failed=0
measure "report" 5 "$build/busbar" report "$work/runs" --output "$work/report.html" || failed=1
measure "compare" 2 "$build/busbar" compare "$work/runs/base" "$work/runs/new" || failed=1
echo "page: $(stat -c %s "$work/report.html") bytes"
exit "$failed"
