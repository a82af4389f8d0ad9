#!/usr/bin/env bash
# The warm-up on a machine whose first calls are slow, and get faster slowly.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

flags=$(sed -n 's/^MPI_CFLAGS := //p' "$build/config.mk")
case $build in *sanitize*) skip 'a slow start' 'a preloaded library comes before the sanitizer'; exit 0 ;; esac
# shellcheck disable=SC2086 # a list of flags
check 'tests/fakes/slow_start.c is compiled' cc -shared -fPIC -O1 $flags -o "$work/slow.so" tests/fakes/slow_start.c
slow_start() { # US PERCENT CALLS ARGUMENTS…: one pass over one case; one rank, which waits for no other
    local us=$1 percent=$2 calls=$3
    shift 3
    rm -rf "$work/records"
    ranks 1 env LD_PRELOAD="$work/slow.so" SLOW_US="$us" SLOW_PERCENT="$percent" SLOW_CALLS="$calls" "$build/all_reduce" --backend mpi --sizes 4000 --passes 1 \
        --placement out_of_place --run r --launch l --output "$work/records" "$@"
}
case_has() { # EXPRESSION of the row r, its samples us, and the middle one of them
    python3 - "$work/records/r/l.jsonl" "$1" <<'END2'
import json, statistics, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
r = next(row for row in rows if row["record"] == "case")
us = r["samples_us"]["values"] if isinstance(r["samples_us"], dict) else r["samples_us"]
middle = statistics.median
if not eval(sys.argv[2]):
    sys.exit(f"does not hold: {sys.argv[2]}: warm-up {r['warmup']}, samples {us[:5]}… of {len(us)}, median {middle(us)}")
END2
}
# The warm-up may last 0.1 s: more than 4000 calls. After the tenth part of the decline a call still takes 27 % longer.
check '30 % over 300 calls of 20 us' slow_start 20 30 300 --max-seconds 2.5
check 'are warm-up' case_has 'r["warmup"] >= 300 and 20 <= middle(us) < 1.15 * 20'
# n calls take 100 (2 n - n^2 / 2000) us, so 0.1 s is 586 calls at most, and the next one still takes 41 % longer. The first samples are dropped
# until they no longer decline.
check '100 % over 1000 calls of 100 us' slow_start 100 100 1000 --max-seconds 1
check 'are warm-up, as are the first samples' case_has 'r["warmup"] > 700 and middle(us[:5]) < 1.25 * 100 and 99 <= middle(us) < 1.05 * 100'
check 'a warm-up that was asked for' slow_start 100 100 1000 --max-seconds 1 -w 3
check 'is exact, and no sample is dropped' case_has 'r["warmup"] == 3 and middle(us[:5]) > 1.9 * 100'
check 'so is a number of samples' slow_start 100 100 1000 -n 40
check 'and no sample is dropped' case_has 'len(us) == 40 and r["warmup"] <= 8 and middle(us[:5]) > 1.9 * 100'
