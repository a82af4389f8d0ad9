"""Launches all-reduce of busbar and of other tools in turns and prints how their figures compare. Started by peers.sh."""

import csv, io, math, os, random, re, statistics, subprocess, sys, time

build, work = sys.argv[1:3]
env = os.environ
ranks, launches, seconds = int(env["RANKS"]), int(env["LAUNCHES"]), float(env["SECONDS_EACH"])
ITERATIONS_MOST = 10**8


def stop(line, status=5):
    print(f"peers: {line}", file=sys.stderr)
    sys.exit(status)


def size_in_bytes(text):
    match = re.fullmatch(r"(\d+)([KMG]?)", text)
    if not match:
        stop(f"SIZES: '{text}' is not a size such as 8, 64K or 1M", 2)
    return int(match[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[match[2]]


def shown(path):
    """The rows of `busbar show`, which reads measured and imported records alike."""
    out = subprocess.run([f"{build}/busbar", "show", "--format", "csv", path], capture_output=True, text=True)
    if out.returncode:
        stop(f"busbar show: {out.stderr.strip()}")
    return list(csv.DictReader(io.StringIO(out.stdout)))


class Tool:
    """A program under mpirun. `amount` is what sets how long a launch takes: iterations, or seconds of sampling."""

    def __init__(self, name, program):
        self.name, self.program, self.count = name, program, 0
        self.trouble = f"{name} does not start"
        self.may_be_late = False  # the time may end before the first sample: such a launch is repeated with more time
        self.amount = {}
        self.median = math.nan  # of the last launch; NAN if the tool prints only a mean

    def run(self, size, amount, launch):
        """Returns the figure in us and the wall time in s."""
        self.count += 1
        out_path = f"{work}/{self.name}-{self.count}"
        command = [env["MPIRUN"], *env["MPIRUN_FLAGS"].split(), "-np", str(ranks), self.program, *self.arguments(size, amount)]
        start = time.monotonic()
        with open(out_path, "w") as out:
            ended = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, env={**env, "PEERS_LAUNCH": str(launch)})
        wall = time.monotonic() - start
        late = self.may_be_late and ended.returncode == 5 and "nothing was measured" in ended.stderr
        if ended.returncode and not late:
            lines = [l for l in (ended.stderr + open(out_path).read()).splitlines() if re.search(r"\w", l)]
            stop(f"{self.trouble} (status {ended.returncode} of {' '.join(command)}): {lines[0] if lines else 'no message'}")
        figure = 0 if late else self.figure(out_path, size)
        if not figure > 0 and self.may_be_late and amount < 4 * seconds:
            return self.run(size, amount + seconds / 2, launch)
        if not figure > 0:
            stop(f"{self.name}: no figure for {size} bytes in the output of {' '.join(command)}")
        return figure, wall

    def launch(self, size, launch):
        figure, wall = self.run(size, self.amount[size], launch)
        self.amount[size] = self.adjusted(size, wall)
        return figure, wall


class Iterating(Tool):
    """Told the number of iterations."""

    def calibrate(self, sizes):
        """Start-up by the shortest of three launches of one iteration, then the rate of each size."""
        self.startup_s = min(self.run(sizes[0], 1, 0)[1] for _ in range(3))
        if self.startup_s > 0.8 * seconds:
            stop(f"{self.name} takes {self.startup_s:.2f} s to start: give SECONDS_EACH of at least {2 * self.startup_s:.1f}", 2)
        for size in sizes:
            self.amount[size] = self.first_amount(size)

    def first_amount(self, size):
        n = 100
        while True:
            spent = self.run(size, n, 0)[1] - self.startup_s
            if spent > 0.3 * (seconds - self.startup_s) or n >= ITERATIONS_MOST:
                return self.scaled(n, spent)
            n *= 4

    def scaled(self, n, spent):
        wanted = n * (seconds - self.startup_s) / max(spent, 1e-3)
        return max(10, min(ITERATIONS_MOST, int(wanted)))

    def adjusted(self, size, wall):
        return self.scaled(self.amount[size], wall - self.startup_s)

    def imported(self, path, size, *flags):
        """The figure of the file at `path`, as busbar import reads it."""
        out = f"{work}/imported/{os.path.basename(path)}"
        command = [f"{build}/busbar", "import", "--output", out, "--run", "r", *flags, path]
        ended = subprocess.run(command, capture_output=True, text=True)
        if ended.returncode:
            stop(f"{self.name}: its output cannot be read: {(ended.stderr.strip().splitlines() or ['no message'])[-1]}")
        for row in shown(out):
            if int(row["ranks"] or 0) != ranks:
                stop(f"{self.name} ran on {row['ranks'] or 'an unknown number of'} ranks, not on {ranks}: is it built with MPI?")
            if int(row["bytes"]) == size and row["placement"] == "out_of_place":
                return float(row["time_us"])
        return 0


class Osu(Iterating):
    says = "mean over iterations of each rank, averaged over ranks; a barrier after each operation; the same buffers"

    def __init__(self, name, program):
        super().__init__(name, program)
        try:
            help_text = subprocess.run([program, "-h"], capture_output=True, text=True, timeout=60).stdout
        except (OSError, subprocess.TimeoutExpired):
            help_text = ""  # the first launch reports the error
        self.has_percentiles = "--tail-lat" in help_text  # OSU 7.4 and later

    def arguments(self, size, n):
        return ["-T", "mpi_float", "-m", f"{size}:{size}", "-i", str(n), *(["-z50"] if self.has_percentiles else [])]

    def figure(self, path, size):
        rows = [line.split() for line in open(path) if line.split()[:1] == [str(size)]]
        self.median = float(rows[0][-1]) if self.has_percentiles and rows else math.nan
        return self.imported(path, size, "--ranks", str(ranks))


class Imb(Iterating):
    says = "t_avg: mean over iterations of each rank, averaged over ranks; a barrier after each operation; the same buffers"

    def arguments(self, size, n):
        with open(f"{work}/lengths-{size}", "w") as lengths:
            lengths.write(f"{size}\n")
        # Exactly n iterations, however long they take: no limit by volume (MB) or time (s).
        return ["Allreduce", "-npmin", str(ranks), "-msglen", f"{work}/lengths-{size}", "-iter", f"{n},1000000,100,off", "-time", "1000"]

    def figure(self, path, size):
        for line in open(path):
            words = line.split()
            if len(words) >= 5 and words[0] == str(size) and words[1].isdigit():
                return float(words[4])
        return 0


class NcclTests(Iterating):
    says = "operations back to back, wall-clock time over all of them, averaged over ranks (out of place); the same buffers"

    def arguments(self, size, n):
        return ["-b", str(size), "-e", str(size), "-g", "1", "-d", "float", "-o", "sum", "-w", "5", "-n", str(n), "-c", "0"]

    def figure(self, path, size):
        return self.imported(path, size)


class Busbar(Tool):
    """Told how many seconds to sample."""

    LEAST_S = 0.1  # the smallest value that --time-budget accepts

    def __init__(self, cache, pipelined):
        super().__init__(f"busbar-{'pipelined-' if pipelined else ''}{cache}", f"{build}/all_reduce")
        self.cache, self.pipelined = cache, pipelined
        self.may_be_late = True
        if pipelined:
            self.trouble = "no GPU that NCCL can use, so nothing to compare nccl-tests with"

    def arguments(self, size, amount):
        kind = ["--backend", "nccl", "--mode", "pipelined"] if self.pipelined else ["--backend", "mpi", "--mode", "isolated", "--sync", "barrier"]
        # A precision that is never reached, so that the whole budget is used. No verification, as in the other tools.
        return [*kind, "--cache", self.cache, "--sizes", str(size), "-d", "float", "-o", "sum", "--placement", "out_of_place", "-c", "0",
                "--precision", "0.01", "--time-budget", f"{amount:.4f}s", "--output", f"{work}/records/{self.name}", "--run", str(self.count), "--launch", "l"]

    def figure(self, _, size):
        rows = shown(f"{work}/records/{self.name}/{self.count}")
        return next((float(r["time_us"] or 0) for r in rows if int(r["bytes"]) == size), 0)

    def calibrate(self, sizes):
        """The budget does not include mpirun's own start."""
        wall = self.run(sizes[0], seconds, 0)[1]
        budget = 2 * seconds - wall
        if budget < 2 * self.LEAST_S:
            stop(f"busbar takes {wall - seconds:.2f} s to start: give SECONDS_EACH of at least {2 * (wall - seconds) + 0.2:.1f}", 2)
        self.amount = dict.fromkeys(sizes, budget)

    def adjusted(self, size, wall):
        return max(self.LEAST_S, self.amount[size] + (seconds - wall) / 2)


def interval(logs):
    """Hodges-Lehmann estimate of paired log ratios and the exact interval that inverts Wilcoxon's signed-rank test (Hollander, Wolfe & Chicken,
    sections 3.2 and 3.3); without one at 95 % (fewer than six pairs) minimum and maximum."""
    n = len(logs)
    walsh = sorted((logs[i] + logs[j]) / 2 for i in range(n) for j in range(i, n))
    ways = [1] + [0] * (n * (n + 1) // 2)  # ways[s]: the number of subsets of the ranks 1..n with sum s
    for rank in range(1, n + 1):
        for total in range(len(ways) - 1, rank - 1, -1):
            ways[total] += ways[total - rank]
    below, k = 0, 0  # k: the number of Walsh averages outside the interval, at each end
    while k < len(walsh) // 2 and (below + ways[k]) / 2**n <= 0.025:
        below += ways[k]
        k += 1
    return math.exp(statistics.median(walsh)), math.exp(walsh[max(k - 1, 0)]), math.exp(walsh[-max(k, 1)]), k > 0


def distance():
    out = subprocess.run([f"{build}/benchmark/distance"], capture_output=True, text=True)
    return float(out.stdout) if out.returncode == 0 else math.nan


def state(before, after, near):
    """Of the machine during a launch; `near`: the shortest distance seen. The far state is 3 to 4 times that where there is one."""
    far = [d > 1.8 * near for d in (before, after)]
    return "moved" if far[0] != far[1] else "far" if far[0] else "near"


def compare(peer, ours, sizes):
    """Rounds in which every tool launches once, in random order; sizes one after the other."""
    rng = random.Random(int(env["SEED"]) if env["SEED"] else None)
    for tool in (*ours, peer):
        tool.calibrate(sizes)
    taken = []  # (size, round, tool, figure, wall, distance before, after)
    for number in range(1, launches + 1):
        for size in rng.sample(sizes, len(sizes)):
            for tool in rng.sample([*ours, peer], len(ours) + 1):
                before = distance()
                figure, wall = tool.launch(size, number)
                taken.append((size, number, tool.name, figure, wall, before, distance(), tool.median))
    report(peer, ours, sizes, taken)


def report(peer, ours, sizes, taken):
    distances = [d for t in taken for d in t[5:7] if d > 0]
    near = min(distances, default=math.nan)
    print(f"\n{peer.name}: {peer.says}")
    kind = "median over batches of operations back to back, slowest rank" if ours[0].pipelined else "median over operations of the slowest rank's time; a barrier before each operation"
    print(f"busbar: {kind}; {peer.name} takes {peer.startup_s:.2f} s to start")
    if distances:
        print(f"round trip of a cache line around the launches: {near:.0f} to {max(distances):.0f} ns; far: more than 1.8 times the shortest")
    print(f"{'':28} | {'us':^21} | {'ratio of medians':^21} | {'max / min':^13} | {'wall time, s':^13}")
    print(f"{'bytes':>8} {'cache':>5} {'launches':>13} | {'busbar':>10} {peer.name:>10} | {'':>6} {'95 %':>14} | {'busbar':>6} {peer.name:>6} | {'busbar':>6} {peer.name:>6}" + ("" if math.isnan(peer.median) else f" | to {peer.name}'s own median"))
    by = {(t[0], t[1], t[2]): t for t in taken}
    for size in sizes:
        for tool in ours:
            rows = [(by[size, n, tool.name], by[size, n, peer.name]) for n in range(1, launches + 1)]
            states = [(state(a[5], a[6], near), state(b[5], b[6], near)) for a, b in rows]
            print_row(size, tool, "all", rows, peer)
            for which in ("near", "far"):
                alike = [r for r, s in zip(rows, states) if s == (which, which)]
                if len(alike) < len(rows) and alike:
                    print_row(size, tool, f"both {which}", alike, peer)


def print_row(size, tool, which, rows, peer):
    pairs = [(a[3], b[3]) for a, b in rows]
    a, b = zip(*pairs)
    _, lo, hi, exact = interval([math.log(x / y) for x, y in pairs])
    known = f"[{lo:.3f}, {hi:.3f}]" if exact else f"{lo:.3f} to {hi:.3f}"
    walls = [statistics.median(r[i][4] for r in rows) for i in (0, 1)]
    print(f"{size:8d} {tool.cache:>5} {f'{which} {len(rows)}':>13} | {statistics.median(a):10.3f} {statistics.median(b):10.3f} | {statistics.median(a) / statistics.median(b):6.3f} {known:>14} | "
          f"{max(a) / min(a):6.2f} {max(b) / min(b):6.2f} | {walls[0]:6.2f} {walls[1]:6.2f}" + ("" if math.isnan(peer.median) else f" | {statistics.median(a) / statistics.median(r[1][7] for r in rows):6.3f}"))


def main():
    kinds = {"osu": Osu, "imb": Imb, "nccl": NcclTests}
    sizes = [size_in_bytes(s) for s in env["SIZES"].split(",")]
    if launches < 2 or ranks < 2 or seconds <= 0:
        stop("LAUNCHES and RANKS are at least 2, SECONDS_EACH is positive", 2)
    processor = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), os.uname().machine)
    print(f"{time.strftime('%Y-%m-%d', time.gmtime())}, {os.cpu_count()} x {processor}, load {os.getloadavg()[0]:.1f}; all-reduce, float, sum, out of place, {ranks} ranks, "
          f"{launches} launches of each tool in random order, {seconds:g} s each")
    for argument in sys.argv[3:]:
        name, program = argument.split("=", 1)
        compare(kinds[name](name, program), [Busbar(cache, name == "nccl") for cache in env["CACHES"].split()], sizes)


main()
