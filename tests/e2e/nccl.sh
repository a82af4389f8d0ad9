#!/usr/bin/env bash
# The nccl backend: its plug-in with the real libraries as far as that works without a GPU, and end to end on the emulated
# device (tests/fakes/gpu): every collective, type and operation is verified; errors have the right status and message.
. "$(dirname "$0")/../lib.sh"

. tests/fakes/emulated_gpu.sh
needs_gpu_parts 'the nccl backend'
# tests/slow/sanitize_gpu.sh checks for leaks.
case $build in *sanitize*) export LSAN_OPTIONS=exitcode=0 ;; esac
driver=all_reduce flags=(--backend nccl --passes 1 -n 3 -w 2 --cache warm)

# hosts HOSTS_PER_DOMAIN RANKS …: like emulated, on hosts of two ranks
hosts() { local place=(tests/fakes/gpu/place 2 "$1"); emulated "${@:2}"; }

# ---- the real libraries ----

check 'the plug-in links the real libraries' sh -c "ldd '$build/busbar_nccl.so' | grep -E 'libnccl.so.2 =>' && ldd '$build/busbar_nccl.so' | grep -E 'libcudart.so.1[23] =>'"
# without REGEX COMMAND…: succeeds if the command does and no line of its output matches.
without() { "${@:2}" >"$work/lines" && [ -s "$work/lines" ] && ! grep -E "$1" "$work/lines"; }
check 'its own functions are not visible: the program may have others by their names' without ' (nccl|lt|nvml|device)_(type|run|alloc|tune|open|close)' \
    nm -D --defined-only "$build"/busbar_{nccl,cublaslt,device}.so
check 'the drivers themselves link none of them' without 'cuda|nccl|cublas|nvidia' ldd "$build/all_reduce" "$build/matmul"
mkdir -p "$work/alone"
cp "$build/all_reduce" "$work/alone"
check 'a driver without plug-ins starts' "$work/alone/all_reduce" --help
check 'and measures with MPI' "$work/alone/all_reduce" --backend mpi -b 8 -e 8 -n 2 --passes 1 --output none
expect_status 'without the plug-in, --backend nccl says what is missing' 5 "$work/alone/all_reduce" --backend nccl -b 8 -e 8 --output none
tells 'by name' 'the nccl backend is not available: '
one_line 'in one line'
if [ -e /dev/nvidia0 ] || [ -e /dev/nvidiactl ]; then
    skip 'CUDA without a GPU' 'this machine has a GPU'
else
    expect_status 'CUDA without a GPU: --backend nccl ends with status 5' 5 "$build/all_reduce" --backend nccl -b 8 -e 8 --output none
    tells 'after a clear line' 'no CUDA device can be used: '
    one_line 'and no other'
    check 'CUDA without a GPU: auto measures with MPI' "$build/all_reduce" --backend auto -b 8 -e 8 -n 2 --passes 1 --output none
    tells 'and says so' 'backend mpi on host memory \(nccl: '
fi

# NCCL opens the file of its messages by path, when it writes the first one.
check 'the real NCCL writes its messages into a file without a name' python3 - "$(ldd "$build/busbar_nccl.so" | awk '/libnccl.so.2 =>/ { print $3 }')" <<'E2'
import ctypes, os, sys
memory = os.memfd_create("messages")
os.environ.update(NCCL_DEBUG="INFO", NCCL_DEBUG_FILE=f"/proc/self/fd/{memory}", NCCL_DEBUG_SUBSYS="INIT,NET,ENV")
ctypes.CDLL(sys.argv[1]).ncclGetUniqueId(ctypes.create_string_buffer(128))
sys.exit(b"NCCL INFO" not in os.pread(memory, 65536, 0))
E2

# ---- device code, on the emulated device ----

kernels() { LD_LIBRARY_PATH="$build/fakegpu" "$build/gpu_kernels" "$@"; }
check 'fill and check give the golden vectors' kernels golden tests/data/pattern.tsv
check 'golden vectors are what the script writes' sh -c 'python3 tests/data/pattern.py | cmp - tests/data/pattern.tsv'
check 'fill and check agree with their host twins' kernels twins
host_kernels() { LD_LIBRARY_PATH="$build/fakegpu" "$build/gpu_kernels_on_host" "$@"; }
check "the kernels' own source, run by threads of the host, gives the golden vectors" host_kernels golden tests/data/pattern.tsv
check 'and agrees with the host twins' host_kernels twins

# ---- every collective, type and operation ----

verified='any(r["status"] == "ok" for r in c) and all(r["status"] == "unsupported" or (r["status"] == "ok" and r["wrong"] == 0) for r in c)'
for n in 1 2 8; do
    check "$n ranks: two types, all operations and collectives" emulated $n -- --collectives all -d half,int32 -o all --sizes 3000
    check "$n ranks: all are verified" rows "$verified and sum(r['status'] == 'ok' for r in c) == 98"
