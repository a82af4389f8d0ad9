#!/usr/bin/env python3
"""Regenerates tests/data/statistics.tsv: what SciPy, R (where Rscript is present) and plain enumeration say.

Nothing here shares code or method with bench/stats: distributions come from SciPy, or from visiting every relabelling,
every assignment of signs and every subset of hypotheses. Usage: tests/data/statistics.py > tests/data/statistics.tsv
Rows: kind, parameters, first list, second list, expected values; lists are separated by blanks.
"""
import itertools
import shutil
import subprocess
import sys

import numpy as np
import scipy
from scipy import stats

rng = np.random.default_rng(20240607)


def text(values):
    return " ".join(repr(float(v)) for v in np.ravel(values))


def row(kind, parameters, first, second, expected):
    print("\t".join([kind, text(parameters) or "-", text(first) or "-", text(second) or "-", text(expected)]))


def r(code):
    """Numbers that R prints for the code, or None without R."""
    if not shutil.which("Rscript"):
        return None
    out = subprocess.run(["Rscript", "--vanilla", "-e", f"cat(format({code}, digits=17))"], capture_output=True, text=True)
    if out.returncode or not out.stdout:
        sys.exit(f"Rscript failed on {code}: {out.stderr}")
    return [float(v) for v in out.stdout.split()]


def agree(what, mine, other):
    if other is not None and not np.allclose(mine, other, rtol=1e-7, atol=1e-12):
        sys.exit(f"{what}: enumeration says {mine}, R says {other}")


def vector(values):
    return "c(" + ",".join(repr(float(v)) for v in values) + ")"


def samples(m, n, ties):
    x, y = rng.normal(0, 1, m), rng.normal(0.7, 1, n)
    return (np.round(x * 2) / 2, np.round(y * 2) / 2) if ties else (x, y)


def interval(sorted_values, statistic_values, alpha):
    """Order statistics c and count + 1 - c, c the largest with P(statistic < c) <= alpha / 2, by enumeration."""
    count = len(sorted_values)
    c = max(k for k in range(count + 1) if np.mean(statistic_values < k - 1e-9) <= alpha / 2 + 1e-12)
    lo, hi = (sorted_values[c - 1], sorted_values[count - c]) if c else (sorted_values[0], sorted_values[-1])
    return [np.median(sorted_values), lo, hi, float(c > 0)]


def two_samples():
    for m, n, ties in [(5, 5, 0), (6, 6, 0), (6, 6, 1), (3, 3, 0), (4, 4, 0), (5, 7, 1), (8, 6, 1), (8, 8, 0), (2, 9, 1), (1, 6, 0)]:
        x, y = samples(m, n, ties)
        u = np.array([sum(c) for c in itertools.combinations(range(1, m + n + 1), n)]) - n * (n + 1) / 2
        differences = np.sort((y[None, :] - x[:, None]).ravel())
        shift = interval(differences, u, 0.05)
        if not ties and shift[3]:
            agree("conf.int", shift[1:3], r(f"wilcox.test({vector(y)},{vector(x)},conf.int=TRUE,exact=TRUE)$conf.int"))
        row("hodges_lehmann", [0.05], x, y, shift)


def pairs():
    for n, ties in [(6, 0), (6, 1), (9, 0), (12, 1), (5, 0), (14, 1)]:
        d = samples(n, n, ties)[1]
        w = np.array([np.dot(s, range(1, n + 1)) for s in itertools.product((0, 1), repeat=n)])
        walsh = np.sort([(d[i] + d[j]) / 2 for i in range(n) for j in range(i, n)])
        shift = interval(walsh, w, 0.05)
        if not ties and shift[3]:
            agree("paired conf.int", shift[1:3], r(f"wilcox.test({vector(d)},conf.int=TRUE,exact=TRUE)$conf.int"))
        row("hodges_lehmann_paired", [0.05], d, [], shift)


def holm():
    """Closed testing: a hypothesis is rejected when every subset that holds it is rejected by Bonferroni's test."""
    for n in (1, 4, 9):
        p = np.round(rng.random(n) ** 3, 3)
        adjusted = [max(min(1, len(s) * min(p[list(s)])) for k in range(1, n + 1)
                        for s in itertools.combinations(range(n), k) if i in s) for i in range(n)]
        agree("p.adjust", adjusted, r(f"p.adjust({vector(p)},'holm')"))
        row("holm", [], p, [], adjusted)


