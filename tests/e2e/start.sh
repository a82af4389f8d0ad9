#!/usr/bin/env bash
# A driver that is started without a launcher: -t and -g start its ranks, on MPI and on the emulated device.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
. tests/fakes/emulated_gpu.sh
quick=(-b 8 -e 8 -n 2 -w 1 --passes 1 --run r --launch l --output "$work/records")

alone() { # PROGRAM ARGUMENTS…: starts the program without a launcher, as a user would
    rm -rf "$work/records"
    timeout 120 "$build/$1" "${quick[@]}" "${@:2}"
}

check '-g 2 starts two ranks' alone all_reduce --backend mpi -g 2 --label '-g 3'
check 'says with which command' test "$(grep -c '^# .*mpi[a-z.]* .*2 .*all_reduce ' "$work/err")" -eq 1
check 'both measure, and the arguments are those of a rank' rows 'w["ranks"] == 2 and h["cloud"]["label"] == "-g 3" and not {"-g", "-t"} & set(h["args"]) and all(r["status"] == "ok" for r in c)'
for spelling in '-g2' '--ngpus 2' '--ngpus=2' '-t 2' '-t 2 -g 1' '-t1 -g2'; do
    # shellcheck disable=SC2086 # words on purpose
    check "$spelling starts two ranks" alone all_reduce --backend mpi $spelling
    check 'that measure' rows 'w["ranks"] == 2 and not any(a.startswith(("-g", "-t", "--n")) for a in h["args"])'
done
check '-g 1 starts nothing' alone all_reduce --backend mpi -g 1
check 'it is the rank' test ! -s "$work/err"
check 'matmul -g 2' timeout 120 "$build/matmul" --backend cblas -g 2 --shapes 32 -n 2 --phase burst -d float --output none
says 'has two ranks' '2 ranks on 1 host'
expect_status 'the status is that of the launch' 3 alone all_reduce --backend mpi -g 2 --fault wrong:rank=1
expect_status '-g under mpirun is refused' 2 ranks 2 "$build/all_reduce" "${quick[@]}" --backend mpi -g 2
says 'with the reason' 'a launcher has already started 2 ('
says 'and the line to type' "; type: mpirun -np 4 $build/all_reduce -b 8 -e 8 -n 2 "
# is_last: the driver's line is the last one on stderr, and mpirun's own words are not on stdout.
is_last() { # NAME PROGRAM [OUTPUT: how many lines of it are on stdout]
    case $(sed -n 's/^MPI_NAME := //p' "$build/config.mk") in
    'Open MPI 5'*) skip "$1" "mpirun of Open MPI 5 prints a block after it (bench/launch/refusal.c)"; return ;;
    esac
    if tail -n 1 "$work/err" | grep -q "^$2: " && [ "$(wc -l <"$work/out")" -eq "${3:-0}" ]; then ok "$1"; else not_ok "$1"; tail "$work/err"; fi
}
is_last 'which stands last' all_reduce
expect_status 'flags of nccl-tests under mpirun' 2 ranks 2 "$build/all_reduce" --minbytes 8 -d float --maxbytes=1G -m1 -m 5
says 'the line to type has all of them' "use -b or --begin: mpirun -np 2 $build/all_reduce -b 8 -d float -e 1G -m1 -m 5"
is_last 'stands last, too' all_reduce
# The line to type for the flags of other tools: PROGRAM, what is typed, and how the refusal ends.
line_to_type() {
    # shellcheck disable=SC2086 # words on purpose
    expect_status "$1 $2" 2 "$build/$1" $2
    if [ "$(tail -c $((${#3} + 1)) "$work/err")" = "$3" ]; then ok "is answered: $3"; else not_ok "is answered: $3"; cat "$work/err"; fi
}
while IFS='|' read -r typed instead; do
    line_to_type all_reduce "$typed" ": $build/all_reduce${instead:+ $instead}"