done
check 'scatter from the last rank' emulated 4 -- --collectives scatter -r 3 --sizes 4K,100K
check 'is right with one buffer and with two' rows "len(c) == 4 and all(r['status'] == 'ok' and r['wrong'] == 0 for r in c)"
check 'graphs of groups of operations' emulated 2 -- --collectives all_reduce,alltoallv -m 3 -G 2 --sizes 3000 --mode pipelined
check 'are verified' rows "$verified and {r['graph'] for r in c} == {2}"
check 'groups of three operations (-m)' emulated 4 -- --collectives all -m 3 --sizes 3000,200K --mode both
check 'are all verified, and have keys of their own' rows "$verified and sum(r['status'] == 'ok' for r in c) == 68 and all(r['aggregate'] == 3 and '/aggregate=3/' in r['key'] and r['batch'] % 3 == 0 for r in c if r['status'] == 'ok')"
expect_status 'a damaged element of the last operation of a group is found' 3 emulated 2 -- -m 3 --sizes 4K --fault wrong:rank=1
check 'as one' rows 'all(r["wrong"] == 1 for r in c)'
expect_status 'groups that the queue of the device has no room for' 5 emulated 2 FAKEGPU_QUEUE=64 -- -m 100 --sizes 8 --mode isolated
tells 'the line names -m' 'a group of 100 operations \(-m\) waited .* give a smaller -m'
expect_status 'and not CUDA_LAUNCH_BLOCKING' 1 grep -q CUDA_LAUNCH_BLOCKING "$work/err"
check 'in mode nccl-tests they run' emulated 2 FAKEGPU_QUEUE=64 -- -m 100 --sizes 8 --mode nccl-tests
check "groups in nccl-tests' text" emulated 2 -- -m 3 --sizes 4K -n 5 --format nccl-tests
cp "$work/out" "$work/groups.txt"
check 'count as there' grep -q ' iters: 5 agg iters: 3 ' "$work/groups.txt"
check 'and in an import' "$build/busbar" import --ranks 2 --output "$work/imported" --run i "$work/groups.txt"
check 'have the same key' grep -q '"key":"[^"]*/aggregate=3/' "$work"/imported/i/*.jsonl
check 'exchanges with one buffer' emulated 2 -- --collectives alltoall,sendrecv --sizes 4K
check 'are unsupported' rows '{(r["placement"], r["status"]) for r in c} == {("out_of_place", "ok"), ("in_place", "unsupported")}'
check "and in nccl-tests' text" emulated 4 -- --collectives alltoall,sendrecv --sizes 3200 --check-every 2 --group world,2 --format nccl-tests
check 'are timed, as there' test "$(grep -cE '^ +[0-9]+ +[0-9]+ +float +(none|sum) +-1( +[0-9.]+){3} +0( +[0-9.]+){3} +N/A$' "$work/out")" -eq 4
check 'not checked, and the record says why' rows 'all(r["status"] == "ok" and (r["wrong"] is None and "undefined" in r["error"] if r["placement"] == "in_place" else r["wrong"] == 0 and "error" not in r) for r in c)'
# Mode nccl-tests includes the time of launches (20 ms each here); the device's clock and graphs do not.
launches() { emulated 2 FAKEGPU_FAULT='launch:call=ncclAllGather,us=20000' -- --collectives all_gather --sizes 4K -n 4 --placement out_of_place "$@"; }
check 'slow launches, as nccl-tests measures' launches --format nccl-tests
check 'are in the time' rows 'len(c) == 1 and c[0]["time_us"] > 20e3 and c[0]["batch"] == 4 and c[0]["includes_launch"] and (c[0]["mode"], c[0]["sync"], c[0]["statistic"], c[0]["rank_reduction"]) == ("nccl-tests", "barrier", "mean", "mean")'
check 'slow launches, on the device' launches --mode pipelined
check 'are not' rows 'len(c) == 1 and c[0]["time_us"] < 10e3 and "includes_launch" not in c[0]'
check 'slow launches in a graph, which is captured before' launches --mode nccl-tests -G 4
check 'are not, either' rows 'len(c) == 1 and c[0]["time_us"] < 10e3 and c[0]["graph"] == 4 and c[0]["wrong"] == 0'
check '4 ranks: all types, operations and collectives' emulated 4 -- --collectives all -d all -o all --sizes 4K
check '4 ranks: all are verified' rows "$verified and sum(r['status'] == 'ok' for r in c) == 12 * 49 and {r['dtype'] for r in c if r['status'] == 'unsupported'} >= {'int16', 'uint16'}"
check 'the record says emulated, not measured' rows 'h["provenance"] == ["emulated"] and h["world"]["domains"] == 1 and h["world"]["hosts"][0]["gpus"] == 4'
check 'and what NCCL told' rows 'h["facts"]["nccl"]["version"] == "2.28.9" and h["facts"]["nccl"]["network"] == "Socket" and h["facts"]["nccl"]["nvls"] and "fakegpu" in h["facts"]["nccl"]["libraries"]["libnccl.so.2"] and len(h["facts"]["gpus"]) == 4'
cp -r "$work/records" "$work/other-gpu"
python3 - "$work/other-gpu/r/l.jsonl" <<'E2'
import json, sys
head, *rest = open(sys.argv[1]).read().splitlines()
header = json.loads(head)
header["facts"]["gpu"]["model"] += " of another kind"
open(sys.argv[1], "w").write("\n".join([json.dumps(header), *rest]) + "\n")
E2
expect_status 'another GPU model is no comparison' 2 "$build/busbar" compare "$work/records" "$work/other-gpu"
tells 'for its model' 'different GPUs .*of another kind'
check 'an isolated figure' emulated 2 -- --collectives all_reduce --sizes 8
cp "$work/out" "$work/table"
check 'stands beside what the two events of a sample take' rows 'h["facts"]["event_pair_us"] > 0'
check 'which the table says where it matters' python3 - "$work/records/r/l.jsonl" "$work/table" <<'E2'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
pair, least = lines[0]["facts"]["event_pair_us"], min(line["median_us"] for line in lines if line["record"] == "case")
said = "isolated times include what the two events around an operation take" in open(sys.argv[2]).read()
sys.exit(said != (pair >= 0.02 * least))
E2
check 'graphs of several slots, more than are kept' emulated 2 -- --collectives all_reduce --mode both -G 3 --cache cold --sizes 8 -n 40 --check-every 15
check 'are verified' rows "$verified and all(r['cache'] == 'cold' for r in c)"
check 'pipelined, graphs, symmetric windows' emulated 2 -- --collectives all_reduce,all_gather,alltoall --mode both -G 3 -R 2 --sizes 64,100K
check 'are verified' rows "$verified and {r['graph'] for r in c} == {3} and {r['registration'] for r in c} == {'symmetric'}"
check 'a graph without -R' emulated 2 -- --collectives all_reduce --mode pipelined -G 3 --sizes 64
tells 'registers by itself' "-G: NCCL registers the buffers of graphs by itself, unless NCCL_GRAPH_REGISTER is 0; the rows say 'graph'"
check 'and the rows say so' rows '{r["registration"] for r in c} == {"graph"} and all("/registration=graph" in r["key"] for r in c)'
check 'user buffers, channel limits, rotating buffers' emulated 2 -- -R 1 --cta 4-8 --cache cold --mode both --sizes 64K
check 'are verified too' rows "$verified and {r['cta'] for r in c} == {'4-8'}"
expect_status 'windows that NCCL does not make: status 5' 5 emulated 2 NCCL_WIN_ENABLE=0 -- -R 2 --sizes 8
tells 'and not called symmetric' '-R 2: this NCCL registers no buffers here'
if [ "$(grep -c 'registers no buffers' "$work/err")" = 1 ]; then ok 'said once'; else not_ok 'said once'; fi
expect_status 'nor buffers that it does not register' 5 emulated 2 NCCL_LOCAL_REGISTER=0 -- -R 1 --sizes 8
# Labels say what NCCL did.
check 'a policy that concerns one of two collectives' emulated 2 -- --cta efficiency -R 1 --collectives all_gather,all_reduce --sizes 64K
tells 'is told' "--cta efficiency: NCCL has this policy for all_gather and reduce_scatter only; rows without it say 'default'"
check 'and is the label of that one' rows '{(r["collective"], r["cta"]) for r in c} == {("all_gather", "efficiency"), ("all_reduce", "default")}'
check 'copy engines without windows' emulated 2 -- --cta zero --collectives all_gather --sizes 64K
check 'are not the label' rows '{r["cta"] for r in c} == {"default"}'
check 'with windows' emulated 2 -- --cta zero -R 2 --collectives all_gather --sizes 64K
check 'they are' rows '{r["cta"] for r in c} == {"zero"} and "labels" not in h["facts"]["nccl"]'
check 'a release whose rules are not known' emulated 2 FAKEGPU_NCCL=23100 -- --cta zero --collectives all_gather --sizes 64K
tells 'is told' 'what NCCL 2.31 does with --cta, -R and -G is not known here \(rules end with 2.30\): the rows say what was asked for'
check 'and marked in the record' rows '{r["cta"] for r in c} == {"zero"} and h["facts"]["nccl"]["labels"] == "as asked for"'
check 'registered buffers with NVLink between hosts' hosts 2 4 -- -R 1 --sizes 64K
tells 'are told of' "-R 1: with NVLink between hosts, NCCL does not let NVLink switches work on registered buffers; the rows say 'user_no_nvls'"
check 'and say what they lack' rows '{r["registration"] for r in c} == {"user_no_nvls"} and all("/registration=user_no_nvls/" in r["key"] for r in c)'
expect_status 'a CTA policy that is none' 2 emulated 2 -- --cta many --sizes 8
check 'a finite queue does not stop held streams' emulated 2 FAKEGPU_QUEUE=8 -- --mode both --sizes 64

# ---- NCCL's messages ----

messages() { TMPDIR=$work/messages emulated "$@"; }
no_file() { ! find "$work/messages" -name 'busbar*' | grep .; }
mkdir "$work/messages"
check 'messages that nobody asked for' messages 2 -- --collectives all_reduce --sizes 8 --group world,pairs
check 'stand in no file' no_file
check 'are read, and nobody'"'"'s settings' rows 'not any(k.startswith("NCCL_") for k in h["env"]) and h["facts"]["nccl"]["network"] == "Socket"'
messages 2 -- --sizes 8 --fault kill:rank=0,call=2 >/dev/null 2>&1
check 'a rank that is killed in its measurement' rows 'h["driver"] == "all_reduce" and e["record"] != "end"'
check 'leaves none either' no_file
check 'messages that were asked for' messages 2 NCCL_DEBUG=INFO -- --collectives all_reduce --sizes 8
tells 'are in a file, by name' 'NCCL_DEBUG=INFO: its messages are in .*/messages/busbar-nccl-'
check 'for each rank' sh -c "[ \$(grep -l 'Using network' '$work'/messages/busbar-nccl-* | wc -l) -eq 2 ]"
check 'and are a setting' rows 'h["env"]["NCCL_DEBUG"] == "INFO" and "NCCL_DEBUG_FILE" not in h["env"]'
rm -f "$work"/messages/busbar-nccl-*
check 'none came' messages 2 NCCL_DEBUG=WARN -- --sizes 8
check 'and the empty files are gone' no_file

