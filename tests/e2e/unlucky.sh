#!/usr/bin/env bash
# Broken and hostile input: damaged files, cyclic links, full disks, too little memory, untrusted plans and names.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
busbar=$PWD/build/busbar
[ "${build:0:1}" = / ] && busbar=$build/busbar || busbar=$PWD/$build/busbar

launch() { # file launch time day wrong: writes a launch of January DAY; three samples of TIME (µs), WRONG elements
    printf '%s\n' "{\"record\":\"launch\",\"schema\":1,\"run\":\"r\",\"launch\":\"$2\",\"started\":\"2026-01-0$4T00:00:00Z\",\"driver\":\"all_reduce\",\"backend\":\"mpi\",\"provenance\":[\"measured\"],\"world\":{\"nodes\":1,\"ranks\":2}}" \
        "{\"record\":\"case\",\"key\":\"k\",\"pass\":0,\"collective\":\"all_reduce\",\"mode\":\"isolated\",\"placement\":\"in_place\",\"requested_bytes\":8,\"bytes\":8,\"ranks\":2,\"status\":\"ok\",\"wrong\":$5,\"samples_us\":[$3,$3,$3]}" \
        '{"record":"end","status":"complete","cases":1,"elapsed_s":1}' >"$1"
}
run() { rm -rf "$work/r"; mkdir -p "$work/r"; launch "$work/r/a.jsonl" a 4 1 0; launch "$work/r/b.jsonl" b 4 2 0; }

# ---- damaged files do not hide the results of others
run
: >"$work/r/empty.jsonl"
head -c 60 "$work/r/a.jsonl" >"$work/r/cut.jsonl"
check 'an empty and a cut file hide nothing' "$busbar" show "$work/r"
says 'the others are shown' '2 launches'
says 'the empty one is named' 'empty.jsonl: no launch record in it: counted as a launch that died'
says 'and counts as died' '2 launches died before the end record'
check 'the report is made' "$busbar" report --plots "$work/p" --output "$work/page.html" "$work/r"
check 'and says so' grep -q '2 launches have no end record' "$work/page.html"
expect_status 'compare fails, since launches are missing' 1 "$busbar" compare "$work/r" "$work/r"
mkdir "$work/none" && : >"$work/none/a.jsonl"
expect_status 'a folder with nothing else is an error' 5 "$busbar" show "$work/none"
expect_status 'so is a file that is named' 5 "$busbar" show "$work/r/empty.jsonl"
run
printf '%s\n' '{"record":"case","key":"k","pass":1,"collective":"all_reduce","mode":"isolated","bytes":8,"status":"ok","wrong":-3}' \
    '{"record":"case","key":"k","pass":1,"collective":"all_reduce","mode":"isolated","bytes":8,"status":"ok","wrong":99999999999999999999}' >>"$work/r/b.jsonl"
check 'impossible counts are broken lines' "$busbar" show "$work/r"
says 'the negative one' 'b.jsonl:4: skipped'
says 'and the one beyond 64 bits' 'b.jsonl:5: skipped'

# A complete import replaces one that was cut off; a measured launch is never replaced.
cat >"$work/all_reduce.log" <<'LOG'
# nccl-tests version 2.17.6
# Collective test starting: all_reduce_perf
#  Rank  0 Group  0 Pid   1234 on  host0 device  0 [0000:01:00] NVIDIA H100
#  Rank  1 Group  0 Pid   1235 on  host0 device  1 [0000:02:00] NVIDIA H100
#       size         count      type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw #wrong
     1048576        262144     float     sum      -1    50.00   20.97   20.97      0    50.00   20.97   20.97      0
LOG
import() { "$busbar" import "$work/all_reduce.log" --output "$work/in"; }
record=$work/in/all_reduce/all_reduce.jsonl
check 'a file is imported' import
cp "$record" "$work/whole"
for part in 'head -c 0' 'head -c 70' 'head -n 1' 'head -n 2'; do
    $part "$work/whole" >"$record"
    check "is imported again over what is left ($part)" import
    check 'and whole' cmp "$record" "$work/whole"
