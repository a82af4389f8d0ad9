#!/usr/bin/env python3
"""torch.matmul in bf16 by the protocol of busbar's matmul: Gaussian operands, rotated through more memory than the second-level
cache, batches of at least 1 ms between two CUDA events, median of 50.

usage: torch_matmul.py N              prints: torch, microseconds, versions (tab-separated)
       torch_matmul.py --compare FILE lines "busbar" and "torch" as above, from rounds in turns: at least 0.98 of torch's rate?
"""
import statistics
import sys
import time


def measure(n):
    import torch

    l2 = getattr(torch.cuda.get_device_properties(0), "L2_cache_size", 64 << 20)
    slots = max(2, min(16, 2 * l2 // (3 * n * n * 2) + 1))

    def gaussian():
        return torch.randn(n, n, device="cuda", dtype=torch.float32).to(torch.bfloat16)

    # TN as column-major BLAS counts: A row-major, B column-major.
    sets = [(gaussian(), gaussian().t(), torch.empty(n, n, device="cuda", dtype=torch.bfloat16)) for _ in range(slots)]
    start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)

    def sample(batch, at):
        torch.cuda._sleep(200_000)  # 0.1 ms: Python's time to launch, longer than busbar's, is not torch.matmul's
        start.record()
        for i in range(batch):
            a, b, c = sets[(at + i) % slots]
            torch.matmul(a, b, out=c)
        stop.record()
        stop.synchronize()
        return start.elapsed_time(stop) * 1e3 / batch

    for i in range(slots):
        sample(1, i)
    batch = max(1, int(1e3 / sample(3, 0)) + 1)
    time.sleep(1)  # rested, as a burst starts
    sample(1, 0)
    us = statistics.median(sample(batch, i * batch) for i in range(50))
    print("torch", us, f"torch {torch.__version__} CUDA {torch.version.cuda} cublasLt {cublaslt_version()}", sep="\t")


def cublaslt_version():
    """Of the library that PyTorch loaded, as cublasLtGetVersion tells."""
    import ctypes

    for line in open("/proc/self/maps"):
        if "libcublasLt.so" in line:
            library = ctypes.CDLL(line.split()[-1])
            library.cublasLtGetVersion.restype = ctypes.c_size_t
            return library.cublasLtGetVersion()
    return "unknown"


def compare(path):
    rows = [line.rstrip("\n").split("\t") for line in open(path)]
    found = {who: [r for r in rows if r[0] == who] for who in ("busbar", "torch")}
    if not all(found.values()):
        print("not ok - bf16 against torch.matmul: a side has no figure")
        return 1
    us = {who: statistics.median(float(r[1]) for r in found[who]) for who in found}
    ratio = us["torch"] / us["busbar"]
    print(f"{'ok' if ratio >= 0.98 else 'not ok'} - bf16 reaches {ratio:.3f} of torch.matmul's rate ({us['busbar']:.1f} against "
          f"{us['torch']:.1f} us; {found['busbar'][0][2]}; {found['torch'][0][2]})")
    return int(ratio < 0.98)


if sys.argv[1] == "--compare":
    sys.exit(compare(sys.argv[2]))
measure(int(sys.argv[1]))