done <<'EOF'
-m 1:64|-b 1 -e 64
-m 8:|-b 8
-x 10|-w 10
-i 100|-n 100
-i 100 -x 10 -m 64|-n 100 -w 10 -e 64
-d cuda|--backend mpi --memory device
-T mpi_float|-d float
-z|
-z50,99|
-f|
-f -x 10 -i 1K -b 1K|-w 10 -i 1K -b 1K
-M 512M|
-c|-c 1
-c -l|-c 1 --placement in_place
-G png|
-k fixed:1|-r 1
-m 1:64 -x 10 -i 100 -d cuda -T mpi_float -z -f -M 1G -c|-b 1 -e 64 -w 10 -n 100 --backend mpi --memory device -d float -c 1
-msglog 0:20|-b 1 -e 1M
-msglog 12|-b 1 -e 4K
-msgsize 8,65536|--sizes 8,65536
-iter 100 -b 8|-n 100 -b 8
-iter 100,40|-n 100
-npmin 2|
-multi 0|--group 2
-npmin 4 -multi 0|--group 4
-off_cache -1|--cache cold
-mem 1|
-time 5|--max-seconds 5
-include Allgather,bcast|--collectives all_gather,broadcast
-warm_up off|-w 0
-warm_up on|
-root_shift 0 -data_type bfloat16|-d bfloat16
-mem_alloc_type cpu|--backend mpi --memory host
-J x.json|
-p 1|
-a 1|--mode nccl-tests
-a 3|
-N 3|--passes 3
-x 1|--cta efficiency
-z 1|--mode isolated
-M 1|
--minbytes 8 --stepfactor=4|-b 8 -f 4
EOF
line_to_type overlap '-i 100 -T mpi_float' ": $build/overlap -n 100 -d float"
line_to_type matmul '-x 10 -iter 5' ": $build/matmul -w 10 -n 5"
line_to_type all_reduce '-msglen sizes' ": $build/all_reduce --sizes \"\$(grep '^[^#]' sizes | paste -sd, -)\""
line_to_type step '-off_cache -1' ": $build/step --cache cold"
# Flags that nothing replaces say why, alone and among others.
while IFS='|' read -r program typed reason; do line_to_type "$program" "$typed" "$reason"; done <<'EOF'
all_reduce|-map 2x4|-map is not a flag of busbar: the launcher places the ranks
all_reduce|-iter auto|-iter is not a flag of busbar: use -n or --iters
all_reduce|-warm_up 5|-warm_up is not a flag of busbar: ranks warm up until times are steady, unless -w says
all_reduce|-include Allgather,PingPong|-include is not a flag of busbar: --collectives names all that is measured
all_reduce|-d rocm|with --backend mpi --memory device
all_reduce|-V 8|-V is not a flag of busbar: it is for nccl-tests' own kernels (-D), and operations are those of the NCCL library; --cta sets NCCL's CTAs
all_reduce|-m 1:64 -D vect:1:2|-D is not a flag of busbar: there are no derived data types
all_reduce|-a 2|records keep the spread
all_reduce|-N 0|and several launches (scripts/sweep)
overlap|--minbytes 8|--minbytes is a flag of nccl-tests; overlap has no -b, but --sizes (--help lists all)
overlap|-m 1:64|-m is a flag of OSU; overlap has no -b, but --sizes (--help lists all)
matmul|-b 8|-b is a flag of nccl-tests; matmul has no -b, but --shapes (--help lists all)
step|-msglog 3|-msglog is a flag of IMB; step has no -b, but --workload (--help lists all)
matmul|-d cuda|-d is a flag of OSU; matmul has no --memory (--help lists all)
EOF
for line in '-i 8 -b 8 -e 16' '-f 2' '-c 0' '-T 60' '-d int8'; do
    # shellcheck disable=SC2086 # words on purpose
    check "$line keeps busbar's meaning" "$build/all_reduce" "${quick[@]}" --backend mpi --output none $line
done
check 'one that asks for what is done anyway' "$build/all_reduce" "${quick[@]}" --agg_iters 1 --backend mpi --output none
expect_status 'an unknown word with one dash' 2 "$build/all_reduce" -quick 3
says 'is named as it was typed' 'unknown flag -quick'
expect_status 'an unknown word under mpirun' 2 ranks 3 "$build/matmul" -d flaot
is_last 'is the last line' matmul
# What only started ranks can tell ends in the same way, with the same status.
while IFS='|' read -r status lines reason arguments; do
    rm -rf "$work/records"
    # shellcheck disable=SC2086 # words on purpose
    expect_status "ranks refuse $arguments" "$status" ranks 2 "$build/all_reduce" "${quick[@]}" --backend mpi $arguments </dev/null
    says 'with the reason' "$reason"
    is_last 'which is the last line' all_reduce "$lines"
