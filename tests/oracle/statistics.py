#!/usr/bin/env python3
"""Regenerates tests/golden/statistics.tsv: what SciPy, R (where Rscript is present) and plain enumeration say.

Nothing here shares code or method with bench/stats: distributions come from SciPy, or from visiting every relabelling,
every assignment of signs and every subset of hypotheses. Usage: tests/oracle/statistics.py > tests/golden/statistics.tsv
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


def rank_sum_all(x, y):
    """Two-sided p by visiting every choice of len(y) of all mid-ranks."""
    ranks = stats.rankdata(np.concatenate([x, y]))
    centre = len(y) * (len(ranks) + 1) / 2
    far = abs(ranks[len(x):].sum() - centre) - 1e-9
    sums = np.array([sum(c) for c in itertools.combinations(ranks, len(y))])
    return np.mean(np.abs(sums - centre) >= far)


def signed_rank_all(d):
    d = d[d != 0]
    if len(d) == 0:
        return 1.0
    ranks = stats.rankdata(np.abs(d))
    sums = np.array([np.dot(s, ranks) for s in itertools.product((0, 1), repeat=len(d))])
    centre = ranks.sum() / 2
    return np.mean(np.abs(sums - centre) >= abs(ranks[d > 0].sum() - centre) - 1e-9)


def interval(sorted_values, statistic_values, alpha):
    """Order statistics c and count + 1 - c, c the largest with P(statistic < c) <= alpha / 2, by enumeration."""
    count = len(sorted_values)
    c = max(k for k in range(count + 1) if np.mean(statistic_values < k - 1e-9) <= alpha / 2 + 1e-12)
    lo, hi = (sorted_values[c - 1], sorted_values[count - c]) if c else (sorted_values[0], sorted_values[-1])
    return [np.median(sorted_values), lo, hi, float(c > 0)]


def two_samples():
    for m, n, ties in [(5, 5, 0), (6, 6, 0), (6, 6, 1), (3, 3, 0), (4, 4, 0), (5, 7, 1), (8, 6, 1), (8, 8, 0), (2, 9, 1), (1, 6, 0)]:
        x, y = samples(m, n, ties)
        p = rank_sum_all(x, y)
        if not ties:
            assert np.isclose(p, stats.mannwhitneyu(x, y, method="exact").pvalue)
            agree("wilcox.test", [p], r(f"wilcox.test({vector(y)},{vector(x)},exact=TRUE)$p.value"))
        row("mann_whitney", [], x, y, [p])
        u = np.array([sum(c) for c in itertools.combinations(range(1, m + n + 1), n)]) - n * (n + 1) / 2
        differences = np.sort((y[None, :] - x[:, None]).ravel())
        shift = interval(differences, u, 0.05)
        if not ties and shift[3]:
            agree("conf.int", shift[1:3], r(f"wilcox.test({vector(y)},{vector(x)},conf.int=TRUE,exact=TRUE)$conf.int"))
        row("hodges_lehmann", [0.05], x, y, shift)
    for m, n in [(20, 25), (50, 50)]:
        x, y = samples(m, n, 0)
        row("mann_whitney", [], x, y, [stats.mannwhitneyu(x, y, method="exact").pvalue])
    x, y = samples(60, 70, 1)
    row("mann_whitney", [], x, y, [stats.mannwhitneyu(x, y, method="asymptotic", use_continuity=True).pvalue])


def pairs():
    for n, ties in [(6, 0), (6, 1), (9, 0), (12, 1), (5, 0), (14, 1)]:
        d = samples(n, n, ties)[1]
        p = signed_rank_all(d)
        if not ties:
            assert np.isclose(p, stats.wilcoxon(d, method="exact").pvalue)
            agree("signed rank", [p], r(f"wilcox.test({vector(d)},exact=TRUE)$p.value"))
        row("signed_rank", [], d, [], [p])
        w = np.array([np.dot(s, range(1, n + 1)) for s in itertools.product((0, 1), repeat=n)])
        walsh = np.sort([(d[i] + d[j]) / 2 for i in range(n) for j in range(i, n)])
        shift = interval(walsh, w, 0.05)
        if not ties and shift[3]:
            agree("paired conf.int", shift[1:3], r(f"wilcox.test({vector(d)},conf.int=TRUE,exact=TRUE)$conf.int"))
        row("hodges_lehmann_paired", [0.05], d, [], shift)
    row("signed_rank", [], [0, 0, 0], [], [1.0])


def holm():
    """Closed testing: a hypothesis is rejected when every subset that holds it is rejected by Bonferroni's test."""
    for n in (1, 4, 9):
        p = np.round(rng.random(n) ** 3, 3)
        adjusted = [max(min(1, len(s) * min(p[list(s)])) for k in range(1, n + 1)
                        for s in itertools.combinations(range(n), k) if i in s) for i in range(n)]
        agree("p.adjust", adjusted, r(f"p.adjust({vector(p)},'holm')"))
        row("holm", [], p, [], adjusted)


