#!/usr/bin/env python3
"""Writes the synthetic inputs of tests/e2e/import.sh beside itself, and EXPECTED.tsv: what an importer must find in each.

The figures are made up but hold together (algbw = bytes / time, busbw = algbw x factor, rounded as nccl-tests rounds);
what is expected is computed here from the unrounded plan or from the printed text, never by busbar.
"""
import json
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
expected = []
FACTOR = {"all_reduce": lambda n: 2 * (n - 1) / n, "sendrecv": lambda n: 1, "broadcast": lambda n: 1, "reduce": lambda n: 1}
PER_RANK = {"all_gather", "reduce_scatter", "alltoall", "gather", "scatter"}
SIZE = {"float": 4, "double": 8, "half": 2, "bfloat16": 2, "int8": 1}


def figure(value, width):
    for decimals in (2, 1, 0):
        text = f"{value:{width}.{decimals}f}"
        if len(text) <= width:
            return text
    return f"{value:{width}.1e}"


class Table:
    def __init__(self, collective="all_reduce", ranks=16, sizes=(1 << 20, 1 << 24, 1 << 28, 1 << 32), dtype="float", op="sum",
                 root=-1, base=30.0, rate=250e3, wrong=0):
        self.collective, self.ranks, self.dtype, self.op, self.root = collective, ranks, dtype, op, root
        self.rows = []
        for i, size in enumerate(sizes):
            per_rank = collective in PER_RANK
            count = size // SIZE[dtype] // (ranks if per_rank else 1)
            size = count * SIZE[dtype] * (ranks if per_rank else 1)
            figures = []
            for placement in range(2):
                time = base + size / rate * (1 - 0.01 * placement) + i * 0.37
                alg = size / time * 1e-3
                bus = alg * FACTOR.get(collective, lambda n: (n - 1) / n)(ranks)
                figures.append((figure(time, 7), figure(alg, 6), figure(bus, 6), str(wrong)))
            self.rows.append((size, count, figures))

    def average(self):
        values = [float(f[2]) for _, _, figures in self.rows for f in figures]
        return sum(values) / len(values)

    def footer(self, hash_="# "):
        return [f"{hash_}Out of bounds values : 0 OK", f"{hash_}Avg bus bandwidth    : {self.average():g} ", "#"]

    def lines(self, op=True, root=True, placements=(0, 1)):
        out = []
        for size, count, figures in self.rows:
            line = f"{size:12d}  {count:12d}  {self.dtype:>8}"
            line += f"  {self.op if self.op else 'none':>6}" if op else ""
            line += f"  {self.root:6d}" if root else ""
            for p in placements:
                time, alg, bus, wrong = figures[p]
                line += f"  {time:>7}  {alg:>6}  {bus:>6}  {wrong:>6}"
            out.append(line)
        return out

    def header(self, hash_="# ", op=True, root=True, last="#wrong", time="time", placements=2):
        names = "      size         count      type" + ("   redop" if op else "") + ("    root" if root else "")
        units = "       (B)    (elements)          " + ("        " if op else "") + ("        " if root else "")
        names += f"     {time}   algbw   busbw  {last}" * placements
        units += "     (us)  (GB/s)  (GB/s)        " * placements
        return ["#", hash_ + names, hash_ + units]

    def devices(self, per_node=8, gpu="NVIDIA H100 80GB HBM3", group=True):
        out = ["# Using devices"]
        for r in range(self.ranks):
            g = " Group  0" if group else ""
            out.append(f"#  Rank {r:2d}{g} Pid {4000 + r:6d} on {'node-' + str(r // per_node):>10} device {r % per_node:2d} "
                       f"[0000:{0x1b + r % per_node:02x}:00] {gpu}")
        return out

    def opening(self, version="2.19.6", min_bytes=None, extra=""):
        first = min_bytes if min_bytes is not None else self.rows[0][0]
        out = []
        if version:
            out += [f"# nccl-tests version {version} nccl-headers=22902 nccl-library=22902",
                    f"# Collective test starting: {self.collective}_perf"]
        out += [f"# nThread 1 nGpus 1 minBytes {first} maxBytes {self.rows[-1][0]} step: 16(factor) warmup iters: 1 iters: 20 "
                f"agg iters: 1 validation: 1 graph: 0{extra}", "#"]
        return out

    def whole(self):
        return (self.opening() + self.devices() + self.header() + self.lines() + self.footer() +
                [f"# Collective test concluded: {self.collective}_perf", "#"])


