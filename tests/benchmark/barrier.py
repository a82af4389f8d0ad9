"""By how much does a barrier lengthen an isolated sample if a few messages are late?

Simulates a dissemination barrier and then an all-reduce by recursive doubling. Every message takes 1 us, and one in RARE takes
longer by an exponential time of DELAY us on average. A sample is the largest time over the ranks from each rank's own start to its
end. After a barrier, ranks start when they leave it; in a window, all start together. Prints, for each number of ranks, the median
of both and how much more the barrier's is.
"""
import random
import statistics

RARE, DELAY, SAMPLES = 1000, 10.0, 60


def latency(rng):
    return 1 + (rng.expovariate(1 / DELAY) if rng.random() * RARE < 1 else 0)


def rounds(times, partner, rng):
    """Times at which each rank has finished log2(ranks) exchanges. In each, a rank waits for the message of its partner."""
    step = 1
    while step < len(times):
        times = [max(own, times[partner(rank, step)] + latency(rng)) for rank, own in enumerate(times)]
        step *= 2
    return times


def sample(ranks, window, rng):
    start = [0.0] * ranks
    if not window:
        start = rounds(start, lambda rank, step: rank - step, rng)  # negative: counts from the end
    end = rounds(start, lambda rank, step: rank ^ step, rng)
    return max(after - before for before, after in zip(start, end))


def main():
    print("\nIsolated all-reduce after a barrier or in a window, simulated: a message takes 1 us, one in"
          f" {RARE} longer by an exponential time of {DELAY:g} us on average; medians of {SAMPLES}, us")
    print("  ranks   window  barrier   more, %")
    for ranks in (2, 16, 128, 1024, 8192):
        rng = random.Random(ranks)
        window, barrier = (statistics.median(sample(ranks, alone, rng) for _ in range(SAMPLES)) for alone in (True, False))
        print(f"{ranks:7d} {window:8.2f} {barrier:8.2f} {100 * (barrier / window - 1):9.0f}")


if __name__ == "__main__":
    main()