def statistic(base, fresh, every):
    """As bench/stats/maxt.h words it, with SciPy's trimmed mean and median absolute deviation."""
    base, fresh, every = (v[~np.isnan(v)] for v in (base, fresh, every))
    if len(base) < 2 or len(fresh) < 2:
        return 0.0
    deviation = np.concatenate([np.abs(base - np.median(base)), np.abs(fresh - np.median(fresh))]).mean()
    difference = abs(stats.trim_mean(fresh, 0.2) - stats.trim_mean(base, 0.2))
    scale = 0.1 * stats.median_abs_deviation(every, scale=0.6744897501960817)
    return 0.0 if difference < 1e-14 else difference / (deviation + scale)


def paired_statistic(d):
    d = d[~np.isnan(d)]
    if len(d) < 2:
        return 0.0
    scale = 0.1 * np.median(np.abs(d)) / 0.6744897501960817
    mean = abs(stats.trim_mean(d, 0.2))
    return 0.0 if mean < 1e-14 else mean / (np.abs(d - np.median(d)).mean() + scale)


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


def max_t(groups):
    """Step-down by its definition over the joint enumeration of all groups' relabellings (a product)."""
    tables = [relabelled(*g) for g in groups]
    joint = np.array([np.concatenate(rows) for rows in itertools.product(*tables)])
    observed = joint[0]
    order = np.argsort(-observed, kind="stable")
    single = [np.mean(joint[:, i] >= observed[i] - 1e-9) for i in range(len(observed))]
    adjusted, last = np.zeros(len(observed)), 0
    for k, i in enumerate(order):
        last = max(last, np.mean(joint[:, order[k:]].max(axis=1) >= observed[i] - 1e-9))
        adjusted[i] = last
    return observed, single, adjusted


def relabelling():
    def case(cases, base, fresh, ties=0, effect=0.0, gap=0, paired=0):
        values = rng.normal(0, 0.01, (cases, base + fresh)) + rng.normal(0, 0.005, base + fresh)
        values[0, base:] += effect
        if ties:
            values = np.round(values, 2)
        if gap:
            values[-1, 1] = np.nan
        return values, base, bool(paired)

    for groups in [
        [case(1, 5, 5, effect=0.03)], [case(4, 5, 5, effect=0.05)], [case(5, 6, 6, effect=0.02)], [case(4, 6, 6, ties=1, effect=0.02)],
        [case(3, 4, 6, gap=1, effect=0.03)], [case(2, 3, 3, effect=0.1), case(2, 4, 3, effect=0.05)],
        [case(3, 8, 8, paired=1, effect=0.02)], [case(3, 7, 7, paired=1, ties=1, gap=1)],
        [case(2, 3, 3), case(1, 5, 5, paired=1, effect=0.05), case(1, 2, 3)], [case(2, 1, 4)],
    ]:
        observed, single, adjusted = max_t(groups)
        shape = [x for v, base, paired in groups for x in (base, v.shape[1] - base, paired, v.shape[0])]
        row("max_t", shape, np.concatenate([v.ravel() for v, _, _ in groups]), [], np.concatenate([observed, single, adjusted]))


def distributions():
    for p in (1e-9, 0.025, 0.1, 0.5, 0.8, 0.975, 1 - 1e-6):
        row("normal_quantile", [p], [], [], [stats.norm.ppf(p)])
    for n in (5, 6, 10, 20, 31, 100, 500):
        j = max([k for k in range(1, n) if stats.binom.cdf(k - 1, n, 0.5) <= 0.025], default=0)
        row("median_interval", [n, 0.05], [], [], [j, 1 - 2 * stats.binom.cdf(j - 1, n, 0.5) if j else 0])


print(f"# regenerate: tests/oracle/statistics.py; made with SciPy {scipy.__version__}"
      f"{' and R' if shutil.which('Rscript') else ''}, and by enumeration")
two_samples()
pairs()
holm()
relabelling()
distributions()