done
expect_status 'a whole import is not replaced' 5 import
head -n 2 "$work/whole" | sed 's/"imported"/"measured"/' >"$record"
expect_status 'nor a measured launch that died' 5 import
sed 's/"schema":1/"schema":99/' "$work/whole" >"$record"
expect_status 'nor a record of a newer busbar' 5 import
cp "$work/whole" "$record"

# ---- a library sets a locale with a decimal comma
printf '%s\n' '#include <locale.h>' '#include <stdlib.h>' '__attribute__((constructor)) static void set(void) { if (!setlocale(LC_ALL, "")) abort(); }' >"$work/set.c"
if localedef -i de_DE -f UTF-8 "$work/de_DE.UTF-8" 2>/dev/null && cc -shared -fPIC -o "$work/set.so" "$work/set.c"; then
    german() { env LOCPATH="$work" LC_ALL=de_DE.UTF-8 LD_PRELOAD="$work/set.so" "$@"; }
    printf '#include <stdio.h>\nint main(void) { return printf("%%.1f", 0.5) < 0; }\n' >"$work/comma.c"
    check 'such a locale' cc -o "$work/comma" "$work/comma.c"
    check 'writes a comma' german "$work/comma"
    says 'as here' '0,5'
    german "$busbar" show --format csv "$work/in/all_reduce" >"$work/german.csv" 2>/dev/null
    "$busbar" show --format csv "$work/in/all_reduce" >"$work/english.csv" 2>/dev/null
    identical 'tables have points all the same' "$work/german.csv" "$work/english.csv"
    check 'the catalog can be read' german "$busbar" limits --instance p5.48xlarge
    if [ -x "$build/all_reduce" ]; then
        check 'a launch reads and writes points' german "$build/all_reduce" --backend mpi --sizes 8 -n 5 -w 1 --max-seconds 0.5 --output "$work/german"
        recorded 'in its record' "$(find "$work/german" -name '*.jsonl')" 'all(us != int(us) for us in c[0]["samples_us"][:1]) and e["elapsed_s"] > 0'
    fi
else
    skip 'a locale with a decimal comma' 'localedef cannot make one here'
fi

# ---- each file counts once
run
ln -s . "$work/r/again"
ln -s . "$work/r/once-more"
ln "$work/r/a.jsonl" "$work/r/hard.jsonl"
check 'links in circles end' timeout 20 "$busbar" show "$work/r"
says 'and count nothing twice' '2 launches'

# ---- memory
run
limited_show() { (ulimit -v 150000; exec "$busbar" show "$work/r"); }
check 'with little memory it works' limited_show
python3 - "$work/r/a.jsonl" <<'PY'
import sys
lines = open(sys.argv[1]).read().splitlines()
open(sys.argv[1], "w").write("\n".join([lines[0], '{"record":"note","x":"' + "a" * 200_000_000 + '"}'] + lines[1:]) + "\n")
PY
expect_status 'a line that does not fit into memory is an error, not the end of the file' 5 limited_show

