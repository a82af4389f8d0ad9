#!/usr/bin/env bash
# Tests busbar import --workload with the traces that tests/data/traces/make.py made with PyTorch. The expected rows are computed from the
# dimensions of its models.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
traces=tests/data/traces
import() { timeout 60 "$build/busbar" import "$@"; }

# The dimensions of the models in make.py.
rows=96 width=64 hidden=160 classes=24 layers=3 heads=2 length=16
float=4 bfloat16=2 ranks=2

# expect_rows NAME: compares the table in $work/out with the rows on standard input: part, group, dtype, shape, bytes, count, loop, overlap.
expect_rows() {
    sed 's/ /\t/g; s/-//g' >"$work/expected"
    grep -v '^#' "$work/out" | cut -f 2-9 >"$work/rows"
    if diff "$work/expected" "$work/rows" >"$work/diff"; then ok "$1"; else not_ok "$1"; cat "$work/diff"; fi
}

ddp_rows() { # the overlap of the first all-reduce and the last matmul
    cat <<E
part group dtype shape bytes count loop overlap
matmul - float ${rows}x${hidden}x$width - 1 - -
matmul - float ${rows}x${classes}x$hidden - 1 - -
matmul - float ${rows}x${hidden}x$classes - 1 - -
matmul - float ${classes}x${hidden}x$rows - 1 - -
all_reduce - float - $(((hidden * classes + classes) * float)) 1 - $1
matmul - float ${hidden}x${width}x$rows - 1 - $1
all_reduce - float - $(((width * hidden + hidden) * float)) 1 - -
E
}
# In the trace's step 3, gloo's first all-reduce lasts from 458173 to 461129 us, and the last mm is in it, from 460094 to 460150. In its
# step 2, the all-reduce ends at 451984 and the mm begins at 452135.
check 'data parallel' import --workload mine "$traces/ddp.json"
expect_rows 'the last step, with the overlap that its times show' < <(ddp_rows overlap1)
says 'which step it is' 'rank 0 of 2, ProfilerStep#3 (the last whole one of 2 in the trace): 2 collectives (5.706e+04 bytes) and 5 matmuls (6.144e+06 FLOPs)'
says 'what is left out, and its share' 'left out: 10 x aten::copy_: not a matmul (7.8 % of the computing time)'
check 'a step by its number' import --workload mine --step 2 "$traces/ddp.json"
expect_rows 'without overlap, where its times show none' < <(ddp_rows -)
check 'the same job as a Chakra trace' import --workload mine "$traces/ddp.et.json"
expect_rows 'the same rows without overlap' < <(ddp_rows -)
says 'and says why' 'a Chakra trace has no times, so the rows declare no overlap'

check 'fully sharded' import --workload mine "$traces/fsdp.json"
expect_rows 'weights are gathered twice, gradients scattered' <<E
part group dtype shape bytes count loop overlap
all_gather - float - $((width * hidden * float)) 1 - -
matmul - float ${rows}x${hidden}x$width - 1 - -
all_gather - float - $((hidden * classes * float)) 1 - -
matmul - float ${rows}x${classes}x$hidden - 1 - -
all_gather - float - $((hidden * classes * float)) 1 - -
all_gather - float - $((width * hidden * float)) 1 - -
matmul - float ${classes}x${hidden}x$rows - 1 - -
matmul - float ${rows}x${hidden}x$classes - 1 - -
reduce_scatter - float - $((hidden * classes * float)) 1 - -
matmul - float ${hidden}x${width}x$rows - 1 - -
reduce_scatter - float - $((width * hidden * float)) 1 - -
E

for trace in mesh.json mesh.et.json; do
    check "layers, $trace" import --workload mine --output "$work/mesh.tsv" "$traces/$trace"
    says 'what moves no data' 'left out: 1 x c10d::barrier: moves no data'
    says 'what is not a matmul' 'left out: 1 x aten::mkldnn_convolution: not a matmul'
    says 'that the groups are unknown' 'the trace does not say which ranks are in the groups of 5 collectives'
    says 'that the parts differ in size' 'the parts of 1 collectives differ in size'
    cp "$work/mesh.tsv" "$work/out"
    expect_rows 'the layers are a loop' <<E
part group dtype shape bytes count loop overlap
matmul - float ${length}x${length}x$((width / heads)) - $heads loop1:$layers -
matmul - float ${length}x$((width / heads))x$length - $heads loop1:$layers -
matmul - float ${length}x$((hidden / ranks))x$width - 1 loop1:$layers -
matmul - float ${length}x${width}x$((hidden / ranks)) - 1 loop1:$layers -
all_reduce - float - $((length * width * float)) 1 loop1:$layers -
all_reduce - bfloat16 - $((width * width * bfloat16)) 1 - -
alltoall - float - $((1000 * float)) 1 - -
E
done

