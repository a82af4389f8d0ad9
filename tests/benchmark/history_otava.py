#!/usr/bin/env python3
"""busbar history beside Apache Otava on the same simulated nights: false alarms, delay, missed changes.

usage: python3 tests/benchmark/history_otava.py [HISTORIES [HISTORIES_FOR_OTAVA [ROW...]]]
Needs a python3 that has apache-otava (pip install apache-otava). Otava gets the first of the same histories, by default all. ROW: only these
rows of the table, from 1.

20 cases, 60 nights, one launch a night; the scatter between nights is as large for what all cases share as for each case. Both tools see the
nights one by one. Otava judges each case's series up to each night with its defaults (window 50, p 0.001): as it is, and with the night's
median deviation taken off ("common off").
An alarm is a change that a tool had not reported within two nights of that place before; a false one is in a case that does not change, or
in busbar's common factor. Found: a change reported in or after night 31, at night 29 or later.
Otava 0.8.0 takes about 0.7 s for a history. Prints one row as soon as a situation is done."""
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
TOGETHER = 25  # histories that are written at once
NOTHING, DRIFT = 1, "20 % slower over nights 31 to 60"
SITUATIONS = [(0.01, NOTHING), (0.014, NOTHING), (0.03, NOTHING), (0.01, 1.03), (0.014, 1.03), (0.014, 1.05), (0.03, 1.05), (0.014, 1.10),
              (0.03, 1.10), (0.014, DRIFT)]
here = os.path.dirname(os.path.abspath(__file__))
build = os.environ.get("BUILD", "build")


def effect(change, night):
    if night < FROM:
        return 1
    return 1.2 ** ((night - FROM) / (NIGHTS - FROM)) if change == DRIFT else change


def simulate(rng, sigma, change):
    """values[case][night], microseconds; case 0 changes."""
    values = [[] for _ in range(CASES)]
    for night in range(NIGHTS):
        common = rng.gauss(0, sigma)
        for case in range(CASES):
            values[case].append(1000 * math.exp(common + rng.gauss(0, sigma)) * (effect(change, night) if case == 0 else 1))
    return values


def busbar(histories):
    """Per history and case: (place, night on which it was seen) of each change; the common factor's last."""
    spec = [{"run": f"{number}/n{t:02d}", "launch": "l", "ranks": 8, "started": f"2026-{1 + t // 28:02d}-{1 + t % 28:02d}T03:00:00Z",
             "cases": [{"collective": "all_reduce", "bytes": 2 ** (10 + c), "us": values[c][t]} for c in range(CASES)]}
            for number, values in enumerate(histories) for t in range(NIGHTS)]
    result = []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([os.path.join(here, "../data/launches"), folder], input=json.dumps(spec), text=True, check=True)
        for number in range(len(histories)):
            out = subprocess.run([os.path.join(build, "busbar"), "history", "--format", "json", os.path.join(folder, str(number))], capture_output=True, text=True)
            if out.returncode not in (0, 1):  # 1: a case has become slower
                sys.exit(f"busbar history ended with {out.returncode}: {out.stderr}")
            history = json.loads(out.stdout)
            result.append([[(c["first"]["index"], c["seen"]["index"]) for c in series["changes"]] for series in history["cases"] + [history["common"]]])
    return result


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


def judge(find, number, repetitions):
    """False alarms a month; the nights until half of the histories have found the change; the share that missed it, in per cent."""
    sigma, change = SITUATIONS[number]
    rng = random.Random(number)
    false, delays = 0, []
    for first in range(0, repetitions, TOGETHER):
        histories = [simulate(rng, sigma, change) for _ in range(min(TOGETHER, repetitions - first))]
        for changes in find(histories):
            false += sum(len(c) for c in (changes if change == NOTHING else changes[1:]))
            seen = [s for place, s in changes[0] if s >= FROM and place >= FROM - 2]
            delays.append(min(seen) - FROM + 1 if seen else math.inf)
    missed = 100 * sum(d == math.inf for d in delays) / repetitions
    return false / repetitions / NIGHTS * 30, statistics.median_low(sorted(delays)), missed


def main():
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    of_otava = min(repetitions, int(sys.argv[2])) if len(sys.argv) > 2 else repetitions
    tools = [(busbar, repetitions), (lambda histories: [otava(without_common(values)) for values in histories], of_otava),
             (lambda histories: [otava(values) for values in histories], of_otava)]
    print(f"busbar history: {repetitions} histories a row, Otava: {of_otava}\n")
    print("| scatter % | situation | false alarms a month: busbar | Otava, common off | Otava "
          "| nights until found (missed %): busbar | Otava, common off | Otava |\n|---:|---|---:|---:|---:|---:|---:|---:|")
    for number in [int(row) - 1 for row in sys.argv[3:]] or range(len(SITUATIONS)):
        sigma, change = SITUATIONS[number]
        found = [judge(find, number, n) for find, n in tools]
        what = "nothing changes" if change == NOTHING else change if change == DRIFT else f"{100 * (change - 1):.0f} % slower from night 31"
        delays = " | ".join("" if change == NOTHING else f"{delay:.0f} ({missed:.1f})" for _, delay, missed in found)
        print(f"| {100 * sigma:g} | {what} | " + " | ".join(f"{false:.2f}" for false, _, _ in found) + f" | {delays} |", flush=True)


main()
