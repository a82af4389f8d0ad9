"""Leave-one-out errors of scripts/simulate against results/published.tsv. Started by prediction.sh."""

import csv, io, math, statistics, subprocess, sys, tempfile

build, gpu, size = sys.argv[1:4]
COLLECTIVES = ("all_reduce", "all_gather")
GRID = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1)  # factors of a level's rate; between them the simulated figure is interpolated
INSTANCE = {"GB200": "u-p6e-gb200x72", "GB300": "p6e-gb300r"}  # a row of clouds.tsv with the rates of the GPU model


def published():
    """{collective: {(domains, GPUs of a domain): GB/s}}: means of one provider's figures with placement, so that they are alike."""
    with open("results/published.tsv") as file:
        rows = list(csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t"))
    points = {name: {} for name in COLLECTIVES}
    for row in rows:
        if row["gpu"] != gpu or row["collective"] not in points or row["bytes"] != size or row["mnnvl"] == "off":
            continue
        if row["provider"] != "gcp" or row["placement"] != "in_place" or not row["domains"] or row["statistic"] != "mean":
            continue
        domains, gpus = int(row["domains"]), int(row["gpus"])
        points[row["collective"]][domains, gpus // domains] = float(row["busbw_gbps"])
    return points


known = {}


def simulated(shape, nvlink, nic):
    """{collective: GB/s}, from one run of the simulator."""
    key = (shape, round(nvlink, 6), round(nic, 6))
    if key not in known:
        domains, gpus = shape
        # SimGrid has no messages of 2 GiB and more. Both sizes are bound by bandwidth: latency is under 1 %.
        simulated_size = "4G" if domains * gpus <= 8 and size == "16G" else size
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["scripts/simulate", "--build", build, "--results", folder, "--run", "r", "--instance", INSTANCE[gpu], "--domains", str(domains),
                            "--domain-gpus", str(gpus), "--sizes", simulated_size, "--nvlink-factor", str(nvlink), "--nic-factor", str(nic), "--no-plots"],
                           check=True, stdout=subprocess.DEVNULL)
            shown = subprocess.run([f"{build}/busbar", "show", "--format", "csv", f"{folder}/r"], check=True, capture_output=True, text=True)
        known[key] = {row["collective"]: float(row["rate"]) for row in csv.DictReader(io.StringIO(shown.stdout))}
    return known[key]


def at_factor(curve, factor):
    """The curve's value at a factor, linear in logarithms between the points of the grid."""
    for (low, below), (high, above) in zip(curve, curve[1:]):
        if factor <= high:
            share = math.log(factor / low) / math.log(high / low)
            return below * (above / below) ** share
    return curve[-1][1]


def fitted(curves, figures):
    """The factor with the least sum of squared log errors over these shapes."""
    fine = [GRID[0] + i * (GRID[-1] - GRID[0]) / 500 for i in range(501)]
    return min(fine, key=lambda f: sum(math.log(at_factor(curves[s], f) / figures[s]) ** 2 for s in figures))


def factor_text(factor):
    """At an end of the grid the best factor may lie beyond it: the fit then says no more than that."""
    ends = {GRID[0]: " or less", GRID[-1]: " or more"}
    return f"{factor:.2f}" + next((words for end, words in ends.items() if math.isclose(factor, end)), "")


def predict_each(collective, figures, curves, level):
    errors = []
    for left_out, figure in sorted(figures.items()):
        factor = fitted(curves, {s: v for s, v in figures.items() if s != left_out})
        predicted = at_factor(curves[left_out], factor)
        errors.append(100 * (predicted / figure - 1))
        domains, gpus = left_out
        print(f"| {collective} | {domains} x {gpus} | {figure:.1f} | {curves[left_out][GRID.index(1.0)][1]:.1f} | {level} {factor_text(factor)} | "
              f"{predicted:.1f} | {errors[-1]:+.1f} |", flush=True)
    return errors


print(f"| {gpu}, {size} | domains x GPUs | published GB/s | simulated, factors 1 | factor from the others | predicted | error % |")
print("|---|---|---:|---:|---:|---:|---:|")
every = []
for collective, figures in published().items():
    inside = {s: v for s, v in figures.items() if s[0] == 1}
    across = {s: v for s, v in figures.items() if s[0] > 1}
    if len(inside) < 2:
        sys.exit(f"prediction: results/published.tsv has {len(inside)} figures of {collective} on {gpu} in one domain; two are needed")
    curves = {s: [(f, simulated(s, f, 1)[collective]) for f in GRID] for s in inside}
    every += predict_each(collective, inside, curves, "NVLink")
    nvlink = fitted(curves, inside)
    if len(across) > 1:
        curves = {s: [(f, simulated(s, nvlink, f)[collective]) for f in GRID] for s in across}
        every += predict_each(collective, across, curves, f"NVLink {factor_text(nvlink)}, NIC")
print(f"median of the absolute errors {statistics.median(map(abs, every)):.1f} %, largest {max(map(abs, every)):.1f} %, of {len(every)} predictions")
