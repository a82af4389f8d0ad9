#!/usr/bin/env bash
# A short run of the fuzzer and sanitizers over the readers (`make fuzz` runs longer), and a check that they find a planted bug.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
fuzz=$build/fuzz
seconds=${FUZZ_SECONDS:-2}
make_in() {
    local folder=$1
    shift
    make -s -j2 -f tests/fuzz/fuzz.mk F="$folder" "$@"
}

echo 'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return d && n ? 0 : 0; }' >"$work/probe.c"
if ! clang -fsanitize=fuzzer,address,undefined -o "$work/probe" "$work/probe.c" 2>/dev/null; then
    skip "fuzzing" "no clang with libFuzzer here; the corpus is replayed"
    if ! make_in "$build/fuzz-replay" REPLAY=1 FUZZ_CC="${CC:-cc}" all >"$work/log" 2>&1; then
        skip "replay" "no compiler with sanitizers here: $(tail -n 1 "$work/log")"
        exit 0
    fi
    for target in tests/fuzz/corpus/*; do
        check "replay of ${target##*/}" "$build/fuzz-replay/${target##*/}" "$target"/*
    done
    exit 0
fi

expect_status "the targets are built" 0 make_in "$fuzz" all || exit 1
rm -rf "$fuzz"/crash-*
tests/fuzz/fuzz "$fuzz" "$seconds" 2>&1 | tee "$work/log"
failures=$((failures + $(grep -c '^not ok' "$work/log")))
equal "every reader was fuzzed" "$(grep -cE '^(not )?ok - fuzz ' "$work/log")" "$(find tests/fuzz -name 'fuzz_*.c' | wc -l)"

# The same objects except one, which writes one word beyond the end of an array.
planted=$build/fuzz-planted
rm -rf "$planted"
mkdir -p "$planted"
cp -r "$fuzz/obj" "$planted/"
rm -f "$planted/obj/bench/analysis/import/source_line.o"
expect_status "a bug is planted" 0 make_in "$planted" DEFINES=-DPLANTED_BUG "$planted/nccl_text"
tests/fuzz/fuzz "$planted" "${PLANTED_SECONDS:-90}" nccl_text >"$work/out" 2>&1
if grep -q 'stack-buffer-overflow\|index .* out of bounds' "$planted/nccl_text.log"; then ok "the fuzzer finds it"; else not_ok "the fuzzer did not find it"; fi
input=$(find "$planted" -name 'crash-nccl_text-*' | head -n 1)
check "without it the same input is harmless" "$fuzz/nccl_text" "${input:-/nonexistent}"