def over(difference, below):
    if abs(difference) < 1e-13:
        return 0.0
    return difference / below if below > 1e-13 else np.copysign(np.inf, difference)


def statistic(base, fresh, every):
    """As bench/stats/maxt.h words it, with SciPy's trimmed mean and median absolute deviation."""
    base, fresh, every = (v[~np.isnan(v)] for v in (base, fresh, every))
    if len(base) < 2 or len(fresh) < 2:
        return 0.0
    deviation = np.concatenate([np.abs(base - np.median(base)), np.abs(fresh - np.median(fresh))]).mean()
    difference = stats.trim_mean(fresh, 0.2) - stats.trim_mean(base, 0.2)
    scale = 0.1 * stats.median_abs_deviation(every, scale=0.6744897501960817)
    return over(difference, deviation + scale)


def paired_statistic(d):
    d = d[~np.isnan(d)]
    if len(d) < 2:
        return 0.0
    scale = 0.1 * np.median(np.abs(d)) / 0.6744897501960817
    return over(stats.trim_mean(d, 0.2), np.abs(d - np.median(d)).mean() + scale)


def relabelled(values, base, paired):
    """Statistics of all cases (rows) under every relabelling of one group; the observed one first."""
    count = values.shape[1]
    if paired:
        d = values[:, base:] - values[:, :base]
        return np.array([[paired_statistic(c * np.array(s)) for c in d] for s in itertools.product((1, -1), repeat=base)])
    out = []
    for chosen in itertools.combinations(range(count), base):
        rest = [i for i in range(count) if i not in chosen]
        out.append([statistic(c[list(chosen)], c[rest], c) for c in values])
    return np.array(out)


def reaches(values, observed):
    return values >= (observed - 1e-9 * abs(observed) if np.isfinite(observed) else observed)


def max_t(groups):
    """Step-down by its definition over the joint enumeration of all groups' relabellings (a product), in both directions."""
    tables = [relabelled(*g) for g in groups]
    joint = np.array([np.concatenate(rows) for rows in itertools.product(*tables)])
    single = [np.mean(reaches(joint[:, i], joint[0, i])) for i in range(joint.shape[1])]
    both = []
    for table in (joint, -joint):
        observed = table[0]
        order = np.argsort(-observed, kind="stable")
        adjusted, last = np.zeros(len(observed)), 0
        for k, i in enumerate(order):
            last = max(last, np.mean(reaches(table[:, order[k:]].max(axis=1), observed[i])))
            adjusted[i] = last
        both.append(adjusted)
    return joint[0], single, *both


def relabelling():
    def case(cases, base, fresh, ties=0, effect=0.0, gap=0, paired=0):
        values = rng.normal(0, 0.01, (cases, base + fresh)) + rng.normal(0, 0.005, base + fresh)
        values[0, base:] += effect
        if ties:
            values = np.round(values, 2)
        if gap:
            values[-1, 1] = np.nan
        return values, base, bool(paired)

    def constants(base, fresh, levels, one_off=0):
        """Sides of one value each: what rounds, or divides by no scatter, shows here. Beside them a case that scatters."""
        values = np.array([[b] * base + [f] * fresh for b, f in levels] + [list(rng.normal(0, 0.01, base + fresh))], dtype=float)
        if one_off:
            values[0, 0] += one_off
        values[-1, base:] += 0.02
        return values, base, False

    for groups in [
        [case(1, 5, 5, effect=0.03)], [case(4, 5, 5, effect=0.05)], [case(5, 6, 6, effect=0.02)], [case(4, 6, 6, ties=1, effect=0.02)],
        [case(3, 4, 6, gap=1, effect=0.03)], [case(2, 3, 3, effect=0.1), case(2, 4, 3, effect=0.05)],
        [case(3, 8, 8, paired=1, effect=0.02)], [case(3, 7, 7, paired=1, ties=1, gap=1)],
        [case(2, 3, 3), case(1, 5, 5, paired=1, effect=0.05), case(1, 2, 3)], [case(2, 1, 4)],
        [constants(7, 6, [(0, 0), (0, 0.2)])], [constants(6, 5, [(5.9, 5.9), (np.log(5), np.log(5)), (1, 1.0001)])],
        [constants(4, 4, [(0, 1e6), (0, 1e-6), (-700, 700)])], [constants(7, 6, [(6.1, 6.1)], one_off=1), ],
    ]:
        observed, single, slower, faster = max_t(groups)
        shape = [x for v, base, paired in groups for x in (base, v.shape[1] - base, paired, v.shape[0])]
        row("max_t", shape, np.concatenate([v.ravel() for v, _, _ in groups]), [], np.concatenate([observed, single, slower, faster]))