# ---- which algorithm NCCL uses for a call ----

asked() { emulated "$@" --collectives all_reduce,alltoall --sizes 8,1M --show-algorithm --mode nccl-tests; }
choices='sorted({(r["collective"], r["bytes"], r.get("algorithm"), r.get("protocol"), r.get("channels")) for r in c}, key=str)'
# Writing a message takes half a second here: one message in a timed loop of three operations would raise its mean to 167 ms. Even on a busy
# machine no operation takes that long.
check '--show-algorithm' asked 2 FAKEGPU_TUNING_US=500000 --
says 'prints what NCCL told' '  NVLS SIMPLE, 16 channels'
says 'of each size' '  TREE LL, 1 channel'
check 'it is in the records; nothing is made up of what was not told' rows "$choices == [('all_reduce', 1048576, 'NVLS', 'SIMPLE', 16), ('all_reduce', 8, 'TREE', 'LL', 1), ('alltoall', 1048576, None, None, None), ('alltoall', 8, None, None, None)]"
check 'and not in the time' rows 'all(r["time_us"] < 150e3 for r in c if r["bytes"] == 8 and r["status"] == "ok") and not any(k.startswith("NCCL_") for k in h["env"])'
check 'with a limit of channels' asked 2 -- --cta 4-8
check 'they are those that NCCL took' rows "('all_reduce', 1048576, 'NVLS', 'SIMPLE', 8) in $choices"
check 'with symmetric windows' asked 2 -- -R 2
check 'the kernel is theirs' rows "('all_reduce', 1048576, 'symmetric AllReduce_RSxLDMC_AGxSTMC', None, 8) in $choices"
check 'in groups' asked 4 -- --group world,2 -d float
check 'of rank 0' rows "{r['group'] for r in c if r.get('algorithm') == 'NVLS'} == {'world', '2'}"
check 'NCCL 2.26 is not asked' asked 2 FAKEGPU_NCCL=22605 --
tells 'which is said' '--show-algorithm: NCCL reported no algorithm\. It reports them from 2.27 on'
check 'and makes up nothing' rows 'not any("algorithm" in r or "channels" in r for r in c)'
check 'unless the user has it tell' messages 2 NCCL_DEBUG=INFO NCCL_DEBUG_SUBSYS=INIT,TUNING FAKEGPU_NCCL=22304 -- --collectives all_gather --sizes 1M --show-algorithm
check 'then it is read, whatever the words' rows 'all((r["algorithm"], r["protocol"], r.get("channels")) == ("RING", "SIMPLE", None) for r in c)'
rm -f "$work"/messages/busbar-nccl-*
check 'without --show-algorithm' emulated 2 -- --sizes 1M
check 'nothing is asked' rows 'not any("algorithm" in r for r in c)'
expect_status 'MPI does not tell' 2 "$build/all_reduce" --backend mpi --sizes 8 --output none --show-algorithm
tells 'which is said' 'the mpi backend does not tell its algorithms'
check 'the real NCCL reads its settings anew' python3 - "$(ldd "$build/busbar_nccl.so" | awk '/libnccl.so.2 =>/ { print $3 }')" <<'E2'
import ctypes, os, sys
memory = os.memfd_create("messages")
os.environ.update(NCCL_DEBUG="INFO", NCCL_DEBUG_FILE=f"/proc/self/fd/{memory}", NCCL_DEBUG_SUBSYS="TUNING",
                  NCCL_COMM_ID="127.0.0.1:9") # named in a message of subsystem ENV at every call
nccl = ctypes.CDLL(sys.argv[1])
def told():
    nccl.ncclGetUniqueId(ctypes.create_string_buffer(128))
    return os.pread(memory, 65536, 0)