def write(name, text, end="\n"):
    data = text if isinstance(text, str) else end.join(text) + end
    with open(os.path.join(here, name), "w", newline="", encoding="utf-8") as f:
        f.write(data)


def case(name, lines, tables, end="\n", args="", status=0, warnings=0, listed=None, printed=True, rows=None, nodes=None):
    """tables: one Table or a list; the expectations per table are joined by '/'."""
    write(name, lines, end)
    tables = tables if isinstance(tables, list) else [tables]

    def each(function):
        return "/".join(str(function(t)) for t in tables)
    peak = [max(float(f[p][2]) for _, _, f in t.rows) if t.rows else 0 for t in tables for p in (0, 1)]
    expected.append([name, args or "-", str(status), each(lambda t: t.collective), each(lambda t: rows or len(t.rows)),
                     each(lambda t: min(s for s, _, _ in t.rows)), each(lambda t: max(s for s, _, _ in t.rows)),
                     each(lambda t: t.ranks), each(lambda t: nodes if nodes else "-"),
                     each(lambda t: t.ranks if listed is None else listed),
                     "/".join(f"{v:.2f}" for v in peak), each(lambda t: f"{t.average():g}" if printed else "-"),
                     each(lambda t: f"{t.average():.2f}"), str(warnings)])


def prefixed(prefix, lines):
    return [prefix + line for line in lines]


