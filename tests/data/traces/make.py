"""Makes the traces of this folder with PyTorch, on CPUs over gloo: see README.md.

usage: make.py WORK FOLDER    runs each job; writes its full traces to WORK and the trimmed ones of rank 0 to FOLDER
"""
import json
import os
import sys

import torch
import torch.distributed as dist
import torch.multiprocessing as processes
from torch.distributed.device_mesh import init_device_mesh
from torch.nn import Linear, ReLU, Sequential
from torch.nn.parallel import DistributedDataParallel
from torch.profiler import ExecutionTraceObserver, ProfilerActivity, profile, schedule

ROWS, WIDTH, HIDDEN, CLASSES = 96, 64, 160, 24


def training_step(model):
    """Returns a function that runs one step: forward, backward, update of the weights."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    rows = torch.randn(ROWS, WIDTH)

    def step():
        optimizer.zero_grad()
        model(rows).square().sum().backward()
        optimizer.step()

    return step


def ddp(rank):
    """Data parallel: all-reduces the gradients of two linear layers, each layer in its own bucket."""
    model = Sequential(Linear(WIDTH, HIDDEN), ReLU(), Linear(HIDDEN, CLASSES))
    return training_step(DistributedDataParallel(model, bucket_cap_mb=0.01))


def fsdp(rank):
    """Fully sharded: gathers the weights before each layer, and reduce-scatters the gradients after it."""
    from torch.distributed.fsdp import fully_shard

    torch.manual_seed(1)
    model = Sequential(Linear(WIDTH, HIDDEN, bias=False), ReLU(), Linear(HIDDEN, CLASSES, bias=False))
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    fully_shard(model[0], mesh=mesh)
    fully_shard(model[2], mesh=mesh)
    fully_shard(model, mesh=mesh)
    return training_step(model)


LAYERS, HEADS, LENGTH = 3, 2, 16


def mesh(rank):
    """Four ranks, tensor parallel in pairs and data parallel across the pairs. Runs layers of attention and two matmuls, forward only;
    all-reduces the gradients of one matrix; runs an all-to-all; and a convolution and a barrier, which a workload cannot have."""
    groups = init_device_mesh("cpu", (2, 2), mesh_dim_names=("dp", "tp"))
    tensor, data = groups.get_group("tp"), groups.get_group("dp")
    query = torch.randn(HEADS, LENGTH, WIDTH // HEADS)
    up, down = torch.randn(WIDTH, HIDDEN // 2), torch.randn(HIDDEN // 2, WIDTH)
    gradient = torch.randn(WIDTH, WIDTH, dtype=torch.bfloat16)
    parts = [100, 300, 200, 400] if rank == 0 else [100, 0, 0, 0] if rank == 1 else [50, 0, 0, 0]
    sent, received = torch.randn(sum(parts)), torch.empty({0: 300, 1: 300, 2: 200, 3: 400}[rank])
    received_parts = [100, 100, 50, 50] if rank == 0 else [len(received), 0, 0, 0]

    def step():
        for _ in range(LAYERS):
            scores = torch.bmm(query, query.transpose(1, 2)).softmax(-1)
            mixed = torch.bmm(scores, query).transpose(0, 1).reshape(LENGTH, WIDTH)
            partial = torch.mm(torch.mm(mixed, up).relu(), down)
            dist.all_reduce(partial, group=tensor)
        dist.all_reduce(gradient, group=data)
        dist.all_to_all_single(received, sent, received_parts, parts)
        torch.nn.functional.conv1d(query, torch.ones(1, LENGTH, 3))
        dist.barrier()

    return step


JOBS = {"ddp": (2, 2, ddp), "fsdp": (2, 1, fsdp), "mesh": (4, 1, mesh)}  # ranks, recorded steps


def one_rank(rank, job, port, work):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    ranks, steps, build = JOBS[job]
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=ranks)
    step = build(rank)
    observer = ExecutionTraceObserver().register_callback(f"{work}/{job}-{rank}.et.json")
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True, schedule=schedule(wait=1, warmup=1, active=steps),
                 execution_trace_observer=observer,
                 on_trace_ready=lambda p: p.export_chrome_trace(f"{work}/{job}-{rank}.json")) as profiler:
        for _ in range(2 + steps):
            step()
            profiler.step()
    dist.destroy_process_group()


def keeps_values(name):
    return name.startswith(("c10d::alltoall", "## process_group"))


def trim_chrome(source, target):
    """Keeps the complete events, one per line, without most of the arguments that busbar does not read."""
    trace = json.load(open(source, encoding="utf-8"))
    events = [e for e in trace.pop("traceEvents") if e.get("ph") == "X" and e["cat"] != "Trace"]
    kept = {key: trace[key] for key in ("schemaVersion", "distributedInfo", "record_shapes", "displayTimeUnit") if key in trace}
    for event in events:
        dropped = ["Ev Idx", "Input Strides", "Sequence number", "Fwd thread id"]
        if not keeps_values(event["name"]):
            dropped.append("Concrete Inputs")
        event["args"] = {key: value for key, value in event["args"].items() if key not in dropped}
    with open(target, "w", encoding="utf-8") as out:
        out.write(json.dumps(kept)[:-1] + ', "traceEvents": [\n')
        out.write(",\n".join(json.dumps(e, separators=(",", ":")) for e in events) + "\n]}\n")


def trim_chakra(source, target):
    """Keeps the nodes, one per line, without most of the attributes that busbar does not read."""
    trace = json.load(open(source, encoding="utf-8"))
    nodes = trace.pop("nodes")
    for node in nodes:
        node["attrs"] = [a for a in node["attrs"] if a["name"] in ("rf_id", "scope", "tid")]
        del node["outputs"], node["inputs"]["strides"]
        if not keeps_values(node["name"]):
            del node["inputs"]["values"]
    with open(target, "w", encoding="utf-8") as out:
        out.write(json.dumps(trace)[:-1] + ', "nodes": [\n')
        out.write(",\n".join(json.dumps(n, separators=(",", ":")) for n in nodes) + "\n]}\n")


def main():
    work, folder = sys.argv[1:3]
    os.makedirs(work, exist_ok=True)
    for number, job in enumerate(JOBS):
        processes.spawn(one_rank, args=(job, 29600 + number, work), nprocs=JOBS[job][0])
        trim_chrome(f"{work}/{job}-0.json", f"{folder}/{job}.json")
        trim_chakra(f"{work}/{job}-0.et.json", f"{folder}/{job}.et.json")


if __name__ == "__main__":
    main()