quiet = told()
os.environ["NCCL_DEBUG_SUBSYS"] = "INIT,NET,ENV"
nccl.ncclResetDebugInit()
loud = told()
os.environ["NCCL_DEBUG_SUBSYS"] = "TUNING"
nccl.ncclResetDebugInit()
emptied = told()
sys.exit(b"COMM_ID" in quiet or b"COMM_ID" not in loud or b"COMM_ID" in emptied)
E2

# ---- versions ----

old() { FAKE_FIRST=$(realpath "$build/fakegpu/old") emulated "$1" -- "${@:2}"; }
check 'NCCL 2.18: all collectives' old 4 --collectives all -d float,fp8_e4m3 --sizes 4K
check 'are verified, fp8 is unsupported' rows "$verified and {r['status'] for r in c if r['dtype'] == 'fp8_e4m3'} == {'unsupported'} and sum(r['status'] == 'ok' for r in c) == 19"
expect_status 'NCCL 2.18 has no windows' 5 old 2 -R 2 --sizes 8
tells 'and the message names the version' 'needs NCCL 2.27, not 2.18'
expect_status 'NCCL 2.17 is too old' 5 emulated 2 FAKEGPU_NCCL=21700 -- --sizes 8
tells 'and the message says so' 'NCCL 2.17 is too old: 2.18 or later'
expect_status 'a driver older than the runtime' 5 emulated 1 FAKEGPU_DRIVER=11040 -- --sizes 8
check 'one rank, fp8' emulated 1 -- --collectives all_reduce,reduce,all_gather -d fp8_e4m3,half -o all --sizes 64
check 'is unsupported where NCCL has no kernel to scale it' rows '{(r["dtype"], r["op"]) for r in c if r["status"] == "unsupported"} == {("fp8_e4m3", "avg"), ("fp8_e4m3", "premulsum")} and all(r["wrong"] == 0 for r in c if r["status"] == "ok") and len(c) == 52'
check 'fp8 reductions before Hopper' emulated 2 FAKEGPU_SM=80 -- --collectives all_reduce,all_gather -d fp8_e4m3 --sizes 64
check 'are unsupported, moving is not' rows '{r["collective"]: r["status"] for r in c} == {"all_reduce": "unsupported", "all_gather": "ok"}'
expect_status 'two ranks on one GPU' 5 emulated 2 FAKEGPU_DEVICES=1 -- --sizes 8
tells 'are named' 'ranks 0 and 1 .* have the same GPU GPU-'
check 'two ranks on one GPU, where NCCL allows it' emulated 2 FAKEGPU_DEVICES=1 FAKEGPU_NCCL=23000 NCCL_MULTI_RANK_GPU_ENABLE=1 -- --sizes 8

# ---- domains ----

check 'an all-zero fabric UUID' emulated 2 FAKEGPU_FABRIC=0 -- --sizes 8
check 'makes no domain: the host is one' rows 'h["world"]["hosts"][0]["domain"] == h["world"]["hosts"][0]["name"]'
check 'a fabric that is not completed' emulated 2 FAKEGPU_FABRIC=7:0:2 -- --sizes 8
check 'makes none either' rows 'h["world"]["hosts"][0]["domain"] == h["world"]["hosts"][0]["name"]'
check 'a completed fabric' emulated 2 FAKEGPU_FABRIC=7:3 -- --sizes 8 --expect-domain 2
check 'is the domain, by cluster and clique' rows 'h["world"]["hosts"][0]["domain"] == "07000000-0000-0000-0000-000000000000.3" and {g["fabric_health"] for g in h["facts"]["gpus"]} == {"healthy"}'
check 'a driver that knows version 3 only' emulated 2 FAKEGPU_FABRIC=7:3:3:3 FAKEGPU_FABRIC_VERSION=3 -- --sizes 8
tells 'says that its health is limited' 'the NVLink fabric of 2 of 2 GPUs not healthy, first that of rank 0 on .*: limited_capacity'
check 'and tells the same domain' rows 'h["world"]["hosts"][0]["domain"] == "07000000-0000-0000-0000-000000000000.3" and {g["fabric_health"] for g in h["facts"]["gpus"]} == {"limited_capacity"}'
check 'a driver that knows version 2 only' emulated 2 FAKEGPU_FABRIC=7:3 FAKEGPU_FABRIC_VERSION=2 -- --sizes 8
check 'tells no health' rows 'h["world"]["hosts"][0]["domain"] == "07000000-0000-0000-0000-000000000000.3" and not any("fabric_health" in g for g in h["facts"]["gpus"])'

check 'a domain of two hosts' hosts 2 4 -- --sizes 8 --expect-domain 4
check 'NCCL uses its NVLink between them' rows 'h["facts"]["nccl"]["mnnvl"] is True and w["domains"] == 1 and w["nodes"] == 2'
expect_status 'NCCL that falls back to the network inside a domain: status 5' 5 hosts 2 4 NCCL_MNNVL_ENABLE=0 -- --sizes 8 --expect-domain 4
tells 'by name' 'NCCL does not use NVLink between the hosts of domain .* \(MNNVL 0 on tray00\)'
expect_status 'what is asserted must be told: status 5' 5 hosts 2 4 NCCL_DEBUG=WARN TMPDIR="$work" -- --sizes 8 --expect-domain 4
tells 'or the message says how' 'NCCL does not tell whether it uses NVLink .*: unset NCCL_DEBUG'
check 'without the assertion it is recorded' hosts 2 4 NCCL_MNNVL_ENABLE=0 -- --sizes 8
check 'as not used' rows 'h["facts"]["nccl"]["mnnvl"] is False'
expect_status 'another size of domain than expected: status 5' 5 hosts 1 4 -- --sizes 8 --expect-domain 4
tells 'names the domain' '--expect-domain 4: NVLink domain .* has 2 of the 4 ranks'
check 'groups within domains, and between them' hosts 2 8 -- --collectives all_reduce,alltoall --group domain,rail,pairs,world --sizes 4K -d float,half
check 'are verified, each of its own ranks' rows "$verified and len(c) == 32 and sum(r['status'] == 'ok' for r in c) == 24 and w['domains'] == 2 \
    and {(r['group'], r['ranks'], r['nodes']) for r in c} == {('domain', 4, 2), ('rail', 4, 4), ('pairs', 2, 2), ('world', 8, 4)}"
