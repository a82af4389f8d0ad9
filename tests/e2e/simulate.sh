#!/usr/bin/env bash
# Simulated launches: data are right, times equal closed forms, and no command takes the records for measurements.
. "$(dirname "$0")/../lib.sh"
if ! said=$(scripts/works SimGrid); then
    skip 'collectives are simulated' "${said#*: }"
    exit
fi
# Only this test builds the simulated driver, so that other tests need not wait for it.
check 'the drivers build with smpicc' this_make -s -j2 "B=$build" "$build/simulate/all_reduce"
simulate() { scripts/simulate --build "$build" --results "$work" --instance u-p6e-gb200x72 "$@"; }

# Two domains of four GPUs. 1001 elements do not divide evenly by anything here.
check 'eight ranks with data' simulate --run data --domains 1,2 --domain-gpus 4 --data --sizes 4004,1M,3M
python3 - "$work/data" >"$work/read" <<'PY'
import glob, json, sys
for path in sorted(glob.glob(sys.argv[1] + "/*.jsonl")):
    rows = [json.loads(line) for line in open(path)]
    head, cases = rows[0], [r for r in rows if r["record"] == "case"]
    print(head["provenance"], head["world"]["domains"], head["world"]["nodes"], head["world"]["ranks"], len(cases),
          {(c["status"], c["wrong"]) for c in cases}, "cpu" in head["facts"])
PY
check 'every element is right; the records say simulated' diff - "$work/read" <<'EOF'
['simulated'] 1 1 4 6 {('ok', 0)} False
['simulated'] 2 2 8 6 {('ok', 0)} False
EOF
expect_status 'a launch that fails is not taken for complete' 5 simulate --run unverified --domains 1 --domain-gpus 4 --sizes 1M -- -c 1
expect_status 'a fault' 2 simulate --domains 1 --domain-gpus 4 --data -- --fault wrong:rank=1
says 'is refused before anything runs' 'faults cannot be simulated'
expect_status 'an unknown instance' 2 simulate --instance nothing
expect_status 'more GPUs than a domain has' 2 simulate --domain-gpus 73

# 900 GB/s and 3.4 us inside a domain, 50 GB/s and 14 us between domains; sizes that divide evenly, in one chunk.
check '2 x 4 and 2 x 8 GPUs without data' simulate --run times --domains 1,2 --domain-gpus 8 --chunks 1 --sizes 64K,1G,8G
check 'times are those of the closed form' python3 - "$work/times" <<'PY'
import glob, json, sys
seen = 0
for path in glob.glob(sys.argv[1] + "/*.jsonl"):
    rows = [json.loads(line) for line in open(path)]
    domains, gpus = rows[0]["world"]["domains"], 8
    for row in (r for r in rows if r["record"] == "case"):
        size = row["bytes"]
        if row["collective"] == "all_reduce":
            inside, between = 2 * (gpus - 1), 2 * (domains - 1)
            expected = inside * (3.4e-6 + size / gpus / 900e9) + between * (14e-6 + size / gpus / domains / 50e9)
        else:
            inside, between = gpus - 1, domains - 1
            expected = inside * (3.4e-6 + size / gpus / 900e9) + between * (14e-6 + size / gpus / domains / 50e9)
        seen += 1
        assert abs(row["median_us"] * 1e-6 / expected - 1) < 1e-3, (path, row["key"], row["median_us"], expected * 1e6)
        assert row["median_us"] >= row["bound_us"], row
assert seen == 12, seen
PY

# Commands that read records mark simulated ones as such, or refuse them.
check 'a table' "$build/busbar" show "$work/times"
says 'says that it is simulated' 'simulated'
expect_status 'no baseline of a simulation' 2 "$build/busbar" baseline save --dir "$work/baselines" good "$work/times"
says 'it says why' 'simulated'
if command -v gnuplot >/dev/null; then
    check 'plots beside published figures' test -s "$work/times/plots/plots.gp"
    check 'plots say that they are simulated' grep -rq 'simulated' "$work/times/plots" --include='*.svg'
fi

# What each phase costs rank 0. Bounds are for shapes, not for speeds: no time is compared with another.
for gpus in 16 32 64; do
    check "an account of $gpus ranks" simulate --run "account-$gpus" --account --domains 1 --domain-gpus $gpus --collectives all_reduce --sizes 4K
    mv "$work/out" "$work/costs-$gpus"
done
check 'an account of 420 samples on 16 ranks' simulate --run account-420 --account --domains 1 --domain-gpus 16 --collectives all_reduce --sizes 4K -- -n 420
mv "$work/out" "$work/costs-16-420"
cat >"$work/account.py" <<'PY'
import sys
names = "calls", "received", "sent", "KiB received", "KiB sent", "memory", "simulated ms", "CPU ms", "%"

def account(ranks):
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in open(f"{sys.argv[1]}/costs-{ranks}") if line.startswith("| ")]
    return {row[0]: dict(zip(names, map(float, row[1:]))) for row in rows[1:]}

accounts = {ranks: account(ranks) for ranks in (16, 32, 64)}
for ranks, rows in accounts.items():
    whole, phases = rows["all"], {phase: row for phase, row in rows.items() if phase != "all"}
    assert len(phases) == 15, rows
    for phase, row in phases.items():
        assert any(row.values()), (ranks, phase, "never happened")
        # No MPI call sends rank 0 more than some messages for each rank, or takes more from it.
        for name in "received", "sent":
            assert row[name] <= 2 * ranks * row["calls"], (ranks, phase, row)
    for name in names:
        if name != "memory":
            total, rounding = sum(row[name] for row in phases.values()), 0 if name in ("calls", "received", "sent") else 0.06 * len(phases)
            assert abs(total - whole[name]) <= rounding, (ranks, name, total, whole[name])
    half = accounts.get(ranks // 2)
    for phase in rows if half else ():
        for name, more in ("calls", 128), ("KiB received", 1), ("KiB sent", 1), ("memory", 4):
            assert rows[phase][name] <= 2 * half[phase][name] + more, (ranks, phase, name, half[phase][name], rows[phase][name])
# 400 more samples: memory for each of them, and messages in no other phase.
for phase, row in account("16-420").items():
    few = accounts[16][phase]
    assert row["memory"] <= few["memory"] + 400 * 64 / 1024, (phase, few, row)
    assert phase in ("sampling", "all") or (row["calls"], row["received"]) == (few["calls"], few["received"]), (phase, few, row)
PY
check 'its phases add up, and no cost of rank 0 grows faster than ranks and samples' python3 "$work/account.py" "$work"
# The check itself.
sed -i 's/^\(| host names |\([^|]*|\)\{5\}\) [0-9.]*/\1 99.0/' "$work/costs-64"
expect_status 'a phase whose memory grows faster is found' 1 python3 "$work/account.py" "$work"
says 'and named' "'host names', 'memory'"
expect_status 'a launch with MPI calls that the account does not know' 5 \
    simulate --run unknown --account --domains 1 --domain-gpus 4 --collectives all_reduce --sizes 4K -- --beside all_gather:4K
says 'has no account' 'no account: rank 0 waited in an MPI function'
