#!/usr/bin/env bash
# tests/benchmark/accuracy.sh judges each size by that size's scatter, and can fail. A stand-in for the benchmark's program prints the
# figures.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

mkdir -p "$work/built/benchmark"
# The launcher claims to be Hydra, skips its six words of flags and starts the program once. The program counts its runs and prints one
# line per size: those lines of the test's file that have the number of the run, or "all".
printf '#!/bin/sh\nif [ "$1" = --version ]; then echo "HYDRA build details:"; exit; fi\nshift 6\nexec "$@"\n' >"$work/launcher"
cat >"$work/built/benchmark/accuracy" <<'END'
#!/bin/sh
echo run >>"$STAND_IN_COUNT"
awk -v run="$(wc -l <"$STAND_IN_COUNT")" '$1 == "all" || $1 == run { printf "%8d %10.4f %10.4f %8.4f %8.4f\n", $2, $3 * 2, 2, $3, $4 }' "$STAND_IN"
END
chmod +x "$work/launcher" "$work/built/benchmark/accuracy"
# accuracy FIGURES: runs the benchmark with these figures, lines "RUN|all BYTES RATIO SCATTER"
accuracy() {
    printf '%s\n' "$@" >"$work/figures"
    : >"$work/count"
    BUILD=$work/built MPIRUN=$work/launcher STAND_IN=$work/figures STAND_IN_COUNT=$work/count tests/benchmark/accuracy.sh
}
runs() { if [ "$(wc -l <"$work/count")" -eq "$2" ]; then ok "$1"; else not_ok "$1: $(wc -l <"$work/count") runs"; fi; }
good=('all 1024 1.01 0.05' 'all 65536 0.99 0.05' 'all 1048576 1.00 0.05' 'all 4194304 1.02 0.05')

check 'figures within 3 %' accuracy 'all 8 0.98 0.05' "${good[@]}"
says 'hold' '5 of 5 judged sizes held'
runs 'after five runs' 5
expect_status 'a wrong figure at one size fails' 1 accuracy 'all 8 1.00 0.05' "${good[@]:1}" 'all 1024 1.05 0.05'
says 'by name' '1024    5   1.0500   1.0500  missed'
check 'at the limit' accuracy 'all 8 1.0300 0.05' 'all 1024 0.9700 0.05' "${good[@]:1}"
expect_status 'beyond it' 1 accuracy 'all 8 1.0301 0.05' "${good[@]}"
expect_status 'beyond it on the other side' 1 accuracy 'all 8 0.9699 0.05' "${good[@]}"
expect_status 'one that is too small fails too' 1 accuracy 'all 8 0.95 0.05' "${good[@]}"
check 'a size whose bare loop scatters' accuracy 'all 8 1.60 0.42' "${good[@]}"
says 'is not judged, and the reason is given' '8    not judged: the bare loop itself scattered by 42 % (median of 10 runs; 0 of them within 20 %)'
says 'the others count' '4 of 4 judged sizes held'
expect_status 'and can fail' 1 accuracy 'all 8 1.00 0.42' "${good[@]:0:3}" 'all 4194304 0.90 0.05'
restless=()
for run in 1 2 3; do restless+=("$run 8 1.60 0.42"); done
for run in 4 5 6 7 8; do restless+=("$run 8 1.01 0.05"); done
check 'a size that scatters in three runs' accuracy "${restless[@]}" "${good[@]}"
says 'is judged by the others' '8    5   1.0100   1.0100  held'
runs 'of which there are more' 8
expect_status 'where every size scatters nothing is claimed: status 1' 1 accuracy 'all 8 1 0.3' 'all 1024 1 0.3' 'all 65536 1 0.3' 'all 1048576 1 0.3' 'all 4194304 1 0.3'
says 'but said' 'no size could be judged'
expect_status 'a size that is missing fails' 1 accuracy 'all 8 1.00 0.05' "${good[@]:1}"
says 'in one line' 'not five sizes'