check 'two groups within domains, four between' rows '{(r["group"], str(sorted(sorted(g["ranks"]) for g in r["groups"]))) for r in c if r["status"] == "ok" and r["group"] != "world"} \
    == {("domain", "[[0, 1, 2, 3], [4, 5, 6, 7]]"), ("rail", "[[0, 2, 4, 6], [1, 3, 5, 7]]"), ("pairs", "[[0, 4], [1, 5], [2, 6], [3, 7]]")}'

# ---- bounds, by their formulas: S=900000, Bn=450 (H100's NVLink), Bi=50 (400 Gbit/s a GPU) ----

bounds() { rows "{r['collective']: (round(r['bound_us'], 6), r['bound'].split(';')[0]) for r in c if r['status'] == 'ok' and r['group'] == 'world'} == $1"; }
bounds_of() { rows "[(round(r['bound_us'], 6), r['bound'].split(';')[0]) for r in c if r['collective'] == '$1' and r['status'] == 'ok'][0] == $2"; }
three=(--collectives "all_reduce,all_gather,alltoall" --sizes 900000)
check 'an H100, by its model' emulated 4 FAKEGPU_NAME='NVIDIA H100 80GB HBM3' -- "${three[@]}"
says 'the table has the percentage' ' wrong bound'
check 'N=1, G=4: 900000 / 450, and x 3/4' bounds "{'all_reduce': (2.0, 'S/Bn'), 'all_gather': (1.5, 'S(G-1)/(G Bn)'), 'alltoall': (1.5, 'S(G-1)/(G Bn)')}"
check 'an instance, by its name' hosts 1 4 -- "${three[@]}" --instance p5.48xlarge --group world,domain
# The hosts have two ranks each, but an instance has eight GPUs and eight NICs: no run can exceed 8 x 50 a host.
check 'N=2, G=2, 8 NICs a host: 2S/(2 x 8 x 50), S/(2 x 8 x 50), 2S/(2 x 8 x 50)' bounds "{'all_reduce': (2.25, 'max(2S(N-1)/(N G Bi), S/(Bn+Bi))'), 'all_gather': (1.125, 'max(S(N-1)/(N G Bi), S(P-1)/(P (Bn+Bi)))'), 'alltoall': (2.25, 'max(S(N-1)/(N Bi), S(P-1)/(P (Bn+Bi)))')}"
check 'groups have none' rows 'sum(r["group"] == "domain" and r["status"] == "ok" for r in c) == 5 and all("bound_us" not in r and "bound" not in r for r in c if r["group"] == "domain")'
check 'where NCCL does not use NVLink between the hosts of a rack' hosts 2 4 NCCL_MNNVL_ENABLE=0 FAKEGPU_NAME='NVIDIA GB200' -- "${three[@]}" --instance u-p6e-gb200x72
# Two domains of two GPUs; the hosts have two more of 50 GB/s. With NVLink between them there would be one domain of four.
check 'they are domains: S/(2 x 4 x 50)' bounds_of all_gather "(2.25, 'max(S(N-1)/(N G Bi), S(P-1)/(P (Bn+Bi)))')"
check 'RDMA inside a host' emulated 4 FAKEGPU_NAME='NVIDIA H100 80GB HBM3' FAKEGPU_NET=IB FAKEGPU_VIA=NET/IB/0 -- "${three[@]}" --instance p5.48xlarge --expect-transport rdma
# The instance has eight NICs for these four GPUs.
check 'NVLink does not count: 3S/(4 x 2 x 50)' bounds_of all_gather "(6.75, 'S(N-1)/(N G Bi)')"
check 'nor for alltoallv' emulated 4 FAKEGPU_NAME='NVIDIA H100 80GB HBM3' FAKEGPU_NET=IB FAKEGPU_VIA=NET/IB/0 -- --collectives alltoallv --sizes 900000 --instance p5.48xlarge --expect-transport rdma
check 'three of four parts cross the network' bounds_of alltoallv "(6.75, 'Vn/(G Bi), Vn=675000')"
check 'a GPU that is in no table' emulated 2 -- --sizes 900000
check 'has none' rows 'all("bound_us" not in r and "bound" not in r for r in c)'

# ---- a late rank ----

# A rank is 200 ms late for a batch of at most 20 operations. If the other rank's clock ran meanwhile, each operation would take at least
# 10 ms.
check 'a rank comes late to its batches' emulated 2 -- --collectives all_reduce --sizes 8 --mode pipelined -n 10 --fault slow:rank=1,us=200000
check 'and lengthens none: they start together on the device' rows 'len(c) > 0 and all(min(r["samples_us"]) < 5000 for r in c)'

# ---- where GPUs and NICs are (tests/fakes/gpu/machine describes the machine) ----

tests/fakes/gpu/machine "$work/machine"
check 'a machine with RDMA devices' hosts 1 4 HWLOC_FSROOT="$work/machine" -- --sizes 8
tells 'sockets are told for every host' 'NCCL uses TCP sockets on 2 of 2 hosts although they have RDMA devices \(tray00, tray01: mlx5_0 mlx5_1 mlx5_2\)'
check 'each GPU has its nearest NIC, by switch, root and NUMA distance' rows '[(g["host"], g["numa_node"], g["nearest_nic"]["name"], g["nearest_nic"]["route"], g["nearest_nic"]["numa_distance"]) for g in h["facts"]["gpus"]] == [("tray00", 0, "mlx5_2", "switch", 10), ("tray00", 1, "mlx5_0", "host_bridge", 10), ("tray01", 0, "mlx5_2", "switch", 10), ("tray01", 1, "mlx5_0", "host_bridge", 10)]'
check 'all NICs, the nearest first' rows '[(n["name"], n["route"], n["numa_node"], n["numa_distance"]) for n in h["facts"]["gpu"]["nics"]] == [("mlx5_2", "switch", 0, 10), ("mlx5_1", "node", 0, 10), ("mlx5_0", "system", 1, 32)]'
check 'RDMA that is used' hosts 1 4 HWLOC_FSROOT="$work/machine" FAKEGPU_NET=IB -- --sizes 8
lacks 'gives no warning' 'TCP sockets' "$work/out" "$work/err"
check 'and is recorded' rows 'h["facts"]["nccl"]["network"] == "IB" and all("unused_rdma" not in g for g in h["facts"]["gpus"])'

# On Grace, GPU memory is NUMA nodes without processors.
tests/fakes/gpu/machine "$work/grace" grace
check 'a machine whose GPU memory is NUMA nodes' hosts 1 2 HWLOC_FSROOT="$work/grace" FAKEGPU_NET=IB -- --sizes 8
check 'the GPUs are near the nodes with processors all the same' rows '[(g["numa_node"], g["nearest_nic"]["name"], g["nearest_nic"]["route"], g["nearest_nic"]["numa_distance"]) for g in h["facts"]["gpus"]] == [(0, "mlx5_2", "switch", 10), (1, "mlx5_0", "host_bridge", 10)]'
check 'and so are the other NICs' rows '[(n["name"], n["numa_node"], n["numa_distance"]) for n in h["facts"]["gpu"]["nics"]] == [("mlx5_2", 0, 10), ("mlx5_1", 0, 10), ("mlx5_0", 1, 32)]'

