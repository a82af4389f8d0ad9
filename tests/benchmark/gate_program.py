"""How often does `busbar compare` call a case the same or let it pass, where launches differ or are missing?

Writes records of launches of known distribution, calls the program, and counts the verdicts. 10 cases, 20 samples a launch, tolerance
3 %. *Before* is the rule of the first round, written here on its own: a case is the same if the 95 % interval of Hodges and Lehmann's
shift lies within the tolerance; a launch without the case is left out.

usage: gate_program.py BUSBAR COMPARISONS
Fails unless every situation has the verdict that its row expects in the share of comparisons that it says (less three standard errors),
and the exit status: 1 for missing, else 0.
"""
import json
import math
import os
import random
import subprocess
import sys
import tempfile

CASES, TOLERANCE = 10, math.log(1.03)
# The smallest difference that ends the two-sided 95 % interval: one more than the critical value of Mann and Whitney's U (their table
# of 1947, continued by Auble 1953), for launches of base and new.
FIRST_DIFFERENCE = {(7, 7): 9, (8, 5): 7, (8, 8): 14}

SITUATIONS = [  # name, launches of base, of new, scatter, slow new launches, factor, new launches without case 0, expected verdict, its least share
    ("one of 7 new launches takes twice as long, scatter 1 %", 7, 7, 0.01, 1, 2.0, 0, "inconclusive", 1),
    ("one of 7 new launches takes 1.2 times as long, scatter 1 %", 7, 7, 0.01, 1, 1.2, 0, "inconclusive", 1),
    ("3 of 8 new launches lack the case (a time budget), scatter 1 %", 8, 8, 0.01, 0, 1.0, 3, "missing", 1),
    ("one of 8 new launches takes 1.06 times as long, scatter 1 %", 8, 8, 0.01, 1, 1.06, 0, "inconclusive", 0.9),
    ("one of 8 new launches takes 1.04 times as long, scatter 1 %", 8, 8, 0.01, 1, 1.04, 0, "inconclusive", 0.5),
    ("nothing changed, scatter 1 %", 8, 8, 0.01, 0, 1.0, 0, "same", 0.95),
    ("nothing changed, scatter 0.5 %", 8, 8, 0.005, 0, 1.0, 0, "same", 0.99),
]


def write_side(folder, name, medians, without):
    """medians[launch][case], us. The first `without` launches skip case 0."""
    for launch, row in enumerate(medians):
        os.makedirs(f"{folder}/{name}", exist_ok=True)
        with open(f"{folder}/{name}/launch-{launch:03d}.jsonl", "w", encoding="utf-8") as file:
            header = {"record": "launch", "schema": 1, "run": name, "launch": f"launch-{launch:03d}", "backend": "mpi",
                      "provenance": "simulated", "started": f"2026-{10 if name == 'base' else 11}-{launch + 1:02d}T00:00:00Z",
                      "world": {"ranks": 4, "nodes": 1, "hosts": [{"name": "h1", "ranks": 4}]}}
            file.write(json.dumps(header) + "\n")
            for case, median in enumerate(row):
                size = 64 << case
                skipped = case == 0 and launch < without
                samples = [] if skipped else [median * (1 + 0.001 * (i % 5 - 2)) for i in range(20)]
                file.write(json.dumps({
                    "record": "case", "pass": 0, "collective": "all_reduce", "dtype": "float", "op": "sum", "mode": "isolated",
                    "key": f"all_reduce/float/sum/{size}/out_of_place/isolated/barrier/warm/host/nodes=1/ranks=4/group=world",
                    "placement": "out_of_place", "sync": "barrier", "cache": "warm", "memory": "host", "requested_bytes": size,
                    "bytes": size, "count": size // 4, "root": 0, "nodes": 1, "ranks": 4, "group": "world", "batch": 1,
                    "samples_us": samples, "wrong": 0, "status": "skipped" if skipped else "ok"}) + "\n")
            file.write(json.dumps({"record": "end", "status": "complete"}) + "\n")


def same_before(base, fresh):
    differences = sorted(math.log(y / x) for x in base for y in fresh)
    first = FIRST_DIFFERENCE[len(base), len(fresh)]
    return -TOLERANCE <= differences[first - 1] and differences[-first] <= TOLERANCE


def main():
    busbar, comparisons = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    print(f"| {comparisons} comparisons, each case equal but for what is said | case 0 the same before, % | now, % | verdict now |")
    print("|---|---|---|---|")
    failed = False
    for name, base_launches, new_launches, scatter, slow, factor, without, expected, least in SITUATIONS:
        rng, before, verdicts = random.Random(name), 0, {}
        for _ in range(comparisons):
            sides = [[[100 * math.exp(rng.gauss(0, scatter)) for _ in range(CASES)] for _ in range(n)]
                     for n in (base_launches, new_launches)]
            for launch in range(slow):
                sides[1][launch] = [factor * us for us in sides[1][launch]]
            complete = sides[1][without:]
            before += same_before([row[0] for row in sides[0]], [row[0] for row in complete])
            with tempfile.TemporaryDirectory() as folder:
                write_side(folder, "base", sides[0], 0)
                write_side(folder, "new", sides[1], without)
                run = subprocess.run([busbar, "compare", "base", "new", "--format", "json"], cwd=folder, text=True,
                                     capture_output=True, check=False)
            if run.returncode not in (0, 1):
                sys.exit(f"busbar compare ended with {run.returncode}: {run.stderr}")
            comparison = json.loads(run.stdout)
            case = next(c for c in comparison["cases"] if "/64/" in c["key"])
            if comparison["failures"]:  # with them the status would say nothing about the verdicts
                sys.exit(f"{name}: the records are at fault: {comparison['failures'][0]}")
            if run.returncode != (expected == "missing"):
                sys.exit(f"{name}: busbar compare ended with {run.returncode}")
            if factor > 1.1 and "launch-000" not in case["note"]:
                sys.exit(f"{name}: the slow launch is not named: {case}")
            verdicts[case["verdict"]] = verdicts.get(case["verdict"], 0) + 1
        rates = ", ".join(f"{verdict} {100 * n / comparisons:.1f} %" for verdict, n in sorted(verdicts.items()))
        print(f"| {name} | {100 * before / comparisons:.1f} | {100 * verdicts.get('same', 0) / comparisons:.1f} | {rates} |", flush=True)
        error = 3 * math.sqrt(least * (1 - least) / comparisons)
        failed |= verdicts.get(expected, 0) / comparisons < least - error
    sys.exit(failed)


main()
