#!/usr/bin/env bash
# The output of a driver for people: a table that fits into 80 columns and ends with the figures that people quote, and first figures while
# it measures.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

launch() { # ARGUMENTS…: runs a launch; its records are in $work/records
    rm -rf "$work/records"
    ranks 2 "$build/all_reduce" --backend mpi -n 5 -w 2 --passes 2 --run r --launch l --output "$work/records" "$@"
}
# table EXPRESSION: evaluates a Python expression over the table's lines and the record's rows c (out of place and in place)
table() {
    python3 - "$work/table" "$work/records/r/l.jsonl" "$1" <<'END'
import json, re, statistics, sys
lines = open(sys.argv[1]).read().splitlines()
rows = [json.loads(line) for line in open(sys.argv[2])]
samples, own = {}, {}
for r in rows:
    if r["record"] == "case":
        own.setdefault((r["bytes"], r["placement"]), []).append(r["rank_wait_us"]["median"])
        samples.setdefault((r["bytes"], r["placement"]), []).extend(r["samples_us"]["values"] if isinstance(r["samples_us"], dict) else r["samples_us"])
# busbw of all-reduce on two ranks: 2 (n - 1) / n = 1 times size over the median time
busbw = {key: key[0] / statistics.median(us) * 1e-3 for key, us in samples.items()}
peak, average = max(busbw.values()), statistics.mean(busbw.values())
said = re.search(r"^busbw: peak ([0-9.e+-]+) GB/s \((.*)\); average ([0-9.e+-]+)$", "\n".join(lines), re.M)
shares = [statistics.median(own[key]) / statistics.median(samples[key]) for key in own]
ranks = re.search(r"^the median rank takes ([0-9.]+) \(.*\) to ([0-9.]+) \(.*\) of the slowest rank's time$", "\n".join(lines), re.M)
# What timing takes: one reading of the clock over the shortest isolated median, in per cent; None: no line says it
cost_us = rows[0]["facts"]["timer_cost_ns"] / 1000
timing = re.search(r"^isolated times include reading the clock once, ([0-9.]+) us: ([0-9]+) % of the shortest$", "\n".join(lines), re.M)
timing_percent = 100 * cost_us / min(statistics.median(us) for us in samples.values())
near = lambda text, value: abs(float(text) / value - 1) < 0.02
if not eval(sys.argv[3]):
    sys.exit("does not hold: " + sys.argv[3] + "\n" + "\n".join(lines) + f"\n{busbw}")
END
}
check 'both placements of four sizes' launch --sizes 8,1K,64K,1M
cp "$work/out" "$work/table"
check 'stand side by side, one row a size' table 'sum(bool(re.match(r" *[0-9.]+ (B|KiB|MiB) ", l)) for l in lines) == 4'
check 'in 80 columns' table 'max(len(l) for l in lines if not l.startswith(("records", "do not trust"))) <= 80'
check 'the last line has the peak and the average bus bandwidth' table 'near(said[1], peak) and near(said[3], average) and len(busbw) == 8'
check 'and beside the slowest rank stands the median one' table 'abs(float(ranks[1]) - min(shares)) < 0.006 and abs(float(ranks[2]) - max(shares)) < 0.006'
# Two ranks that look like two hosts, with a network of 1 kbit/s between them: on any machine, the bound of 64 KiB is minutes.
slow_network() {
    rm -rf "$work/records"
    ranks 2 tests/fakes/gpu/place 1 1 "$build/all_reduce" --backend mpi -n 5 -w 2 --passes 1 --run r --launch l --output "$work/records" --sizes 64K "$@"
}
check 'a network that is slower than the figures' slow_network --network-gbit 0.000001
says 'is doubted' 'above what is possible: all_reduce 64 KiB float, '
says 'with every such case' ' of its bound, and 1 more: check the instance, the network'"'"'s rate and the transport'
check 'one that is faster' slow_network --network-gbit 1000000
lacks 'is not' 'above what is possible' "$work/out"
check 'one placement' launch --sizes 8,1K --placement in_place
cp "$work/out" "$work/table"
check 'has its own half' table 'near(said[3], average) and len(busbw) == 2 and "out of place" not in "\n".join(lines)'

# Of one rank in place nothing is moved: the operation takes about as long as reading the clock.
alone() {
    rm -rf "$work/records"
    ranks 1 "$build/all_reduce" --backend mpi -n 50 -w 2 --passes 1 --run r --launch l --output "$work/records" --placement in_place "$@"
}
clock_said='timing and near(timing[1], cost_us) and abs(int(timing[2]) - timing_percent) <= 0.5 + 0.02 * timing_percent'
check 'a short operation' alone --sizes 8
cp "$work/out" "$work/table"
check 'stands beside what reading the clock takes' table "timing_percent >= 2 and $clock_said"
"$build/busbar" show "$work/records" >"$work/table"
check 'and so it does in busbar show' table "$clock_said"
"$build/busbar" show --format markdown "$work/records" >"$work/table"
check 'and in its Markdown' table "$clock_said"
check 'a long one' alone --sizes 256M --collectives all_gather --placement out_of_place -n 2
cp "$work/out" "$work/table"
check 'does not' table 'timing_percent < 2 and not timing'
"$build/busbar" show "$work/records" >"$work/table"
check 'nor in busbar show' table 'not timing'
check 'a batch' alone --sizes 8 --mode pipelined
lacks 'does not hold one reading for each operation' 'isolated times include' "$work/out"

check 'without a terminal nothing is said while it measures' launch --sizes 8
check 'not a word' test ! -s "$work/err"
check '--progress into a log' launch --sizes 64K,8,1K --placement out_of_place --format nccl-tests --progress
check 'shows first figures in the order of sizes' test "$(awk '/out of place/ { print $2, $3 }' "$work/err" | paste -sd ';')" = '8 B;1 KiB;64 KiB'
check 'first figures of the longest words' launch --collectives reduce_scatter -d bfloat16 --sizes 512K --placement out_of_place --mode nccl-tests --progress
check 'fit into 80 columns' awk '/nccl-tests/ { rows++; if (length > 80) wide = 1 } END { exit wide || !rows }' "$work/err"
check 'under mpirun on a terminal' python3 - "$mpi_launcher" "$build/all_reduce" <<'END'
import os, pty, sys
launcher, driver = sys.argv[1:]
os.environ.update(SWEEP_RANKS="2", SWEEP_OVERSUBSCRIBE="1")
shown = b""
def read(fd):
    global shown
    data = os.read(fd, 65536)
    shown += data
    return data
status = pty.spawn([launcher, driver, "--backend", "mpi", "--sizes", "8,1K", "-n", "5", "--passes", "2", "--output", "none"], read)
sys.exit(os.waitstatus_to_exitcode(status) or b"first figures" not in shown)
END