# ---- the transport that the user requires ----

check 'P2P as expected' emulated 2 FAKEGPU_VIA=P2P/CUMEM -- --sizes 8 --expect-transport p2p
expect_status 'SHM where P2P is expected: status 5' 5 emulated 2 FAKEGPU_VIA=SHM/direct/direct -- --sizes 8 --expect-transport p2p
tells 'names it' '--expect-transport p2p: rank [01] \(.*\): GPUs of one host talk through shared memory'
check 'SHM without the flag' emulated 2 FAKEGPU_VIA=SHM/direct/direct -- --sizes 8
tells 'is doubted' 'instead of P2P: is NCCL_P2P_DISABLE set'
expect_status 'a transport that NCCL does not tell: status 5' 5 emulated 2 -- --sizes 8 --expect-transport rdma
# NVLS. Machines of eight H100 have a completed fabric with a UUID of zeros.
nvls_doubt='these GPUs have NVLink switches, but NCCL does not let them reduce \(NVLS\): is NCCL_NVLS_ENABLE 0'
for fabric in 7:3 0; do
    check "GPUs with an NVLink fabric, $fabric" emulated 2 FAKEGPU_FABRIC=$fabric -- --sizes 8 --expect-transport nvls
    lacks 'use NVLS' "$nvls_doubt" "$work/err"
    check 'and that with NVLS switched off' emulated 2 FAKEGPU_FABRIC=$fabric NCCL_NVLS_ENABLE=0 -- --sizes 8
    tells 'are doubted' "$nvls_doubt"
    check 'and that without channels for NVLS' emulated 2 FAKEGPU_FABRIC=$fabric FAKEGPU_NVLS_CHANNELS=0 -- --sizes 8
    tells 'are doubted' "$nvls_doubt"
done
check 'NVLS that is not used is in the record' rows 'h["facts"]["nccl"]["nvls"] is False'
place=(tests/fakes/gpu/place 1 1)
check 'one GPU of each host' emulated 2 NCCL_NVLS_ENABLE=0 -- --sizes 8
place=()
lacks 'has nothing to reduce in a switch' "$nvls_doubt" "$work/err"
check 'GPUs without a fabric' emulated 2 NCCL_NVLS_ENABLE=0 -- --sizes 8
lacks 'have no switch' "$nvls_doubt" "$work/err"
expect_status 'NVLS that NCCL drops is not the one expected: status 5' 5 emulated 2 FAKEGPU_NVLS_CHANNELS=0 -- --sizes 8 --expect-transport nvls
check '--cta efficiency where NVLS is off' emulated 2 NCCL_NVLS_ENABLE=0 -- --cta efficiency -R 1 --collectives all_gather --sizes 64K
check 'is not the label' rows '{r["cta"] for r in c} == {"default"}'
expect_status 'and refused where NVLS is expected' 5 emulated 2 NCCL_NVLS_ENABLE=0 -- --sizes 8 --expect-transport nvls
tells 'by name' 'NCCL does not use NVLS'
check 'NVLink between hosts as expected' hosts 2 4 -- --sizes 8 --expect-transport mnnvl
expect_status 'and refused where NCCL does not use it: status 5' 5 hosts 2 4 NCCL_MNNVL_ENABLE=0 -- --sizes 8 --expect-transport mnnvl
tells 'by name' '--expect-transport mnnvl: rank 0 \(.*\): NCCL does not use NVLink between hosts'
over() { hosts 1 4 FAKEGPU_NET=IB FAKEGPU_VIA="$1" -- --sizes 8 --expect-transport "$2"; }
check 'RDMA as expected' over NET/IB/0 rdma
expect_status 'RDMA through host memory where GPUDirect is expected: status 5' 5 over NET/IB/0 gdr
tells 'by name' '--expect-transport gdr: '
check 'GPUDirect as expected' over NET/IB/0/GDRDMA gdr
expect_status 'GPUDirect of what is received only' 5 over '[send] NET/IB/0,[receive] NET/IB/0/GDRDMA' gdr
tells 'is not all' '--expect-transport gdr: rank [0-3] \(.*\): data that is sent passes through the host'"'"'s memory'
expect_status 'GPUDirect of what is sent only' 5 over '[send] NET/IB/0/GDRDMA,[receive] NET/IB/0' gdr
tells 'is not all either' 'data that is received passes through'
over_libfabric() { hosts 1 4 FAKEGPU_NET=Libfabric FAKEGPU_VIA=NET/Libfabric/0/GDRDMA ${1:+FAKEGPU_PROVIDER="$1"} -- --sizes 8 --expect-transport rdma; }
check 'RDMA through libfabric' over_libfabric efa
check 'names its provider in the record' rows 'h["facts"]["nccl"]["provider"] == "efa"'
expect_status 'TCP through libfabric' 5 over_libfabric 'tcp;ofi_rxm'
tells 'is no RDMA' '--expect-transport rdma: rank [0-3] \(.*\): NCCL uses TCP'
expect_status 'libfabric that does not tell by what' 5 over_libfabric ''
tells 'is not believed' 'does not tell which provider of libfabric'
# In a ring or a tree, one rank of each host may have all its connections over the network.
printf '%s\n' '#!/bin/bash' 'rank=${OMPI_COMM_WORLD_RANK:-${PMIX_RANK:-${PMI_RANK:-0}}}' 'export FAKEGPU_NET=IB FAKEGPU_VIA=P2P/CUMEM' \
    'if [ $((rank % 2)) = 0 ]; then FAKEGPU_VIA=NET/IB/0/GDRDMA; fi' 'exec tests/fakes/gpu/place "$@"' >"$work/one_nic"
