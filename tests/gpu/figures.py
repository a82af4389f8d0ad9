#!/usr/bin/env python3
"""What scripts/gpu-proof found, from what its steps left in DIR.

usage: figures.py DIR [--emulated]
writes DIR/figures.json (steps, the kernels' bandwidth, torch.matmul, the records' cases), DIR/verdict.json (a verdict for each
claim) and DIR/summary.txt (one page)
"""
import glob
import json
import os
import statistics
import sys

KEPT = ("collective", "gemm", "dtype", "op", "bytes", "placement", "mode", "graph", "registration", "m", "n", "k", "layout", "phase", "accumulator", "ranks",
        "status", "error", "wrong", "time_us", "statistic", "median_us", "lo_us", "hi_us", "algbw_gbps", "busbw_gbps", "tflops", "peak_tflops", "algorithm",
        "protocol", "channels", "first_us")
COPY_PERCENT, TORCH_RATIO = 90, 0.98
NO_TIME = "(no time left"


def lines(path):
    return open(path, encoding="utf-8", errors="replace").read().splitlines() if os.path.exists(path) else []


def steps(folder):
    found = []
    for line in lines(f"{folder}/steps.txt"):
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


def launches(folder, part):
    for path in sorted(glob.glob(f"{folder}/{part}/*/*.jsonl")):
        rows = [json.loads(line) for line in lines(path)]
        header = rows[0]
        yield {"driver": header["driver"], "backend": header["backend"], "provenance": header["provenance"], "ranks": header["world"]["ranks"],
               "facts": {k: header["facts"][k] for k in ("busbar", "git", "gpu", "nccl", "cublaslt") if k in header["facts"]},
               "cases": [{k: row[k] for k in KEPT if row.get(k) is not None} for row in rows if row["record"] == "case"]}


# ---- verdicts ----

def claim(name, verdict, why, value=None, threshold=None):
    return {"claim": name, "verdict": verdict, "why": why, "value": value, "threshold": threshold}


def by_threshold(name, value, threshold, why):
    return claim(name, "shown" if value >= threshold else "refuted", why, value, threshold)


def by_steps(name, done, wanted, what):
    """Shown if all steps that begin with one of `wanted` are there and succeeded; refuted if one failed."""
    found = [s for s in done if s["step"].startswith(wanted)]
    failed = [s["step"] for s in found if s["result"] == "not ok" and NO_TIME not in s["step"]]
    open_ = [s["step"] for s in found if s["result"] == "skip" or NO_TIME in s["step"]]
    if failed:
        return claim(name, "refuted", failed[0])
    missing = [w for w in wanted if not any(s["step"].startswith(w) for s in found)]
    if open_ or missing:
        return claim(name, "not_tested", (open_ or [f"the step was not reached: {missing[0]}"])[0])
    return claim(name, "shown", what)


def nccl_claim(done, verified):
    cases = [c for launch in verified for c in launch["cases"]]
    wrong = [c for c in cases if c.get("wrong", 0) > 0 or c["status"] not in ("ok", "unsupported")]
    checked = [c for c in cases if c["status"] == "ok" and c.get("wrong") == 0]
    if wrong:
        first = wrong[0]
        return claim("nccl_verified", "refuted",
                     f"{len(wrong)} of {len(cases)} cases, first {first['collective']} {first['dtype']} {first.get('op', '')} {first['bytes']} B: {first['status']}")
    verdict = by_steps("nccl_verified", done, ("kernels give the golden vectors", "all collectives, types and operations are verified"),
                       f"{len(checked)} cases, every element of every rank")
    return verdict if checked or verdict["verdict"] != "shown" else claim("nccl_verified", "not_tested", "no record has a checked case")


