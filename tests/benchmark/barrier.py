"""By how much does a barrier lengthen an isolated sample if a few messages are late?

Simulates a dissemination barrier and then an all-reduce by recursive doubling. Every message takes 1 us; in each model, one in `rare`
takes longer by an exponential time of `delay` us on average. A sample is the largest time over the ranks from each rank's own start to
its end. After a barrier, ranks start when they leave it; in a window, all start together. Prints, for each model and number of ranks,
the median in a window and how much more the barrier's is.
"""
import random
import statistics

MODELS = ((1000, 10.0), (10000, 10.0), (10000, 100.0))
RANKS, SAMPLES = (2, 16, 128, 1024, 8192), 400


def latency(rng, model):
    rare, delay = model
    return 1 + (rng.expovariate(1 / delay) if rng.random() * rare < 1 else 0)


def rounds(times, partner, rng, model):
    """Times at which each rank has finished log2(ranks) exchanges. In each, a rank waits for the message of its partner."""
    step = 1
    while step < len(times):
        times = [max(own, times[partner(rank, step)] + latency(rng, model)) for rank, own in enumerate(times)]
        step *= 2
    return times


def sample(ranks, window, rng, model):
    start = [0.0] * ranks
    if not window:
        start = rounds(start, lambda rank, step: rank - step, rng, model)  # negative: counts from the end
    end = rounds(start, lambda rank, step: rank ^ step, rng, model)
    return max(after - before for before, after in zip(start, end))


def main():
    print(f"\nIsolated all-reduce in a window, simulated, and how much longer after a barrier; medians of {SAMPLES} samples, us")
    print("  late messages                 " + "".join(f"{ranks:>8,} ranks" for ranks in RANKS))
    for model in MODELS:
        cells = []
        for ranks in RANKS:
            rng = random.Random(ranks)
            window, barrier = (statistics.median(sample(ranks, alone, rng, model) for _ in range(SAMPLES)) for alone in (True, False))
            cells.append(f"{window:6.1f} {100 * (barrier / window - 1):+5.0f} %")
        print(f"  one in {model[0]:<6,} by {model[1]:3.0f} us (mean)" + "".join(f"{cell:>14}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
