#!/usr/bin/env python3
"""busbar history beside Apache Otava on the same simulated nights: false alarms, delay, missed changes.

usage: python3 tests/benchmark/history_otava.py [REPETITIONS]     with a python3 that has apache-otava (pip install apache-otava) and numpy
20 cases, 60 nights, 1.4 % between nights that all cases share and 1.4 % of each case; one launch a night. Both tools see the nights one by
one. Otava judges each case's series up to each night with its defaults (window 50, p 0.001): as it is, and with the night's median deviation
taken off ("common off"). An alarm is a change that a tool had not reported within two nights of that place before. Found: a change reported in or after
night 31, at night 29 or later."""
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile

from otava.analysis import compute_change_points

CASES, NIGHTS, FROM = 20, 60, 30
SITUATIONS = [("nothing changes", lambda night: 1), ("3 % slower from night 31", lambda night: 1.03 if night >= FROM else 1),
              ("5 % slower from night 31", lambda night: 1.05 if night >= FROM else 1),
              ("10 % slower from night 31", lambda night: 1.10 if night >= FROM else 1),
              ("20 % slower over nights 31 to 60", lambda night: 1.2 ** (max(0, night - FROM) / 30))]
repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 20
here = os.path.dirname(os.path.abspath(__file__))
build = os.environ.get("BUILD", "build")


def simulate(rng, effect):
    """values[case][night], microseconds; case 0 changes."""
    values = [[] for _ in range(CASES)]
    for night in range(NIGHTS):
        common = rng.gauss(0, 0.014)
        for case in range(CASES):
            values[case].append(1000 * math.exp(common + rng.gauss(0, 0.014)) * (effect(night) if case == 0 else 1))
    return values


def busbar(values):
    """Per case: (place, night on which it was seen) of each change; the common factor's last."""
    spec = [{"run": f"n{t:02d}", "launch": "l", "ranks": 8, "started": f"2026-{1 + t // 28:02d}-{1 + t % 28:02d}T03:00:00Z",
             "cases": [{"collective": "all_reduce", "bytes": 2 ** (10 + c), "us": values[c][t]} for c in range(CASES)]} for t in range(NIGHTS)]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([os.path.join(here, "../data/launches"), folder], input=json.dumps(spec), text=True, check=True)
        out = subprocess.run([os.path.join(build, "busbar"), "history", "--format", "json", folder], capture_output=True, text=True).stdout
    history = json.loads(out)
    return [[(c["first"]["index"], c["seen"]["index"]) for c in series["changes"]] for series in history["cases"] + [history["common"]]]


def without_common(values):
    levels = [statistics.median(v) for v in values]
    nights = [statistics.median(values[c][t] / levels[c] for c in range(CASES)) for t in range(NIGHTS)]
    return [[values[c][t] / nights[t] for t in range(NIGHTS)] for c in range(CASES)]


def otava(values):
    result = []
    for series in values:
        changes = []
        for seen in range(4, NIGHTS):
            for point in compute_change_points(series[:seen + 1])[0]:
                # A report from before night FROM is a false alarm; it does not keep the true report from counting.
                if not any(abs(point.index - place) <= 2 and (earlier < FROM) == (seen < FROM) for place, earlier in changes):
                    changes.append((point.index, seen))
        result.append(changes)
    return result


def report(tool, find):
    for number, (name, effect) in enumerate(SITUATIONS):
        rng = random.Random(number)
        false, delays = 0, []
        for _ in range(repetitions):
            changes = find(simulate(rng, effect))
            false += sum(len(c) for c in changes[1 if number else 0:])
            seen = [s for place, s in changes[0] if s >= FROM and place >= FROM - 2] if number else []
            delays.append(min(seen) - FROM + 1 if seen else math.inf)
        delay = f"{statistics.median(delays):.0f} | {100 * sum(d == math.inf for d in delays) / repetitions:.0f}" if number else " | "
        print(f"| {tool} | {name} | {false / repetitions / NIGHTS * 30:.2f} | {delay} |", flush=True)


print(f"| tool | situation ({repetitions} histories) | false alarms a month | median nights until found | missed % |\n|---|---|---:|---:|---:|")
report("busbar history", busbar)
report("Otava, common off", lambda values: otava(without_common(values)))
report("Otava", otava)
