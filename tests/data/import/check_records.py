#!/usr/bin/env python3
"""check_records.py RECORDS EXPECTED.tsv: compares records that busbar import wrote with what the files must mean.

A line of EXPECTED.tsv: file, number of the launch, what, then members with their values. What is "launch" (the header),
"end", or the case by its bytes ("1048576", "1048576/in_place", "1024/dtype=int32";
"-/group=pair:0>1" where the file prints no size). A value "-" means that the member is absent; numbers may
differ by 1e-6 of themselves. The values come from arithmetic on the files' lines: bytes / time, and the collective's factor.
"""
import json
import os
import sys

folder, table = sys.argv[1:]
failed = passed = 0


def member(record, path):
    for part in path.split("."):
        if not isinstance(record, dict) or part not in record:
            return None
        record = record[part]
    return record


def equal(got, wanted):
    if wanted == "-":
        return got is None
    if isinstance(got, bool):
        return wanted == str(got).lower()
    if isinstance(got, (int, float)):
        try:
            return abs(got - float(wanted)) <= 1e-6 * max(abs(float(wanted)), 1e-9)
        except ValueError:
            return False
    return str(got) == wanted.replace("\\s", " ")


def find(records, what):
    if what in ("launch", "end"):
        return [r for r in records if r["record"] == what]
    size, *rest = what.split("/")
    found = [r for r in records if r["record"] == "case" and str(r.get("bytes", "-")) == size]
    for word in rest:
        key, _, value = word.partition("=")
        found = [r for r in found if str(r.get(key)) == value] if value else [r for r in found if r["placement"] == word]
    return found


for number, line in enumerate(open(table, encoding="utf-8"), 1):
    if line.startswith("#") or not line.strip():
        continue
    name, launch, what, *wanted = line.split()
    stem = name.rsplit(".", 1)[0]
    paths = [os.path.join(folder, stem, f"{stem}.jsonl"), os.path.join(folder, stem, f"{stem}-{launch}.jsonl")]
    path = next((p for p in paths if os.path.exists(p)), None)
    wrong = []
    if not path:
        wrong = ["no record"]
    else:
        records = [json.loads(text) for text in open(path, encoding="utf-8")]
        found = find(records, what)
        if len(found) != 1:
            wrong = [f"{len(found)} records of it"]
        for word in wanted if found else []:
            key, _, value = word.partition("=")
            if not equal(member(found[0], key), value):
                wrong.append(f"{key} is {member(found[0], key)}, not {value}")
        if "-9223372036854775808" in open(path, encoding="utf-8").read():
            wrong.append("a sentinel is in it")
    print(f"{'not ok' if wrong else 'ok'} - {name} {launch} {what}{': ' + '; '.join(wrong) if wrong else ''}")
    failed += bool(wrong)
sys.exit(failed > 0)