def skipped_t(x, y):
    """As bench/stats/tolerance.h words it, by masks and SciPy's t_ind instead of ordered ends."""
    if len(x) < 2 or len(y) < 2:
        return 0.0
    sides, off = [x, y], [np.abs(x - np.median(x)), np.abs(y - np.median(y))]

    def sigma(deviations, fitted):
        return np.median(deviations) / stats.norm.ppf(0.75) * len(deviations) / (len(deviations) - 1.2 * fitted)
    pooled = sigma(np.concatenate(off), 2) if len(x) + len(y) > 3 else 0
    cuts = [4 * max(pooled, sigma(o, 1)) for o in off]
    excess = np.concatenate([o / c if c > 0 else 0 * o for o, c in zip(off, cuts)])
    keep = np.ones(len(excess), bool)
    for i in np.argsort(-excess, kind="stable")[:max(1, len(excess) // 10)]:
        if excess[i] > 1 and keep[: len(x)].sum() - (i < len(x)) >= 2 and keep[len(x):].sum() - (i >= len(x)) >= 2:
            keep[i] = False
    x, y = (s[k] for s, k in zip(sides, (keep[: len(x)], keep[len(x):])))
    difference, variance = y.mean() - x.mean(), x.var(ddof=1) / len(x) + y.var(ddof=1) / len(y)
    if abs(difference) < 1e-12 or variance < 1e-28:
        return 0.0 if abs(difference) < 1e-12 else np.copysign(np.inf, difference)
    welch = stats.ttest_ind(y, x, equal_var=False).statistic
    assert np.isclose(welch, difference / np.sqrt(variance))
    return welch


def tolerance_p(x, y, shift):
    """One-sided p of "at most shift" and "at least shift", over every choice of len(y) of all values."""
    every, m = np.concatenate([x, y - shift]), len(x)
    observed = skipped_t(every[:m], every[m:])
    ts = []
    for chosen in itertools.combinations(range(len(every)), len(y)):
        rest = [i for i in range(len(every)) if i not in chosen]
        ts.append(skipped_t(every[rest], every[list(chosen)]))
    ts = np.array(ts)
    return np.mean(reaches(ts, observed)), np.mean(reaches(-ts, -observed))


def tolerance_p_paired(d, shift):
    d = d - shift
    ts = np.array([paired_statistic(d * np.array(s)) for s in itertools.product((1, -1), repeat=len(d))])
    return np.mean(reaches(ts, ts[0])), np.mean(reaches(-ts, -ts[0]))


def tolerances():
    """The launches of issue 13 (855 us among 429 to 449, against 561 to 686), ties, constants, one value, huge ratios."""
    known = np.log([855, 442, 438, 449, 429, 432]), np.log([561, 580, 602, 625, 655, 686.0])
    rounded = np.round(rng.normal(0, 0.02, 6), 2), np.round(rng.normal(0.03, 0.02, 5), 2)
    for x, y, delta in [(*known, 0.03), (rng.normal(0, 0.02, 6), rng.normal(0.05, 0.02, 6), 0.03), (*rounded, 0.01),
                        (rng.normal(0, 0.01, 7), rng.normal(0.02, 0.05, 4), 0.03), (np.zeros(5), np.full(6, 0.2), 0.1),
                        (np.full(4, 6.2), np.full(5, 6.2), 0.03), (rng.normal(0, 0.01, 4), rng.normal(12, 0.01, 4), 0.03),
                        (np.array([1.0]), np.array([1.0, 1.1, 1.2]), 0.03), (np.array([0, 0, 0, 0, 5.0]), np.zeros(4), 0.03)]:
        d = np.log1p(delta)
        upper, lower = tolerance_p(x, y, d), tolerance_p(x, y, -d)
        row("tolerance", [delta], x, y, [upper[0], lower[1], upper[1], lower[0]])
    for d, delta in [(rng.normal(0.05, 0.02, 7), 0.03), (rng.normal(0, 0.02, 8), 0.03), (np.full(6, 0.1), 0.03)]:
        upper, lower = tolerance_p_paired(d, np.log1p(delta)), tolerance_p_paired(d, -np.log1p(delta))
        row("tolerance_paired", [delta], d, [], [upper[0], lower[1], upper[1], lower[0]])


def student():
    for freedom in (1, 2, 3, 4, 5, 10, 11, 30, 5000):
        for t in (-3.0, 0.0, 0.5, 2.2) + ((12.0, 150.0) if freedom < 1000 else ()):
            row("student_upper", [t, freedom], [], [], [stats.t.sf(t, freedom)])
        row("student_quantile", [0.95, freedom], [], [], [stats.t.ppf(0.95, freedom)])
    for x, y in [(rng.normal(0, 1, 6), rng.normal(0, 5, 6)), (rng.normal(0, 1, 12), rng.normal(1, 3, 4))]:
        test = stats.ttest_ind(y, x, equal_var=False)
        row("welch", [], x, y, [y.mean() - x.mean(), (y.mean() - x.mean()) / test.statistic, min(len(x), len(y)) - 1])
    # Of six values or more, one that is further from the others than three times their range does not count.
    # kept: how many of the first count; None: all but the first.
    usual = np.log([561, 580, 602, 625, 655, 686.0])
    for x, kept in [([442, 438, 449, 429, 432, 855], 5), ([200, 438, 449, 429, 442, 432], None), ([438, 449, 429, 442, 510], 5),
                    ([438, 449, 429, 442, 432, 508], 6), ([442, 442, 442, 442, 442, 855], 6)]:
        x = np.log(x)
        counted = x[1:] if kept is None else x[:kept]
        test = stats.ttest_ind(usual, counted, equal_var=False)
        difference = usual.mean() - counted.mean()
        row("welch", [], x, usual, [difference, difference / test.statistic, min(len(counted), 6) - 1])


def pooled():
    """Student's t of few allocations. One value against a sample: Crawford and Howell's formula of 1998."""
    values = np.random.default_rng(1998)
    for m, n, shift in [(3, 1, 0.7), (4, 1, 0.02), (1, 4, 0.7), (2, 2, 0.1), (3, 3, 0.05), (2, 3, -0.1), (12, 3, 0.03), (12, 1, 0.03)]:
        x, y, tolerance = values.normal(0, 0.02, m), values.normal(shift, 0.02, n), np.log1p(0.03)
        moved = [y - tolerance, y, -y, -y - tolerance]
        if min(m, n) == 1:
            many, one = (x, y) if n == 1 else (y, x)
            error, freedom = many.std(ddof=1) * np.sqrt(1 + 1 / len(many)), len(many) - 1
            p = [stats.t.sf((v.mean() - sign * x.mean()) / error, freedom) for v, sign in zip(moved, (1, 1, -1, -1))]
        else:
            tests = [stats.ttest_ind(v, sign * x, alternative="greater") for v, sign in zip(moved, (1, 1, -1, -1))]
            p, error, freedom = [t.pvalue for t in tests], (y.mean() - x.mean()) / tests[1].statistic, m + n - 2
        row("pooled", [tolerance], x, y, [y.mean() - x.mean(), error, freedom, *p])
    row("pooled", [0.03], [1.0, 1.0, 1.0], [1.5], [0.5, 0.03 / np.sqrt(12) * np.sqrt(4 / 3), 2,
                                                   *(stats.t.sf(v / (0.03 / np.sqrt(9)), 2) for v in (0.47, 0.5, -0.5, -0.53))])


def distributions():
    for p in (1e-9, 0.025, 0.1, 0.5, 0.8, 0.975, 1 - 1e-6):
        row("normal_quantile", [p], [], [], [stats.norm.ppf(p)])
    for n in (5, 6, 10, 20, 31, 100, 500):
        j = max([k for k in range(1, n) if stats.binom.cdf(k - 1, n, 0.5) <= 0.025], default=0)
        row("median_interval", [n, 0.05], [], [], [j])


print(f"# regenerate: tests/data/statistics.py; made with SciPy {scipy.__version__}"
      f"{' and R' if shutil.which('Rscript') else ''}, and by enumeration")
two_samples()
pairs()
holm()
relabelling()
distributions()
tolerances()
student()
pooled()