# ---- files are written completely or not at all
run
small=$work/small
if mkdir "$small" && mount -t tmpfs -o size=256k tmpfs "$small" 2>/dev/null; then
    trap 'umount "$small" 2>/dev/null; rm -rf "$work"; [ "$failures" -eq 0 ]' EXIT
    echo old >"$small/page.html"
    head -c 240k /dev/zero >"$small/full" 2>/dev/null
    expect_status 'a report onto a full disk fails' 5 "$busbar" report --output "$small/page.html" "$work/r"
    check 'the old page is still there' grep -q '^old$' "$small/page.html"
    check 'and nothing else' test "$(ls -A "$small" | wc -l)" = 2
    head -c 999k /dev/zero >>"$small/full" 2>/dev/null
    expect_status 'export onto a full disk fails' 5 "$busbar" export --output "$small" "$work/r"
    check 'and leaves no half file' test "$(ls -A "$small" | wc -l)" = 2
    if command -v gnuplot >/dev/null; then
        # There is space for the data, but not for the pictures: gnuplot ends with status 0 all the same.
        head -c 228k /dev/zero >"$small/full" 2>/dev/null
        echo old >"$small/latency-all-reduce.svg"
        expect_status 'plots onto a full disk fail' 5 "$busbar" plot --format svg --output "$small" "$work/r"
        says 'and say which picture' 'gnuplot left only a part of it'
        check 'the old picture is still there' grep -q '^old$' "$small/latency-all-reduce.svg"
        check 'and no half one' test -z "$(find "$small" -mindepth 1 -name '.*')"
        rm "$small"/*-all-reduce.* "$small"/plots.*
        head -c 999k /dev/zero >>"$small/full" 2>/dev/null
    else
        skip 'plots onto a full disk' 'gnuplot is missing'
    fi
    if [ -x "$build/all_reduce" ]; then
        expect_status 'a launch onto a full disk fails' 5 ranks 2 "$build/all_reduce" --sizes 8 -n 5 --backend mpi --output "$small" --run x --launch y
        check 'and leaves no file without a header' test ! -e "$small/x/y.jsonl"
    fi
else
    skip 'full disks' 'no file system can be mounted here'
fi
ln -s "$work/real.html" "$work/link.html"
echo old >"$work/real.html"
check 'a page behind a link' "$busbar" report --output "$work/link.html" "$work/r"
check 'the link stays a link' test -L "$work/link.html"
check 'and leads to the new page' grep -q '<html' "$work/real.html"
check 'a page into a pipe' sh -c '"$0" report --output /dev/stdout "$1" | grep -q "<html"' "$busbar" "$work/r"

# ---- equal names
for day in 1 2; do
    mkdir -p "$work/day$day/r"
    launch "$work/day$day/r/a.jsonl" a "1.$day" "$day" 0
done
check 'a baseline of two runs with equal names' "$busbar" baseline save --dir "$work/baselines" both "$work/day1/r" "$work/day2/r"
check 'has both' test "$(find "$work/baselines/both" -name '*.jsonl' | wc -l)" = 2
check 'and both count' "$busbar" show "$work/baselines/both"
says 'as two launches' '2 launches'

# ---- data never becomes code
check 'a plan' sh -c '"$0" plan --available 1 --ranks-per-node 2 --drivers matmul --launches 1 --format tsv >"$1"' "$busbar" "$work/plan.tsv"
check 'is read again' "$busbar" plan --read "$work/plan.tsv" --format tsv
awk -F '\t' 'BEGIN { OFS = FS } NR > 1 { $13 = "--threads 1 --blas /tmp/evil.so" } { print }' "$work/plan.tsv" >"$work/evil.tsv"
expect_status 'a library in a plan is refused' 5 "$busbar" plan --read "$work/evil.tsv" --format tsv
says 'and named' "evil.tsv:2: --blas is not allowed in a plan file"
expect_status 'by the sweep, too' 5 scripts/sweep --build "$build" --results "$work/results" --plan "$work/evil.tsv" --dry-run
for field in '$12 = "1e17"' '$11 = "99999999999"' '$10 = "-1"' '$5 = "1e6"'; do
    awk -F '\t' "BEGIN { OFS = FS } NR > 1 { $field } { print }" "$work/plan.tsv" >"$work/huge.tsv"
    expect_status "a plan with $field is refused" 5 "$busbar" plan --read "$work/huge.tsv"
done
for line in 'h slots=99999999999999999999' 'h:4097' 'h gpus=5000'; do
    echo "$line" >"$work/hosts"
    expect_status "a host file with '$line' is refused" 5 scripts/sweep --build "$build" --results "$work/results" --hostfile "$work/hosts" --dry-run
    says 'with its line' "$work/hosts:1: h: a host has at most 4096"
done
sed '2s/packed/packed\x1b[31m/' "$work/plan.tsv" >"$work/escape.tsv"
expect_status 'a terminal'\''s escape in a plan is refused' 5 "$busbar" plan --read "$work/escape.tsv"
mkdir "$work/run" && mkfifo "$work/run/$(awk -F '\t' 'NR == 2 { print $1 }' "$work/plan.tsv").jsonl"
check 'a pipe in the place of a record does not hang' timeout 10 "$busbar" plan --read "$work/plan.tsv" --into "$work/run" --format tsv
says 'its launch is to be done' todo
exit "$failures"
