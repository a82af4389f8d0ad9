#!/usr/bin/env bash
# benchmark-peers with stand-ins for OSU, IMB, nccl-tests, mpirun and all_reduce that print fixed figures; the expected ratios and intervals
# are computed by hand.
. "$(dirname "$0")/../lib.sh"
mkdir -p "$work/build/benchmark" "$work/osu/c" "$work/imb" "$work/nccl"
ln -s "$(realpath "$build/busbar")" "$work/build/busbar"

# The launcher starts one process and ignores "-np N".
printf '#!/bin/sh\nshift 2\nexec "$@"\n' >"$work/mpirun"

# figure VALUE…: prints the value of this launch (PEERS_LAUNCH counts from 1; it is 0 while the amount of work is calibrated).
cat >"$work/figure" <<'END'
[ "${PEERS_LAUNCH:-0}" -gt 0 ] && shift $((PEERS_LAUNCH - 1))
echo "$1"
END
cat >"$work/build/all_reduce" <<END
#!/usr/bin/env bash
arguments="\$*"
while [ \$# -gt 0 ]; do case \$1 in --output) output=\$2 ;; --run) run=\$2 ;; --launch) launch=\$2 ;; --sizes) size=\$2 ;; --mode) mode=\$2 ;; --cache) cache=\$2 ;; esac; shift; done
echo "\$arguments" >>"$work/asked"
if rm "$work/late" 2>/dev/null; then echo 'all_reduce: nothing was measured: time: 1 cases' >&2 && exit 5; fi
if [ "\$mode" = pipelined ]; then
    [ -z "\${NO_GPU:-}" ] || { echo 'all_reduce: no CUDA device can be used: no driver' >&2; exit 5; }
    us=20.505 ranks=8
else
    us=\$(bash "$work/figure" 2.2 2.0 2.4 2.1 2.3 2.5 2.6 1.9) ranks=2
    [ "\$cache" = warm ] || us=4
fi
mkdir -p "\$output/\$run"
{
    echo '{"record":"launch","schema":1,"run":"r","launch":"l","driver":"all_reduce","provenance":["measured"]}'
    echo '{"record":"case","collective":"all_reduce","mode":"'\$mode'","placement":"out_of_place","cache":"'\$cache'","requested_bytes":'\$size',"bytes":'\$size',"dtype":"float","op":"sum","ranks":'\$ranks',"status":"ok","samples_us":['\$us']}'
    echo '{"record":"end","status":"complete","cases":1,"elapsed_s":0.1}'
} >"\$output/\$run/\$launch.jsonl"
END
cat >"$work/osu/c/osu_allreduce" <<END
#!/usr/bin/env bash
echo "\$*" >>"$work/osu-asked"
[ "\$1" != -h ] || { [ -z "\${PERCENTILES:-}" ] || echo '  -z, --tail-lat'; exit; }
[ "\$4" = 8:8 ] || exit 9
if [ -n "\${PERCENTILES:-}" ]; then
    printf '\n# OSU MPI Allreduce Latency Test v7.4\n# Datatype: MPI_FLOAT.\n# Size       Avg Latency(us) P50 Tail Lat(us)\n8 %22s %10s\n' 2.00 1.80
    exit
fi
printf '\n# OSU MPI Allreduce Latency Test v7.4\n# Datatype: MPI_FLOAT.\n# Size       Avg Latency(us)\n8 %22s\n' "\$(bash "$work/figure" 2.00 1.60 2.00 2.00 2.00 2.00 2.00 2.00)"
END
cat >"$work/imb/IMB-MPI1" <<'END'
#!/usr/bin/env bash
cat <<'TABLE'
# Benchmarking Allreduce 
# #processes = 2 
#----------------------------------------------------------------
       #bytes #repetitions  t_min[usec]  t_max[usec]  t_avg[usec]
            8         1000         1.50         1.70         1.60
TABLE
END
# A public log of a DGX H100 (host name changed), shortened.
cat >"$work/nccl/all_reduce_perf" <<'END'
#!/usr/bin/env bash
cat <<'TABLE'
# nThread 1 nGpus 1 minBytes 8 maxBytes 17179869184 step: 2(factor) warmup iters: 5 iters: 20 agg iters: 1 validation: 1 graph: 0
#
# Using devices
#  Rank  0 Group  0 Pid 1006102 on pool0-1 device  0 [0000:19:00] NVIDIA H100 80GB HBM3
#  Rank  1 Group  0 Pid 1005853 on pool0-1 device  1 [0000:2d:00] NVIDIA H100 80GB HBM3
#  Rank  2 Group  0 Pid 1006013 on pool0-1 device  2 [0000:3f:00] NVIDIA H100 80GB HBM3
#  Rank  3 Group  0 Pid 1006017 on pool0-1 device  3 [0000:66:00] NVIDIA H100 80GB HBM3
#  Rank  4 Group  0 Pid 1005902 on pool0-1 device  4 [0000:9b:00] NVIDIA H100 80GB HBM3
#  Rank  5 Group  0 Pid 1006015 on pool0-1 device  5 [0000:ae:00] NVIDIA H100 80GB HBM3
#  Rank  6 Group  0 Pid 1005825 on pool0-1 device  6 [0000:bf:00] NVIDIA H100 80GB HBM3
#  Rank  7 Group  0 Pid 1005906 on pool0-1 device  7 [0000:e4:00] NVIDIA H100 80GB HBM3
#
#                                                              out-of-place                       in-place
#       size         count      type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw #wrong
#        (B)    (elements)                               (us)  (GB/s)  (GB/s)            (us)  (GB/s)  (GB/s)
           8             2     float     sum      -1    13.67    0.00    0.00      0    13.03    0.00    0.00      0
          16             4     float     sum      -1    13.00    0.00    0.00      0    13.07    0.00    0.00      0
      131072         32768     float     sum      -1    19.89    6.59   11.53      0    19.19    6.83   11.95      0
TABLE
END
# The two processors are near each other before and after every launch.
printf '#!/bin/sh\necho 80.0\n' >"$work/build/benchmark/distance"
chmod +x "$work/mpirun" "$work/build/all_reduce" "$work/build/benchmark/distance" "$work/osu/c/osu_allreduce" "$work/imb/IMB-MPI1" "$work/nccl/all_reduce_perf"

peers() { env BUILD="$work/build" MPIRUN="$work/mpirun" SIZES=8 "$@" tests/benchmark/peers.sh; }
# row CACHE: prints the numbers of that row: figures, ratio of medians, interval, scatter
row() { awk -F'|' -v cache="$1" '$1 ~ " " cache " " { print $2, $3, $4 }' "$work/out" | tr -s ' []' ' ' | sed 's/^ //; s/ $//'; }
is_row() { if [ "$(row "$2")" = "$3" ]; then ok "$1"; else not_ok "$1 ('$(row "$2")', expected '$3')"; cat "$work/out"; fi; }

check "OSU in a folder" peers OSU="$work/osu" LAUNCHES=6
# Six pairs with ratios 1.1 1.25 1.2 1.05 1.15 1.25: the exact interval is from the smallest to the largest (97 %). Medians 2.25 and 2.00.
is_row "six launches: medians, ratio, interval, scatter" warm "2.250 2.000 1.125 1.050, 1.250 1.25 1.25"
is_row "cold has a row of its own" cold "4.000 2.000 2.000 2.000, 2.500 1.00 1.25"
says "what OSU measures is said" "mean over iterations of each rank, averaged over ranks"
if grep -q -- '-T mpi_float -m 8:8 ' "$work/osu-asked"; then ok "OSU is asked for the same type and size"; else not_ok "OSU is asked for the same type and size"; fi
if grep -q -- '--sync barrier --cache warm --sizes 8 -d float' "$work/asked"; then ok "so is busbar"; else not_ok "so is busbar"; fi
check "OSU's program itself, eight launches" peers OSU="$work/osu/c/osu_allreduce" LAUNCHES=8 CACHES=warm
# The ratios above, 1.3 and 0.95; scipy.stats.wilcoxon(log ratio - t, method="exact") has p < 0.05 outside [1.0454, 1.25].
is_row "eight launches" warm "2.250 2.000 1.125 1.045, 1.250 1.37 1.25"
check "OSU that prints its median" peers OSU="$work/osu" LAUNCHES=2 CACHES=warm PERCENTILES=1
is_row "its mean is compared" warm "2.100 2.000 1.050 1.000 to 1.100 1.10 1.00"
cp "$work/out" "$work/table"
check "and its median: 2.1 over 1.8" grep -q '| *1.167$' "$work/table"
touch "$work/late"
check "a launch whose time was over before its first sample" peers OSU="$work/osu" LAUNCHES=2 CACHES=warm
is_row "is taken again" warm "2.100 1.800 1.167 1.100 to 1.250 1.10 1.25"
check "IMB" peers IMB="$work/imb" LAUNCHES=3 CACHES=warm
is_row "three launches have no interval: smallest to largest" warm "2.200 1.600 1.375 1.250 to 1.500 1.20 1.00"
check "nccl-tests' log" peers NCCL_TESTS="$work/nccl" RANKS=8 LAUNCHES=2 CACHES=warm
is_row "is read out of place: 20.505 over 13.67" warm "20.505 13.670 1.500 1.500 to 1.500 1.00 1.00"
expect_status "a rank count that the log does not have" 5 peers NCCL_TESTS="$work/nccl" RANKS=4 LAUNCHES=2 CACHES=warm
says "is said" "nccl ran on 8 ranks, not on 4: is it built with MPI?"
expect_status "no GPU" 5 peers NCCL_TESTS="$work/nccl" RANKS=8 NO_GPU=1
says "is said, with the reason" "peers: no GPU that NCCL can use"
expect_status "nothing to compare with" 2 peers OSU=
says "is said" "peers: nothing to compare with; give OSU=, IMB= or NCCL_TESTS=, each a program or its folder"
expect_status "a folder without the program" 2 peers OSU="$work/imb"
says "is named" "neither a program nor a folder with osu_allreduce"
printf '#!/bin/sh\necho "osu_allreduce: cannot open libmpi.so.40" >&2\nexit 127\n' >"$work/osu/c/osu_allreduce"
expect_status "a program that does not start" 5 peers OSU="$work/osu"
says "is named with its message" "osu does not start (status 127"
says "and its message" "cannot open libmpi.so.40"
[ "$(wc -l <"$work/err")" -eq 1 ] && ok "in one line" || not_ok "in one line"
exit "$failures"