def verdicts(done, rows, beside, verified, emulated):
    copies = [r for r in rows if r["kernel"] != "copy"]
    least = min(copies, key=lambda r: r["percent_of_copy"], default=None)
    claims = [
        by_threshold("kernels_reach_copy", least["percent_of_copy"], COPY_PERCENT, f"least: {least['kernel']} {least['dtype']} {least['op']}, % of a copy")
        if least else claim("kernels_reach_copy", "not_tested", "no bandwidth was measured"),
        nccl_claim(done, verified),
        by_threshold("bf16_beside_torch", round(beside["ratio_of_rates"], 4), TORCH_RATIO, "rate of 8192^3 over torch.matmul's")
        if beside else claim("bf16_beside_torch", "not_tested", "a side has no figure: PyTorch with CUDA is needed"),
        by_steps("sanitizer_clean", done, tuple(f"compute-sanitizer {t}: kernels" for t in ("memcheck", "racecheck", "initcheck", "synccheck")) +
                 ("compute-sanitizer memcheck: one rank, NCCL", "compute-sanitizer memcheck: one rank, matmul"), "six runs"),
    ]
    if any(s["step"].startswith("compute-sanitizer #") for s in done):
        claims[-1] = claim("sanitizer_clean", "not_tested", "compute-sanitizer is not installed")
    if emulated:
        claims = [claim(c["claim"], "not_tested", f"emulated device (there: {c['verdict']})") for c in claims]
    return claims


# ---- the page ----

def size(count):
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:g} {unit}"
        count /= 1024


def best(cases, key, figure):
    """Of each kind the case with the highest figure."""
    found = {}
    for case in cases:
        if case["status"] == "ok" and figure in case and case.get("wrong", 0) == 0:
            kind = key(case)
            if kind not in found or case[figure] > found[kind][figure]:
                found[kind] = case
    return found.values()


def page(found, claims):
    facts = next((launch["facts"] for launch in found["launches"]), {})
    gpu, nccl = facts.get("gpu", {}), facts.get("nccl", {})
    ranks = max((launch["ranks"] for launch in found["launches"]), default=0)
    yield f"busbar {facts.get('busbar', '?')} on {ranks} x {gpu.get('model', 'unknown GPU')}; driver {gpu.get('driver', '?')}, NCCL {nccl.get('version', '?')}"
    if any(launch["provenance"] != ["measured"] for launch in found["launches"]):
        yield "emulated or faulted: no figure is a measurement"
    yield ""
    for c in claims:
        figure = "" if c["value"] is None else f"{c['value']:g} (at least {c['threshold']:g}); "
        yield f"{c['verdict']:<10}  {c['claim']:<18}  {figure}{c['why']}"
    cases = [c for launch in found["launches"] for c in launch["cases"]]
    plain = [c for c in cases if c.get("registration", "none") == "none" and not c.get("graph")]
    yield ""
    for c in best(plain, lambda c: (c.get("collective"), c.get("mode")), "busbw_gbps"):
        how = " ".join(str(c[k]) for k in ("algorithm", "protocol") if k in c)
        yield f"{c['collective']:<12} {c['mode']:<10} {size(c['bytes']):>8}  {c['busbw_gbps']:8.4g} GB/s bus bandwidth  {how}".rstrip()
    for c in best(cases, lambda c: (c.get("dtype"), c.get("phase"), c.get("accumulator")), "tflops"):
        of = f", {100 * c['tflops'] / c['peak_tflops']:.0f} % of the peak" if c.get("peak_tflops") else ""
        yield f"matmul       {c['dtype']:<10} {c['m']}x{c['n']}x{c['k']} {c.get('phase', '')}  {c['tflops']:.4g} TFLOP/s{of}"
    results = [s["result"] for s in found["steps"]]
    yield ""
    yield f"steps: {results.count('ok')} ok, {results.count('not ok')} not ok, {results.count('skip')} skipped"
    for s in [s for s in found["steps"] if s["result"] != "ok"][:20]:
        yield f"  {s['result']} - {s['step']}"


def main():
    folder, emulated = sys.argv[1], "--emulated" in sys.argv[2:]
    found = {"steps": steps(folder), "kernels": kernels(folder), "torch": torch(folder), "launches": list(launches(folder, "records"))}
    claims = verdicts(found["steps"], found["kernels"], found["torch"], list(launches(folder, "verified")), emulated)
    for name, text in (("figures.json", json.dumps(found, indent=1)), ("verdict.json", json.dumps({"emulated": emulated, "claims": claims}, indent=1)),
                       ("summary.txt", "\n".join(line[:120] for line in page(found, claims)))):
        with open(f"{folder}/{name}", "w", encoding="utf-8") as out:
            out.write(text + "\n")


if __name__ == "__main__":
    main()
