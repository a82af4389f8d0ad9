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
is_last() {
    case $(sed -n 's/^MPI_NAME := //p' "$build/config.mk") in
    'Open MPI 5'*) skip "$1" "mpirun of Open MPI 5 prints a block after it (bench/launch/refusal.c)"; return ;;
    esac
    if tail -n 1 "$work/err" | grep -q "^$2: " && [ ! -s "$work/out" ]; then ok "$1"; else not_ok "$1"; tail "$work/err"; fi
}
is_last 'which stands last' all_reduce
expect_status 'flags of nccl-tests under mpirun' 2 ranks 2 "$build/all_reduce" --minbytes 8 -d float --maxbytes=1G -m1 -m 5
says 'the line to type has all of them' "use -b or --begin: mpirun -np 2 $build/all_reduce -b 8 -d float -e 1G -m1 -m 5"
is_last 'stands last, too' all_reduce
expect_status 'a flag of IMB' 2 "$build/all_reduce" -msglog 3:4
says 'is named as such' '-msglog is not a flag of busbar: use -b and -e, in bytes'
expect_status 'another' 2 "$build/all_reduce" -iter 100 -b 8
says 'with the line to type' "use -n or --iters: $build/all_reduce -n 100 -b 8"
expect_status 'a flag of OSU' 2 "$build/all_reduce" -m 8:1M
says 'is not taken for one of nccl-tests' "'8:1M' is not a whole number; OSU's -m MIN:MAX is -b MIN -e MAX here"
check 'one that asks for what is done anyway' "$build/all_reduce" "${quick[@]}" --agg_iters 1 --backend mpi --output none
expect_status 'an unknown word with one dash' 2 "$build/all_reduce" -quick 3
says 'is named as it was typed' 'unknown flag -quick'
expect_status 'an unknown word under mpirun' 2 ranks 3 "$build/matmul" -d flaot
is_last 'is the last line' matmul
expect_status 'only some ranks refuse: none waits for ever' 2 ranks 2 sh -c 'case ${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}} in 0) exec "$0" --bad ;; *) exec "$0" "$@" ;; esac' \
    "$build/all_reduce" "${quick[@]}" --backend mpi
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