def main():
    t = Table()
    case("plain_2.19.log", t.whole(), t, nodes=2)
    case("crlf.log", t.whole(), t, end="\r\n", nodes=2)
    case("bom_and_colours.log", "\ufeff" + "\n".join(f"\x1b[32m{line}\x1b[0m" for line in t.whole()) + "\n", t, nodes=2)
    case("srun_label.log", prefixed("  0: ", t.whole()) + prefixed(" 12: ", ["NCCL INFO Connected all rings"]), t, nodes=2)
    case("mpirun_tag.log", prefixed("[1,0]<stdout>:", t.whole()) + ["[1,3]<stderr>:warning: something"], t, nodes=2)
    case("mpirun_tag_escaped.log", prefixed("[1,0]&lt;stdout&gt;: ", t.whole()), t, nodes=2)
    case("kubectl_timestamps.log", prefixed("2026-11-22T01:02:03.123456789Z ", t.whole()), t, nodes=2)
    case("kubectl_prefix.log", prefixed("[pod/nccl-test-launcher-x7k2p/nccl] ", t.whole()), t, nodes=2)
    case("pod_prefix.log", prefixed("nccl-test-0: ", t.whole()), t, nodes=2)
    case("docker_compose.log", prefixed("worker-1  | ", t.whole()), t, nodes=2)
    case("timestamp_brackets.log", prefixed("[2026-11-22 01:02:03] ", t.whole()), t, nodes=2)
    case("quoted_mail.log", prefixed("> ", t.whole()), t, nodes=2)
    case("markdown_fence.md", ["# Results", "", "We ran `all_reduce_perf`:", "", "```", *t.whole(), "```", "", "Nice."], t, nodes=2)
    case("markdown_indented.md", ["Output:", ""] + prefixed("    ", t.whole()), t, nodes=2)
    case("xtrace.log", ["+ export NCCL_DEBUG=WARN", "+ NCCL_DEBUG=WARN", "+ srun -l all_reduce_perf -b 1M -e 4G -f 16"] +
         prefixed(" 0: ", t.whole()) + [" 0: Counter        Samples   Min (/s)", " 0: hni_rx_paused_0   64   182   6.5"], t, nodes=2)
    case("collapsed_spaces.log", [" ".join(line.split()) for line in t.whole()], t, nodes=2)
    case("tabs.log", ["\t".join(line.split()) for line in t.whole()], t, nodes=2)
    case("no_hash.log", [line.lstrip("#") for line in t.whole()], t, nodes=2)
    case("rows_only_all_reduce.log", t.lines(), t, listed=0, printed=False)
    case("rows_glued_to_label.log", [f"0:{line.strip()}" for line in t.lines()], t, listed=0, printed=False, args="--collective all_reduce")
    case("pipes.md", ["| " + " | ".join(line.split()) + " |" for line in t.header()[1:2] + t.lines()], t, listed=0, printed=False)

    noise = [f"node-{i % 2}:{4000 + i}:{5000 + i} [{i % 8}] NCCL INFO Channel {i:02d}/24 : 0 1 2 3 4 5 6 7" for i in range(3000)]
    rows = t.lines()
    broken = []
    for row in rows:  # NCCL's log shares the buffer of stdout: it comes between a row's beginning and its figures
        broken += [row[:52] + "node-0:4000:5000 [0] NCCL INFO threadThresholds 8/8/64", *noise[:3], row[52:]]
    case("nccl_info_everywhere.log", noise + t.opening() + t.devices() + noise[:50] + t.header() + broken + t.footer(), t, nodes=2)
    half = []
    for row in rows:  # the same between the placements
        half += [row[:85] + "node-0:4000:5000 [0] NCCL INFO Connected all trees", row[85:]]
    case("nccl_info_in_rows.log", t.opening() + t.devices() + t.header() + half + t.footer(), t, nodes=2)

    # before 2.11: no root, for all-gather no operation; the largest deviation stands where the count of wrong elements does today
    old = Table("all_gather", ranks=8, op=None)
    old_rows = [line.rsplit(None, 1)[0] + "  0e+00" for line in old.lines(op=False, root=False)]
    case("old_2.0_all_gather.log", old.opening(version=None) + old.devices(group=False) + old.header(op=False, root=False, last="error") +
         old_rows + old.footer(), old, args="--collective all_gather", nodes=1)
    old = Table("broadcast", ranks=8, op=None, root=0)
    case("old_2.10_broadcast.log", old.opening(version=None) + old.devices(group=False) + old.header(op=False, last=" error") +
         old.lines(op=False) + old.footer(), old, nodes=1)
    old = Table("all_reduce", ranks=8)
    case("old_2.9_deviations.log", old.opening(version=None) + old.devices(group=False) + old.header(root=False, last=" error") +
         [line.replace("       0", "   5e-07") for line in old.lines(root=False)] + old.footer(), old, nodes=1)
    zero = Table("all_reduce", ranks=8, sizes=(1, 2, 4, 8, 16))
    case("size_zero.log", [line.replace("step: 16", "step: 2") for line in zero.opening(min_bytes=1)] + zero.devices() + zero.header() + zero.lines() + zero.footer(), zero, nodes=1)

    rccl = Table(ranks=16)
    case("rccl.log", ["rccl-tests: Version develop:448c4c7"] + rccl.opening(version=None) +
         [line.replace("#  Rank", "#   Rank").replace(":00]", ":00.0]") for line in rccl.devices(group=False, gpu="AMD Instinct MI300X")] +
         ["RCCL version : 2.22.3-HEAD:7d8d67c", "HIP version  : 6.4.43484-123eb5128", "ROCm version : 6.4.2.0-120-e7d83f5"] +
         rccl.header() + rccl.lines() + ["# Errors with asterisks indicate errors that have exceeded the maximum threshold."] + rccl.footer(),
         rccl, nodes=2, args="--collective all_reduce")

    five = [Table(c, op="sum" if c in ("all_reduce", "reduce_scatter", "sendrecv", "reduce") else None, root=0 if c in ("broadcast", "reduce") else -1)
            for c in ("all_reduce", "all_gather", "reduce_scatter", "alltoall", "sendrecv", "broadcast", "reduce")]
    case("several_tables.log", [line for x in five for line in x.whole() + [""]], five, nodes=2)
    gathers = [Table(c, op=None, root=1) for c in ("gather", "scatter")]
    case("rooted.log", [line for x in gathers for line in x.whole()], gathers, nodes=2)
    two = [Table(), Table(base=40)]
    case("two_tables_one_opening.log", two[0].opening() + two[0].devices() + two[0].header() + two[0].lines() + two[0].footer() +
         two[1].header() + two[1].lines() + two[1].footer(), two, nodes=2, warnings=1)
    solo = Table(ranks=1, sizes=(1 << 20, 1 << 24))
    jobs = [line for pair in zip(*(prefixed(f"{r}: ", solo.whole()) for r in range(3))) for line in pair]
    case("three_jobs_of_one_rank.log", jobs, [solo] * 3, nodes=1, warnings=5)  # one each, and two tables like the first

    # -I, -C, -T, copy overlap, -N
    stats = [f"  {25.5:7.2f}  {40.25:7.2f}  {39.00:7.2f}  {4.2:7.2f}"] * 2
    iteration_rows = [line[:85] + stats[0] + line[85:] + stats[1] for line in t.lines()]
    case("per_iteration.log", t.opening(extra=" unalign: 0") + t.devices() +
         ["#", "#       size         count      type   redop    root     time   algbw   busbw  #wrong    i_min    i_max    i_p99    i_cv%"
          "     time   algbw   busbw  #wrong    i_min    i_max    i_p99    i_cv% "] + iteration_rows + t.footer(), t, nodes=2)
    case("cputime.log", t.opening() + t.devices() + t.header(time="cputime") +
         [line[:54] + f"{12.5:7.2f}" + line[61:87] + f"{12.5:7.2f}" + line[94:] for line in t.lines()] + t.footer(), t, nodes=2)
    stamped = t.header()
    stamped[1] += "           timestamp"
    case("timestamps.log", t.opening() + t.devices() + stamped + [line + "  2026-11-22 01:02:03" for line in t.lines()] + t.footer(), t, nodes=2)
    copy = [line[:77] + f"  {33.25:6.2f}" + line[77:110] + f"  {33.25:6.2f}" + line[110:] for line in t.lines()]
    copy_header = t.header()[1].replace("busbw", "busbw  copybw")
    case("copy_overlap.log", t.opening(extra=" side_work: 1") + t.devices() + [copy_header] + copy + t.footer(), t, nodes=2)
    cycles = Table(sizes=(1 << 20, 1 << 24) * 3)
    case("cycles.log", cycles.whole(), cycles, nodes=2)

    # cut and changed files
    cut = "\n".join(t.whole())
    cut = cut[:cut.index(t.lines()[-1]) + 40]
    short = Table(sizes=(1 << 20, 1 << 24, 1 << 28))
    case("cut_in_row.log", cut, short, warnings=1, printed=False, nodes=2)
    one = [line[:85] for line in t.lines()]
    single = Table()
    single.rows = [(s, c, [f[0], f[0]]) for s, c, f in single.rows]
    write("out_of_place_only.log", t.opening() + t.devices() + t.header(placements=1) + one)
    blank = [line[:52] + " " * 32 + line[85:] for line in t.lines()]
    write("in_place_only.log", t.opening() + t.devices() + t.header() + blank)
    wrong_header = t.whole()
    wrong_header = [line.replace("Rank 15", "Rank 19") for line in wrong_header]
    case("claims_20_ranks.log", wrong_header, t, warnings=1)
    bad = t.whole()
    index = bad.index(t.lines()[2])
    bad[index] = bad[index].replace(f"{t.rows[2][1]:12d}", f"{t.rows[2][1] - 1:12d}")
    case("count_does_not_fit.log", bad, t, warnings=1, nodes=2)
    bad = t.whole()
    index = bad.index(t.lines()[2])
    time = t.rows[2][2][0][0].strip()
    bad[index] = bad[index].replace(time, figure(float(time) * 1.5, 7).strip(), 1)
    case("time_does_not_fit.log", bad, t, warnings=1, nodes=2)
    fewer = t.whole()
    fewer.remove(t.lines()[1])
    less = Table()
    del less.rows[1]
    case("row_removed.log", fewer, less, warnings=1, nodes=2)
    expected[-1][11] = f"{t.average():g}"
    wrong = Table(wrong=7)
    text = wrong.whole()
    text = [line.replace("values : 0 OK", "values : 8 FAILED") for line in text]
    case("wrong_data.log", text, wrong, warnings=1, nodes=2, status=3)

    # nccl-tests' JSON
    def document(version, **more):
        results = []
        for size, count, figures in t.rows:
            result = {"size": size, "count": count, "type": "float", "redop": "sum", "root": "    -1"}
            for p, key in enumerate(("out_of_place", "in_place")):
                time = size / float(figures[p][1]) * 1e-3
                result[key] = {"time": time, "alg_bw": float(figures[p][1]), "bus_bw": float(figures[p][1]) * 1.875, "nwrong": 0.0}
            result |= {"actual_iterations": 20, "experiment_name": ""}
            results.append(result)
        values = [r[k]["bus_bw"] for r in results for k in ("out_of_place", "in_place")]
        average = sum(values) / len(values)
        devices = [{"rank": r, "group": 0, "pid": 100 + r, "hostname": f"node-{r // 8}", "device": r % 8, "device_hex": "0000:1b:00",
                    "device_info": "NVIDIA H100 80GB HBM3"} for r in range(16)]
        return {"version": version, "start_time": "2026-11-22 01:02:03", "args": ["/opt/nccl-tests/build/all_reduce_perf", "-b", "1M"],
                "env": ["HOME=/home/somebody", "AWS_SECRET_ACCESS_KEY=do-not-copy-this", "NCCL_IB_HCA=mlx5", "NCCL_AUTH_TOKEN=hidden"],
                "nccl_version": 22902,
                "config": {"nthreads": 1, "ngpus": 1, "minimum_bytes": 1 << 20, "maximum_bytes": 1 << 32, "step_factor": 16,
                           "warmup_iters": 1, "iterations": 20, "aggregated_iterations": 1, "validation": 1, "graph": 0,
                           "blocking_collectives": "false", "parallel_init": "false", "devices": devices},
                "results": results, "out_of_bounds": {"count": 0, "okay": "true"},
                "average_bus_bandwidth": {"bandwidth": average, "okay": "unchecked"}, "errors": [], "end_time": "2026-11-22 01:03:04"} | more

    def json_case(name, root, **options):
        values = [r[k]["bus_bw"] for r in root["results"] for k in ("out_of_place", "in_place") if r.get(k)]
        case(name, json.dumps(root) + "\n", t, nodes=2, **options)
        expected[-1][10] = "/".join(f"{max(r[k]['bus_bw'] for r in root['results'] if r.get(k)):.2f}" for k in ("out_of_place", "in_place"))
        expected[-1][11] = f"{sum(values) / len(values):g}"
        expected[-1][12] = f"{sum(values) / len(values):.2f}"

    one = document(1)
    one["average_bus_bandwidith"] = {"bandwidith": one.pop("average_bus_bandwidth")["bandwidth"], "okay": "unchecked"}
    json_case("version1.json", one)
    two = document(2)
    two["config"] |= {"per_iter_timing": "true"}
    for result in two["results"]:
        for key in ("out_of_place", "in_place"):
            times = [result[key]["time"] * (1 + 0.01 * ((i * 7) % 5)) for i in range(20)]
            result[key + "_per_iter"] = {"min_us": min(times), "max_us": max(times), "avg_us": sum(times) / 20, "p50_us": sorted(times)[10],
                                         "p95_us": sorted(times)[18], "p99_us": sorted(times)[19], "stdev_us": 1.0, "cv_pct": 1.0,
                                         "times_us": times, "per_process_max_times_us": [times, times]}
    json_case("version2_per_iteration.json", two)
    three = document(3)
    three["config"] |= {"per_iter_timing": "true", "per_iter_skip": 5}
    for result in three["results"]:
        result["in_place"]["nwrong"] = None
        times = [result["out_of_place"]["time"]] * 20
        result["out_of_place_per_iter"] = {"skipped_iterations": 5, "times_us": [9e9] * 5 + times[5:]}
    json_case("version3.json", three)

    # OSU: times only, sizes of all-gather are one rank's
    write("osu_allreduce_7.4.txt", ["", "# OSU MPI Allreduce Latency Test v7.4", "# Datatype: MPI_FLOAT.",
          "# Size       Avg Latency(us)   Min Latency(us)   Max Latency(us)  Iterations",
          "4                       1.52              1.40              1.60        1000",
          "1048576               500.00            490.00            510.00         100"])
    write("osu_allgather_5.txt", ["# OSU MPI-CUDA Allgather Latency Test v5.9", "# Size       Avg Latency(us)",
          "1                       2.00", "65536                 100.00"])
    write("osu_latency.txt", ["# OSU MPI Latency Test v7.4", "# Size       Avg Latency(us)", "1   2.00"])

    columns = ["file", "args", "status", "collective", "rows", "min_bytes", "max_bytes", "ranks", "nodes", "ranks_listed", "peaks",
               "avg_printed", "avg_recomputed", "warnings"]
    write("EXPECTED.tsv", ["\t".join(columns)] + ["\t".join(row) for row in expected])


sys.exit(main())
