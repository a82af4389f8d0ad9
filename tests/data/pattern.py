#!/usr/bin/env python3
"""Golden vectors of the data patterns (kernels/pattern.h): what each rank sends, and what the reduction over the ranks gives.

Written from the description, apart from the C code: the inputs are values first, turned into bits by searching the type's
values; the reduction is exact arithmetic (fractions) over those inputs, rank after rank, never the code's own shortcut.

usage: pattern.py > pattern.tsv      columns: dtype op ranks seed from rank bits…
       rank "all" is the reduction; op "move" has no reduction: any bits.
"""
import struct
from fractions import Fraction

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
POISON = 0x81
ELEMENTS = 8
PERIOD_BYTES = 1021 * 16

#        name        bytes kind (exponent, mantissa)
TYPES = [("int8", 1, "i"), ("uint8", 1, "u"), ("int32", 4, "i"), ("uint32", 4, "u"), ("int64", 8, "i"), ("uint64", 8, "u"),
         ("half", 2, (5, 10)), ("bfloat16", 2, (8, 7)), ("float", 4, (8, 23)), ("double", 8, (11, 52)),
         ("fp8_e4m3", 1, (4, 3)), ("fp8_e5m2", 1, (5, 2)), ("int16", 2, "i"), ("uint16", 2, "u")]
OPS = ["sum", "prod", "max", "min", "avg", "premulsum"]


def mix(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def value_of(kind, size, bits):
    if kind == "u":
        return Fraction(bits)
    if kind == "i":
        return Fraction(bits - (1 << (8 * size)) if bits >> (8 * size - 1) else bits)
    exponent_bits, mantissa_bits = kind
    bias = (1 << (exponent_bits - 1)) - 1
    exponent, mantissa = bits >> mantissa_bits & ((1 << exponent_bits) - 1), bits & ((1 << mantissa_bits) - 1)
    scale = Fraction(2) ** ((exponent if exponent else 1) - bias)
    value = scale * ((1 if exponent else 0) + Fraction(mantissa, 1 << mantissa_bits))
    return -value if bits >> (8 * size - 1) else value


def largest(kind, size, name):
    if name == "fp8_e4m3":
        return 0x7E  # no infinity: only the last pattern is NaN
    exponent_bits, mantissa_bits = kind
    return (((1 << exponent_bits) - 1) << mantissa_bits) - 1


def bits_of(kind, size, name, value):
    """Nearest bits, ties to even; positive floats are ordered like their bits."""
    if kind in ("i", "u"):
        assert value.denominator == 1
        return int(value) & ((1 << (8 * size)) - 1)
    if name == "double":
        return struct.unpack("<Q", struct.pack("<d", float(value)))[0]
    low, high, magnitude = 0, largest(kind, size, name), abs(value)
    assert magnitude <= value_of(kind, size, high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if value_of(kind, size, middle) <= magnitude else (low, middle)
    below, above = magnitude - value_of(kind, size, low), value_of(kind, size, high) - magnitude
    bits = low if below < above or (below == above and low % 2 == 0) else high
    return bits | (1 << (8 * size - 1) if value < 0 else 0)


def stratum_of(rank, ranks, strata):
    """Stratum s holds the ranks [s n / k, (s + 1) n / k)."""
    for s in range(strata):
        if s * ranks // strata <= rank < (s + 1) * ranks // strata:
            return s
    raise AssertionError


def reach(kind, size):
    if isinstance(kind, tuple):
        return 1 << min(kind[1] + 1, 24)
    return (1 << min(8 * size - 2, 24)) - 1


def contribution(name, size, kind, op, strata, stratum, h):
    negative = h & 1 and kind != "u" and op != "avg"
    if op == "prod":
        if not isinstance(kind, tuple):
            v = Fraction(3 if h & 2 else 2)
        elif stratum == 0:
            v = Fraction(3) if h & 2 else Fraction(3, 2)
        else:
            v = Fraction(2) if h & 2 else Fraction(1, 2)
    else:
        most = reach(kind, size)
        if op not in ("max", "min"):
            most //= strata
        if op == "premulsum":
            most = max(most // 2, 1)
        v = Fraction(1 + ((h >> 1 & 0x7FFFFFFF) * most >> 31))
    return -v if negative else v


def neutral_bits(name, size, kind, op):
    sign = 1 << (8 * size - 1)
    if op == "prod":
        return bits_of(kind, size, name, Fraction(1))
    if op not in ("max", "min"):
        return 0
    if isinstance(kind, tuple):
        return largest(kind, size, name) | (sign if op == "max" else 0)
    if kind == "u":
        return 0 if op == "max" else 2 * sign - 1
    return sign if op == "max" else sign - 1


def element_bits(name, size, kind, op, ranks, seed, rank, index):
    index %= PERIOD_BYTES // size
    strata = min(ranks, 2 if op == "avg" else 4)
    s = stratum_of(rank, ranks, strata)
    h = mix((seed + GOLDEN * (index * 4 + s + 1)) & MASK)
    first, end = s * ranks // strata, (s + 1) * ranks // strata
    if first + ((h >> 32) * (end - first) >> 32) != rank:
        return neutral_bits(name, size, kind, op)
    return bits_of(kind, size, name, contribution(name, size, kind, op, strata, s, h))


def move_bits(size, seed, rank, index):
    index %= PERIOD_BYTES // size
    own = mix((seed + GOLDEN * (rank + 1)) & MASK)
    bits = mix((own + GOLDEN * (index + 1)) & MASK) & ((1 << (8 * size)) - 1)
    return bits ^ 1 if bits == int.from_bytes(bytes([POISON]) * size, "little") else bits


def reduce(kind, op, values, ranks):
    if op == "prod":
        result = Fraction(1)
        for v in values:
            result *= v
        return result
    if op == "max":
        return max(values)
    if op == "min":
        return min(values)
    if op == "premulsum":
        return sum(v * (2 if r % 2 else 1) for r, v in enumerate(values))
    if op == "avg":
        mean = sum(values) / ranks
        return mean if isinstance(kind, tuple) else Fraction(mean.numerator // mean.denominator)
    return sum(values)


def row(*columns):
    print(*columns, sep="\t")


def main():
    print("# written by pattern.py: do not edit")
    row("dtype", "op", "ranks", "seed", "from", "rank", "bits")
    for name, size, kind in TYPES:
        digits = 2 * size
        for ranks, seed, start in ((1, 1, 0), (5, 7, 1000000007), (9, 0xFEDCBA9876543210, (1 << 40) // PERIOD_BYTES * PERIOD_BYTES - 5)):
            if ranks == 5:
                for rank in range(ranks):
                    row(name, "move", ranks, seed, start, rank,
                        " ".join(f"{move_bits(size, seed, rank, start + i):0{digits}x}" for i in range(ELEMENTS)))
            for op in OPS:
                inputs = [[element_bits(name, size, kind, op, ranks, seed, rank, start + i) for i in range(ELEMENTS)]
                          for rank in range(ranks)]
                for rank in range(ranks if ranks < 9 else 0):
                    row(name, op, ranks, seed, start, rank, " ".join(f"{b:0{digits}x}" for b in inputs[rank]))
                results = []
                for i in range(ELEMENTS):
                    values = [value_of(kind, size, inputs[rank][i]) for rank in range(ranks)]
                    results.append(bits_of(kind, size, name, reduce(kind, op, values, ranks)))
                row(name, op, ranks, seed, start, "all", " ".join(f"{b:0{digits}x}" for b in results))


main()
