#!/usr/bin/env bash
# The drill, interrupted: a launch counts only when the core was free before and after it.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
if [ ! -x "$build/all_reduce" ]; then
    skip 'the drill' "build/all_reduce is not built"
    exit
fi

# A probe that always finds the core free, and ends the drill at the call whose number is in $work/end.
mkdir -p "$work/build/benchmark"
ln -s "$(realpath "$build/all_reduce")" "$work/build/all_reduce"
cat >"$work/build/benchmark/pace" <<END
#!/bin/sh
echo >>"$work/calls"
[ "\$(wc -l <"$work/calls")" != "\$(cat "$work/end")" ] || exit 1
echo 1000
END
chmod +x "$work/build/benchmark/pace"
drill() { timeout 120 env BUILD="$work/build" DRILL_SIZES=8 DRILL_SECONDS=0.01 tests/benchmark/drill --dir "$work/drill" --comparisons 1; }
first=$work/drill/0/base/launch-0.jsonl

echo 22 >"$work/end" # twenty at the start, one before the first launch, one after it
expect_status 'a drill that ends before the second probe of its first launch' 5 drill
check 'has made the launch' test -s "$work/drill/unproved/base/launch-0.jsonl"
check 'and has not kept it' test ! -e "$first"
echo 25 >"$work/end" # two probes for each of two launches
: >"$work/calls"
expect_status 'it goes on, and ends before the third launch' 5 drill
check 'the first is made again' grep -q '"record":"end","status":"complete"' "$first"
check 'two are kept' test "$(find "$work/drill/0" -name '*.jsonl' | wc -l)" -eq 2
kept=$(stat -c %y.%i "$first")
echo 22 >"$work/end"
: >"$work/calls"
expect_status 'it goes on with the third' 5 drill
check 'what was in its place is kept' test "$kept" = "$(stat -c %y.%i "$first")"