# Invalid usage, and files that are not traces.
expect_status 'no name' 2 import --workload '' "$traces/ddp.json"
expect_status 'a name that would be a comment' 2 import --workload '#mine' "$traces/ddp.json"
expect_status 'a name with a blank' 2 import --workload 'my job' "$traces/ddp.json"
expect_status 'a name with a tab' 2 import --workload $'my\tjob' "$traces/ddp.json"
expect_status 'two files' 2 import --workload mine "$traces/ddp.json" "$traces/fsdp.json"
expect_status 'a flag for records' 2 import --workload mine --cloud aws "$traces/ddp.json"
expect_status '--step without --workload' 2 import --step 3 "$traces/ddp.json"
expect_status 'no such step' 5 import --workload mine --step 9 "$traces/ddp.json"
says 'and names the steps of the trace' '--step 9: the trace has the steps 2 to 3'
expect_status 'another number of ranks' 5 import --workload mine --ranks 8 "$traces/ddp.json"
expect_status 'no file' 5 import --workload mine "$work/none.json"
expect_status 'a trace without --workload' 5 import --check "$traces/ddp.json"
says 'names the flag' '--workload'
check '--check prints no table' import --workload mine --check "$traces/ddp.json"
if [ -s "$work/out" ]; then not_ok 'a table with --check'; else ok 'none'; fi
gzip -c "$traces/ddp.json" >"$work/ddp.json.gz"
expect_status 'a compressed trace' 5 import --workload mine "$work/ddp.json.gz"
says 'how to go on' 'gunzip'
size=$(stat -c %s "$traces/ddp.json")
for part in 1 400 1000 $((size / 2)) $((size - 4)); do
    head -c "$part" "$traces/ddp.json" >"$work/cut.json"
    expect_status "cut after $part bytes" 5 import --workload mine "$work/cut.json"
    if [ "$(wc -l <"$work/err")" -eq 1 ]; then ok 'one line'; else not_ok "$(wc -l <"$work/err") lines"; fi
done
sed '20s/aten::[a-z_]*/\x1b[31m/; 30s/aten::[a-z_]*/\\u001b[31m\\n\\t/' "$traces/ddp.et.json" >"$work/escape.json"
check 'control characters' import --workload mine --step 2 "$work/escape.json"
if grep -q $'\x1b' "$work/out" "$work/err"; then not_ok 'are printed'; else ok 'are not printed'; fi
says 'an event is not JSON' 'left out: 1 broken events'

# A large trace. Only one of its events at a time is parsed into a JSON tree.
{
    echo '{"traceEvents":['
    seq 300000 | awk '{ printf "{\"ph\":\"X\",\"cat\":\"cpu_op\",\"name\":\"aten::mm\",\"pid\":1,\"tid\":1,\"ts\":%d,\"dur\":1,\"args\":{\"Input Dims\":[[2,3],[3,4]],\"Input type\":[\"float\",\"float\"]}},\n", $1 * 2 }'
    echo '{"ph":"M"}]}'
} >"$work/large.json"
expect_status 'a large trace' 0 import --workload mine "$work/large.json"
expect_rows 'as one row' <<E
part group dtype shape bytes count loop overlap
matmul - float 2x4x3 - 300000 - -
E

# busbar report accepts the table.
import --workload mine "$traces/ddp.json" >"$work/mine.tsv" 2>/dev/null
expect_status 'the table has no such workload' 2 "$build/busbar" report --workload other --workloads "$work/mine.tsv" results/reference
says 'and names the one that it has' 'mine'

# build/step accepts it too: it runs the step and verifies every element. ddp has an overlap; mesh has a loop, bfloat16 and an all-to-all.
if [ -x "$build/step" ]; then
    for job in ddp:2 mesh:4; do
        import --workload mine "$traces/${job%:*}.json" >"$work/mine.tsv" 2>/dev/null
        check "replay of ${job%:*}" ranks "${job#*:}" "$build/step" --workload mine --workloads "$work/mine.tsv" -n 2 --output none
        lines=$(awk '/ (float|bfloat16)[, ].* 0$/' "$work/out" | wc -l)
        expected=$(grep -v '^#' "$work/mine.tsv" | tail -n +2 | wc -l)
        if [ "$lines" -eq "$expected" ]; then ok 'each row was verified'; else not_ok "$lines of $expected rows were verified"; cat "$work/out"; fi
    done
    says 'the step was timed' 'seconds per step'
else
    skip 'replay of the workloads' 'build/step is not built here: no MPI'
fi
exit "$failures"