chmod +x "$work/one_nic"
one_nic() { local place=("$work/one_nic" 2 "$1"); emulated 4 -- --sizes 8 --expect-transport "$2"; }
check 'two hosts whose first rank alone uses the network' one_nic 1 gdr,p2p
check 'two racks: NVLink within each, the network between them' hosts 2 8 FAKEGPU_NET=IB FAKEGPU_VIA=P2P/MNNVL,NET/IB/0/GDRDMA -- --sizes 8 --expect-transport mnnvl,gdr,nvls
expect_status 'one rack that uses the network' 5 hosts 2 4 FAKEGPU_NET=IB FAKEGPU_VIA=P2P/MNNVL,NET/IB/0/GDRDMA -- --sizes 8 --expect-transport mnnvl
tells 'is refused' '--expect-transport mnnvl: .*some connections go over the network'
expect_status 'of a list, each must be in use' 5 hosts 1 4 FAKEGPU_NET=IB FAKEGPU_VIA=NET/IB/0 NCCL_NVLS_ENABLE=0 -- --sizes 8 --expect-transport rdma,nvls
tells 'the one that is not is named' '--expect-transport nvls: '
expect_status 'a transport that is none' 2 emulated 2 -- --sizes 8 --expect-transport rdma,nvl
tells 'gets a hint' 'nvls'
expect_status 'MPI tells no transport: status 5' 5 "$build/all_reduce" --backend mpi -b 8 -e 8 --output none --expect-transport p2p

# ---- registered buffers ----

# The first registration is a trial with one page; after the second there must be no other.
check 'cases of all sizes use one window, registered at the largest' emulated 2 FAKEGPU_FAULT=fail:call=ncclCommWindowRegister,after=2 -- -R 2 --sizes 8,64K,1M,4M --passes 2
check 'and all are right' rows 'len({r["bytes"] for r in c}) == 4 and all(r["status"] == "ok" and not r["wrong"] for r in c)'
check 'and so does each group' emulated 4 FAKEGPU_FAULT=fail:call=ncclCommWindowRegister,after=4 -- -R 2 --group world,2 --sizes 8,64K,1M --passes 2

# ---- few communicators at a time ----

# A scan measures many splits in a launch: here seven rounds of pairs of eight hosts, in two passes.
rounds() { local place=(tests/fakes/gpu/place 1 8); emulated 8 "$@" -- --collectives all_gather --sizes 64K --placement out_of_place -n 2 -w 1 --passes 2 --group "$(seq -s , -f rails:%g 0 6)"; }
check 'seven rounds of pairs with at most five communicators at a time, the world among them' rounds FAKEGPU_COMMUNICATORS=5
check 'are all measured and right' rows 'len({(r["group"], r["pass"]) for r in c}) == 14 and all(r["status"] == "ok" and not r["wrong"] for r in c)'
expect_status 'with four they fail' 5 rounds FAKEGPU_COMMUNICATORS=4
tells 'for that' 'ncclCommInitRankConfig on rank .*: too many communicators at a time'

# ---- known problems of NCCL versions ----

check 'symmetric windows with NCCL 2.29.2' emulated 2 FAKEGPU_NCCL=22902 -- -R 2 --collectives all_gather --sizes 8
tells 'are warned of' 'NCCL 2.29.2 may hang in the first collective by copy engines on two ranks: github.com/NVIDIA/nccl/issues/2241'
check 'and the record keeps it' rows 'any("issues/2241" in p["source"] for p in h["facts"]["nccl"]["known_problems"])'
check 'without windows' emulated 2 FAKEGPU_NCCL=22902 -- --collectives all_gather --sizes 8
check 'nothing is known' rows '"known_problems" not in h["facts"]["nccl"]'
check 'copy engines of NCCL 2.29.2' emulated 4 FAKEGPU_NCCL=22902 -- -R 2 --cta zero --collectives alltoall --sizes 64K --placement out_of_place
tells 'are warned of' 'NCCL 2.29.2 has a race in its copies by copy engines: github.com/NVIDIA/nccl/commit/428f0f20'
check 'a model with a problem' hosts 1 4 FAKEGPU_NCCL=22707 FAKEGPU_NAME='NVIDIA GH200 480GB' -- --sizes 8
tells 'is warned of between hosts' 'NCCL 2.27.7 may give wrong data between hosts of GH200 .*: github.com/NVIDIA/nccl/issues/2001'

# ---- MPI on device memory ----

mpi_device() {
    local flags=(--backend mpi --memory device)
    emulated 2 "$@" -- --collectives all -d float --sizes 3000 -n 2 -w 1 --passes 1
}
if ompi_info --parsable 2>/dev/null | grep -q 'mpi_built_with_cuda_support:value:true'; then
    skip 'MPI that is not CUDA-aware' 'this one is'
else
    expect_status 'device memory with an MPI that is not CUDA-aware: status 5' 5 mpi_device
    tells 'in a clear line' 'this MPI library is not CUDA-aware \(MPIX_Query_cuda_support'
fi
check 'device memory with one that is' mpi_device LD_PRELOAD="$(realpath "$build/fakegpu/cudaaware.so")"
check 'is verified' rows "$verified and {r['memory'] for r in c} == {'device'} and h['backend'] == 'mpi' and h['provenance'] == ['emulated']"
alone() {
    local flags=(--backend mpi --memory device)
    emulated 2 LD_PRELOAD="$(realpath "$build/fakegpu/cudaaware.so")" FAKEGPU_DEVICES=1 FAKEGPU_MEMORY=314572800 -- --sizes 16M -n 2 -w 1 --passes 1 --cache warm
}
check 'a rank that sees one device has all of its memory' alone
check 'and uses it' rows 'all(r["status"] == "ok" for r in c)'

# ---- errors: at start-up, in warm-up, in the timed loop, in verification ----
# all_gather calls ncclAllGather once to prepare, twice to warm up, three times to measure, once to verify.

