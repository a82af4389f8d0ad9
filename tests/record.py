"""Checks an expression over the record of a launch.

usage: record.py RECORD EXPRESSION
Names: h or launch: the header; w: its world; blas: what its facts say of BLAS; c or cases: the rows of cases or overlaps; s: the last
of them; p: its step; e or end: the last line; median. Status 1 if the expression does not hold, or if it looks at rows of which there are none: all() of nothing is true."""
import json
import statistics
import sys

path, expression = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    lines = [json.loads(line) for line in file]
header, rows = lines[0], [line for line in lines if line["record"] in ("case", "overlap")]
last = rows[-1] if rows else {}
code = compile(f"({expression})", "expression", "eval")
if not rows and {"c", "cases", "s", "p"} & set(code.co_names):
    sys.exit(f"    {path} has no rows, so nothing shows: {expression}")
names = {"h": header, "launch": header, "w": header.get("world"), "blas": header.get("facts", {}).get("blas"), "c": rows, "cases": rows,
         "s": last, "p": last.get("step"), "e": lines[-1], "end": lines[-1], "median": statistics.median}
if not eval(code, names):
    shown = [header, *({key: value for key, value in row.items() if key != "samples_us"} for row in rows[:3])]
    sys.exit("    not so: " + expression + "\n" + "\n".join("    " + json.dumps(line)[:1500] for line in shown))
