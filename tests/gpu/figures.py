#!/usr/bin/env python3
"""What scripts/gpu-proof found, as one JSON object: the steps, the kernels' bandwidth, torch.matmul, and the records' cases.

usage: figures.py DIR      reads DIR/summary.txt, kernels.tsv, torch.tsv and records/*/*.jsonl; prints
"""
import glob
import json
import os
import statistics
import sys

KEPT = ("collective", "gemm", "dtype", "op", "bytes", "placement", "mode", "graph", "registration", "m", "n", "k", "layout", "phase", "accumulator", "ranks",
        "status", "error", "wrong", "median_us", "lo_us", "hi_us", "algbw_gbps", "busbw_gbps", "tflops", "peak_tflops", "algorithm", "first_us")


def lines(path):
    return open(path).read().splitlines() if os.path.exists(path) else []


def steps(folder):
    found = []
    for line in lines(f"{folder}/summary.txt"):
        for result in ("ok", "not ok", "skip"):
            if line.startswith(result + " - "):
                found.append({"step": line[len(result) + 3:], "result": result})
    return found


def kernels(folder):
    rows = [line.split("\t") for line in lines(f"{folder}/kernels.tsv") if not line.startswith("#")]
    return [{"kernel": r[0], "dtype": r[1], "op": r[2], "bytes": int(r[3]), "gbps": float(r[4]), "percent_of_copy": float(r[5])}
            for r in rows[1:] if len(r) == 6]


def torch(folder):
    rows = [line.split("\t") for line in lines(f"{folder}/torch.tsv")]
    us = {who: [float(r[1]) for r in rows if r[0] == who] for who in ("busbar", "torch")}
    if not all(us.values()):
        return None
    middle = {who: statistics.median(values) for who, values in us.items()}
    return {"busbar_us": us["busbar"], "torch_us": us["torch"], "ratio_of_rates": middle["torch"] / middle["busbar"],
            "busbar": next(r[2] for r in rows if r[0] == "busbar"), "torch": next(r[2] for r in rows if r[0] == "torch")}


def launches(folder):
    for path in sorted(glob.glob(f"{folder}/records/*/*.jsonl")):
        rows = [json.loads(line) for line in lines(path)]
        header = rows[0]
        yield {"driver": header["driver"], "backend": header["backend"], "provenance": header["provenance"],
               "facts": {k: header["facts"][k] for k in ("busbar", "git", "gpu", "nccl", "cublaslt") if k in header["facts"]},
               "cases": [{k: row[k] for k in KEPT if row.get(k) is not None} for row in rows if row["record"] == "case"]}


print(json.dumps({"steps": steps(sys.argv[1]), "kernels": kernels(sys.argv[1]), "torch": torch(sys.argv[1]),
                  "launches": list(launches(sys.argv[1]))}, indent=1))
