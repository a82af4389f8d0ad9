#!/usr/bin/env bash
# matmul against the best that OpenBLAS's and BLIS's kernels reach in a bare loop, alternating: at least TARGET [0.95]
# BARE_LIBRARY_PATH: a library path for the bare loop only, for example for libraries that matmul must not find.
. "$(dirname "$0")/../lib.sh"
needs_built matmul benchmark/bare_gemm
threads=${THREADS:-$(nproc)}
rounds=${ROUNDS:-5} target=${TARGET:-0.95}
bare=$build/benchmark/bare_gemm

# bare_us SPEC TYPE EDGE CALLS: prints the median time of the bare loop; SPEC is LIBRARY or LIBRARY:KERNEL. Prints nothing if that kernel
# cannot run here.
bare_us() {
    local library=${1%%:*} kernel=${1#*:}
    [ "$kernel" != "$1" ] || kernel=
    (
        unset OPENBLAS_CORETYPE BLIS_ARCH_TYPE
        export LD_LIBRARY_PATH=${BARE_LIBRARY_PATH:+$BARE_LIBRARY_PATH:}${LD_LIBRARY_PATH:-}
        export OPENBLAS_NUM_THREADS=$threads BLIS_NUM_THREADS=$threads OMP_NUM_THREADS=$threads
        case $1 in
        libopenblas*:*) export OPENBLAS_CORETYPE=$kernel ;;
        libblis*:*) export BLIS_ARCH_TYPE=$kernel ;;
        esac
        timeout 60 "$bare" "$library" "$2" "$3" "$4"
    ) 2>/dev/null
}

candidates=()
for library in libopenblas.so.0 libblis.so.4; do
    us=$(bare_us $library double 64 3) && [ -n "$us" ] && candidates+=("$library")
done
[ ${#candidates[@]} -gt 0 ] || { echo "neither libopenblas.so.0 nor libblis.so.4 is here: nothing to compare with"; exit 1; }
case $(uname -m) in
x86_64) cores='Haswell Zen SkylakeX Cooperlake SapphireRapids' ;;
aarch64) cores='ARMV8 NEOVERSEN1 NEOVERSEV1 NEOVERSEN2' ;;
*) cores= ;;
esac
for core in $cores; do candidates+=("libopenblas.so.0:$core"); done
for arch in 0 1 2 3 4 5 6 7 8; do candidates+=("libblis.so.4:$arch"); done # BLIS numbers its kernels; those that crash here are left out

# Prints the four fastest kernels for a type, each by the best of three runs. The comparison then measures them again.
finalists() {
    for _ in 1 2 3; do
        for spec in "${candidates[@]}"; do
            us=$(bare_us "$spec" "$1" 768 4) && [ -n "$us" ] && echo "$us $spec"
        done
    done | sort -n | awk '!seen[$2]++ && n++ < 4 { print $2 }'
}

busbar_us() { # TYPE EDGE CALLS: prints matmul's median time and its algorithm
    "$build/matmul" --backend cblas -d "$1" --shapes "$2" --phase burst -n "$3" -w 1 --threads "$threads" -c 0 --output none --format json 2>/dev/null |
        sed -n 's/^{"record": *"case".*"algorithm": *"\([^"]*\)".*"median_us": *\([0-9.e+]*\).*/\2 \1/p'
}

echo "$threads threads; medians in us, $rounds rounds in which all take their turn; best: of the bare loops of that round"
echo "   type  edge  round      busbar        best  best/busbar  which"
: >"$work/all"
for case in double:1024:9 float:1024:15 double:2048:5 float:2048:9; do
    IFS=: read -r type edge calls <<<"$case"
    [ "$edge" -gt 1024 ] || chosen=$(finalists "$type")
    for round in $(seq "$rounds"); do
        mine=$(busbar_us "$type" "$edge" "$calls")
        best=$(for spec in $chosen; do us=$(bare_us "$spec" "$type" "$edge" "$calls") && [ -n "$us" ] && echo "$us $spec"; done | sort -n | head -n 1)
        read -r mine algorithm <<<"$mine"
        printf '%7s %5d %6d %11.0f %11.0f %12.3f  %s; busbar by %s\n' "$type" "$edge" "$round" "$mine" "${best% *}" \
            "$(awk -v m="$mine" -v b="${best% *}" 'BEGIN { print b / m }')" "${best#* }" "$algorithm"
        echo "$type:$edge $(awk -v m="$mine" -v b="${best% *}" 'BEGIN { print b / m }')" >>"$work/all"
    done
done
echo
sort -k1,1 -k2,2n "$work/all" | awk -v target="$target" '
    { r[$1, ++n[$1]] = $2 }
    END { for (c in n) { m = (n[c] % 2) ? r[c, (n[c] + 1) / 2] : (r[c, n[c] / 2] + r[c, n[c] / 2 + 1]) / 2
          printf "%s: median of the rounds %.3f of the best (target: %s)\n", c, m, target; if (m < target) bad = 1 } exit bad }'