done <<'EOF'
2|0|-m: the mpi backend has no groups of operations|-m 4 --sizes 8
5|0|--expect-ranks 3: the launch has 2|--expect-ranks 3
5|0|two must measure and two load|--beside all_to_all:4K --sizes 8
5|5|nothing was measured: fewer bytes than one element|--sizes 0
5|5|nothing was measured: --group 3|--group 3 --sizes 8
EOF
check 'a launch without a figure ends its record' grep -q '"record":"end","status":"failed"' "$work/records/r/l.jsonl"
expect_status 'matmul refuses' 5 ranks 2 "$build/matmul" --expect-hosts 7 --output none
is_last 'in the last line' matmul
# Open MPI ends the other ranks. Hydra, the launcher of MPICH and Intel MPI, leaves them in MPI_Init, and their watchdogs end them.
case $(MPIRUN=$mpirun "$mpi_launcher" --family) in hydra) alone_status=4 ;; *) alone_status=2 ;; esac
expect_status 'only some ranks refuse: none waits for ever' $alone_status ranks 2 sh -c 'case ${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}} in 0) exec "$0" --bad ;; *) exec "$0" "$@" ;; esac' \
    "$build/all_reduce" "${quick[@]}" --backend mpi --timeout 15
says 'and the reason is told' 'unknown flag --bad'
expect_status '-g 0 without a GPU' 5 alone all_reduce --backend mpi -g 0
says 'says so' '-g 0: no GPU is visible'
expect_status 'too many ranks' 2 alone all_reduce -t 4096 -g 2
expect_status 'no number' 2 alone all_reduce -g many

[ -e "$build/busbar_nccl.so" ] && [ -e "$build/fakegpu/libnccl.so.2" ] || { skip '-g on GPUs' 'the GPU parts are not built here (no CUDA or NCCL headers)'; exit; }
emulated_alone() { # [VARIABLE=value…] -- ARGUMENTS…
    local vars=()
    while [ "$1" != -- ]; do vars+=("$1"); shift; done
    rm -rf "$work/records"
    env FAKEGPU_TAG=$$ LD_LIBRARY_PATH="$(realpath "$build/fakegpu")" "${vars[@]}" timeout 120 "$build/all_reduce" "${quick[@]}" "${@:2}"
    set -- $?
    rm -f "/dev/shm/fakegpu-$$-"*
    return "$1"
}
check '-g 0 takes every GPU that is visible' emulated_alone FAKEGPU_DEVICES=3 -- -t 1 -g 0
if grep -q ppr: "$work/err"; then says 'no rank is bound to a core' '--bind-to none'; fi # Hydra does not bind by default
check 'one rank for each' rows 'w["ranks"] == 3 and h["backend"] == "nccl" and len({g["uuid"] for g in h["facts"]["gpus"]}) == 3'
check '-g 4' emulated_alone FAKEGPU_DEVICES=4 -- -g 4 --backend auto
check 'one rank for each of four' rows 'w["ranks"] == 4 and len({g["uuid"] for g in h["facts"]["gpus"]}) == 4'
check 'alone on a machine with four GPUs' emulated_alone FAKEGPU_DEVICES=4 --
says 'says how to use them all' 'this measures 1 of 4 GPUs; -g 4 starts a rank for each'
check 'each rank has its GPU before MPI starts' emulated_alone FAKEGPU_DEVICES=3 FAKEGPU_TELL_DEVICE=1 LD_PRELOAD="$(realpath "$build/fakegpu/cudaaware.so")" -- -g 3
check 'which is its own' test "$(grep -o '^MPI_Init on device [0-9]' "$work/err" | sort -u | tr '\n' ' ')" = 'MPI_Init on device 0 MPI_Init on device 1 MPI_Init on device 2 '