fault() {
    local name=$1 status=$2 text=$3 message=$4
    shift 4
    expect_status "$name: status $status" "$status" emulated 2 FAKEGPU_FAULT="$text" FAKEGPU_DEADLINE=60 -- --collectives all_gather --sizes 8K "$@"
    [ "$message" = . ] || tells "$name: the message" "$message"
}
fault 'no device at start-up' 5 'fail:call=cudaGetDeviceCount' 'no CUDA device can be used: unknown error'
fault 'a device that is not available' 5 'fail:call=cudaSetDevice,rank=1' 'cudaSetDevice: unknown error'
fault 'the communicator fails' 5 'fail:call=ncclCommInitRankConfig,rank=-1' 'ncclCommInitRankConfig on rank . .*: unhandled system error'
fault 'a first call fails' 5 'fail:call=ncclAllGather,rank=1' 'all_gather on rank 1 .*: internal error: injected'
fault 'a call fails in warm-up' 5 'fail:call=ncclAllGather,rank=1,after=2' 'all_gather on rank 1 .*: internal error: injected'
fault 'a call fails in the timed loop' 5 'fail:call=ncclAllGather,rank=1,after=4' 'all_gather on rank 1 .*: internal error: injected'
fault 'a call fails in verification' 5 'fail:call=ncclAllGather,rank=1,after=6' 'all_gather on rank 1 .*: internal error: injected'
fault 'the fill kernel fails' 5 'fail:call=busbar_fill,rank=1' 'the fill kernel: '
fault 'the check kernel fails' 5 'fail:call=busbar_check,rank=1' 'the check kernel: '
fault 'the delay kernel fails' 5 'fail:call=busbar_delay,rank=0' 'the delay kernel: '
fault 'an event fails' 5 'fail:call=cudaEventQuery,after=5' 'cudaEventQuery: an illegal memory access'
fault 'the network fails in the timed loop' 5 'async:call=ncclAllGather,rank=1,after=4' 'the communicator on rank 1 .*: remote process exited or there was a network error'
fault 'a graph fails' 5 'fail:call=cudaGraphLaunch,rank=0' 'cudaGraphLaunch: ' -G 2
fault 'registration fails' 5 'fail:call=ncclCommRegister,rank=1' 'ncclCommRegister on rank 1' -R 1
fault 'wrong data at one element' 3 'wrong:call=ncclAllGather,rank=1,after=6,element=77' '.'
check 'the element and the rank are named' rows 'any(r["wrong"] == 1 and r["status"] == "wrong" and "77 on rank 1" in r["error"] for r in c)'
fault 'wrong data before verification does not matter' 0 'wrong:call=ncclAllGather,rank=1,count=5,element=77' '.'
fault 'an allocation that fails for another reason' 5 'fail:call=ncclMemAlloc,rank=1' "allocating device memory on rank 1 .*Cuda failure 999"
fault 'out of memory in the only case' 5 'oom:call=ncclMemAlloc,rank=1,count=1' '.' --placement out_of_place
check 'the case is skipped and named' rows '[r["status"] for r in c] == ["too_large"] and "of buffers for each rank" in c[0]["error"]'
check 'more than the device has' emulated 2 FAKEGPU_MEMORY=600000000 -- --sizes 8,1G
check 'is skipped, the rest measured' rows '{(r["requested_bytes"], r["status"]) for r in c} == {(8, "ok"), (1 << 30, "too_large")}'
fault 'a throttled clock' 0 'throttle:rank=1' '.'
check 'the case says that it was slowed down' rows 'all(r["telemetry"]["slowed"] and r["telemetry"]["sm_mhz"] < 900 and "thermal" in r["telemetry"]["throttle"] and r["telemetry"]["thermal_ms"] > 0 for r in c)'
check 'a throttled clock, on a driver that counts in fields' emulated 2 FAKEGPU_SM=103 FAKEGPU_FAULT='throttle:rank=1' -- --sizes 8
check 'is said too' rows 'all(r["telemetry"]["slowed"] and r["telemetry"]["thermal_ms"] > 0 and r["telemetry"]["power_cap_ms"] == 0 for r in c)'
check 'a driver whose fields of these numbers are others' emulated 1 FAKEGPU_SM=103 FAKEGPU_NVML=580.65.06 -- --sizes 8
check 'no time is made of them' rows 'all("power_cap_ms" in r["telemetry"] and not {"thermal_ms", "hardware_thermal_ms", "power_brake_ms"} & set(r["telemetry"]) for r in c)'
fault 'an Xid' 0 'xid:rank=0,after=3,count=1' '.'
check 'is in the record' rows 'any(r["telemetry"].get("xid") == 79 for r in c)'
check 'limits of the board and of reliability' emulated 1 FAKEGPU_REASONS=0x701 -- --sizes 8
check 'have names' rows 'all(r["telemetry"]["throttle"] == ["display_clocks", "board_limit", "reliability"] and r["telemetry"]["slowed"] for r in c)'
for sm in 80 90 100; do
    check "an NVLink error, compute capability $sm" emulated 2 FAKEGPU_SM=$sm FAKEGPU_FAULT='nvlink:rank=0,after=3,count=1' -- --sizes 8,64
    check 'is counted in one case' rows '[r["telemetry"]["nvlink_errors"] for r in c].count(1) == 1'
done
check 'an undisturbed case says nothing of the kind' emulated 2 -- --sizes 8
check 'but its clocks' rows 'all(r["telemetry"]["slowed"] is False and r["telemetry"]["throttle"] == [] and r["telemetry"]["sm_mhz"] == 1980 for r in c)'
expect_status 'launches that wait for the device, so that a hold keeps its own opener: nothing is measured' 5 emulated 1 CUDA_LAUNCH_BLOCKING=1 -- --sizes 8 --placement out_of_place -n 1
tells 'end after some samples, and are said' 'rank 0: a call waited for the device that was held for it.*CUDA_LAUNCH_BLOCKING'
check 'without a figure, the data checked all the same' rows '[(r["wrong"], r.get("median_us")) for r in c] == [(0, None)]'

# ---- hangs: the deadline ends them, and the message names the ranks that have not arrived ----

fault 'a rank whose GPU does not answer' 4 'absent:call=cudaSetDevice,rank=1' 'rank 1: its GPU has not answered for 4 s|rank 1 never came' -T 4
fault 'ranks that never connect' 4 'absent:call=ncclCommInitRankConfig,rank=1' 'no progress for 4 s: ' -T 4
fault 'a rank that never arrives in warm-up' 4 'absent:call=ncclAllGather,rank=1,after=2' 'no progress for 4 s in all_gather .*: rank 1 on .* is alive but behind' -T 4
# A stand-in for NCCL's RAS answers once, at an address that only this test uses.
python3 - "$work/ras" <<'E2' &
import os, socket, sys
server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1] + ".new", "w") as port:
    port.write(str(server.getsockname()[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.settimeout(120)
client = server.accept()[0]
client.recv(1024)
client.sendall(b"SERVER PROTOCOL 2\nOK\nWarnings\n\033[31mrank 1 is behind\n")
E2
while [ ! -s "$work/ras" ] && [ -n "$(jobs -r)" ]; do sleep 0.05; done
NCCL_RAS_ADDR=127.0.0.1:$(cat "$work/ras") fault 'a hang on the device in the timed loop' 4 'hang:call=ncclAllGather,rank=1,after=4' 'no progress for 4 s in all_gather .*: all ranks are alive and inside' -T 4
tells 'what RAS knows stands beside it' '^# NCCL RAS: \?\[31mrank 1 is behind$'
wait
fault 'an abort that hangs too' 4 'hang:call=ncclAllGather,rank=1,after=4;absent:call=ncclCommAbort' 'no progress for 4 s in all_gather' -T 4
fault 'a rank that never arrives in verification' 4 'absent:call=ncclAllGather,rank=1,after=6' 'no progress for 4 s in all_gather .*: rank 1 on .* is alive but behind' -T 4
