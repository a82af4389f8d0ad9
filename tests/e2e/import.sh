#!/usr/bin/env bash
# busbar import: nccl-tests' text in every kind of log, its JSON, other benchmarks, and the public logs if their folder exists.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
golden=tests/data/import
import() { timeout 60 "$build/busbar" import "$@"; }

# Joins the summary's lines (one per table) to one line per file, in the form of EXPECTED.tsv.
as_expected() {
    awk -F, 'NR > 1 { c = c s $3; r = r s $4; lo = lo s $5; hi = hi s $6; n = n s $7; d = d s $8; l = l s $9
                      p = p s $13 "/" $14; a = a s $17; m = m s $18; w += $19; s = "/" }
             END { print c, r, lo, hi, n, d, l, p, a, m, w + 0 }' OFS='\t'
}

files=0
while IFS=$'\t' read -r file args status rest; do
    [ "$file" = file ] && continue
    [ "$args" = - ] && args=
    # shellcheck disable=SC2086 # several flags
    expect_status "$file" "$status" import --check --format csv $args "$golden/$file" || continue
    got=$(as_expected <"$work/out")
    if [ "$got" = "$rest" ]; then ok "$file: as expected"; else not_ok "$file: found    $got"$'\n'"    expected $rest"; fi
    files=$((files + 1))
done <"$golden/EXPECTED.tsv"
check 'every log of the table' test "$files" -eq "$(grep -c '' <(tail -n +2 "$golden/EXPECTED.tsv"))"

# Records: the facts that the source states, in separate fields.
check "records" import --output "$work/records" --run one --cloud aws --instance p5.48xlarge "$golden/plain_2.19.log"
record=$work/records/one/plain_2.19.jsonl
in_record() { has "$1" "$2" "$record"; }
not_in_record() { lacks "$1" "$2" "$record"; }
in_record "provenance" '"provenance":["imported"]'
in_record "the source's hash" "\"sha256\":\"$(sha256sum "$golden/plain_2.19.log" | cut -d' ' -f1)\""
in_record "a mean stays a mean" '"statistic":"mean","rank_reduction":"mean","includes_launch":true'
not_in_record "no median" '"median_us"'
in_record "versions" '"nccl_tests":"2.19.6","nccl":{"version":"2.29.2"},"gpu":{"model":"NVIDIA H100 80GB HBM3"}'
in_record "hosts" '{"name":"node-0","ranks":8}'
in_record "a bound where the machine is known" 'N=2 G=8 Bn=450 Bi=50 GB/s'
in_record "the end" '"status":"complete","cases":8'
expect_status "never overwritten" 5 import --output "$work/records" --run one "$golden/plain_2.19.log"
check "no host names when not wanted" import --output "$work/records" --run two --no-hosts "$golden/plain_2.19.log"
record=$work/records/two/plain_2.19.jsonl
not_in_record "no host names" node-0
check "small messages have rates" import --output "$work/records" --run three "$golden/size_zero.log"
record=$work/records/three/size_zero.jsonl
in_record "what was asked for, and what ran" '"requested_bytes":2,"bytes":0'
not_in_record "no bandwidth of nothing" '"algbw_gbps":0.0,'
check "several tables" import --output "$work/records" --run four "$golden/several_tables.log"
if [ "$(find "$work/records/four" -name '*.jsonl' | wc -l)" -eq 7 ]; then ok "one launch a table"; else not_ok "one launch a table"; fi
check "cycles" import --output "$work/records" --run five "$golden/cycles.log"
record=$work/records/five/cycles.jsonl
in_record "a repeated case is another pass" '"pass":2'
check "passes come together" "$build/busbar" export "$record"
says "as the mean of their means" "     1048576        262144     float     sum      -1    34.93"
check "a file cut off" import --output "$work/records" --run six "$golden/cut_in_row.log"
record=$work/records/six/cut_in_row.jsonl
in_record "is not called complete" '"status":"interrupted","cases":6'
in_record "and says why" 'the row of 4294967296 bytes is cut off'
# If the log is cut off anywhere in its last row, import takes the whole row, takes one placement, or leaves the row out; it never puts a
# figure into the wrong column.
last=$(grep -nE '^ +[0-9]+ +[0-9]+ +float' "$golden/plain_2.19.log" | tail -n 1 | cut -d: -f1) slipped=
import --check --format csv "$golden/plain_2.19.log" 2>/dev/null >"$work/out"
whole=$(awk -F, 'NR == 2 { print $4 }' "$work/out")
equal "the whole log has four rows" "$whole" 4
for cut in $(seq 20 4 132); do
    { head -n $((last - 1)) "$golden/plain_2.19.log"; sed -n "${last}p" "$golden/plain_2.19.log" | cut -c1-"$cut" | tr -d '\n'; } >"$work/cut.log"
    import --check --format csv --collective all_reduce "$work/cut.log" >"$work/out" 2>"$work/err" || slipped+=" $cut:status"
    rows=$(awk -F, 'NR == 2 { print $4 }' "$work/out")
    [ "$rows" -ge $((whole - 1)) ] && ! grep -qE 'differs from row to row|wrong elements|no number of ranks' "$work/err" || slipped+=" $cut"
done
if [ -z "$slipped" ]; then ok "a row cut anywhere keeps its columns"; else not_ok "a row cut at column$slipped slips"; fi
expect_status "wrong data" 3 import --output "$work/records" --run seven "$golden/wrong_data.log"
says "says that data are wrong" "some data are wrong"
touch "$work/no-folder"
expect_status "wrong data that cannot be written: status 5" 5 import --output "$work/no-folder/records" --run seven "$golden/wrong_data.log"
check "wrong data are no failure with --keep-going" import --check --keep-going "$golden/wrong_data.log"
record=$work/records/seven/wrong_data.jsonl
in_record "is called wrong" '"wrong":7,"status":"wrong"'
# Counts beyond an int64_t, as a tool with an overflow prints them: the data are still wrong. Sums of them saturate, too.
mkdir "$work/huge"
for count in 9223372036854775807 99999999999999999999 1e400; do
    sed "25s/  7  /  $count  /" "$golden/wrong_data.log" >"$work/huge/$count.log"
    expect_status "$count wrong elements" 3 import --output "$work/records" --run "huge-$count" "$work/huge/$count.log"
    record=$work/records/huge-$count/$count.jsonl
    in_record "$count is the largest count" '"wrong":9223372036854775807,"status":"wrong"'
done
mkdir "$work/both"
sed 's/"launch":"[^"]*"/"launch":"a"/; s/"run":"[^"]*"/"run":"both"/' "$record" >"$work/both/a.jsonl"
sed 's/"launch":"a"/"launch":"b"/' "$work/both/a.jsonl" >"$work/both/b.jsonl"
check "two such launches" "$build/busbar" show --format json "$work/both"
says "have the largest count, not a negative one" '"wrong": 9223372036854775807'
if grep -q '"wrong": -' "$work/out"; then not_ok "no sum is negative"; else ok "no sum is negative"; fi
check "a contradiction" import --output "$work/records" --run eight "$golden/time_does_not_fit.log"
record=$work/records/eight/time_does_not_fit.jsonl
says "names file and line" "time_does_not_fit.log:27: "
in_record "the row is not ok" '"status":"error","error":"out of place: algbw'
check "deviations are no counts" import --output "$work/records" --run nine "$golden/old_2.9_deviations.log" "$golden/cputime.log"
record=$work/records/nine/old_2.9_deviations.jsonl
in_record "none was out of bounds" '"wrong":0'
record=$work/records/nine/cputime.jsonl
in_record "a CPU time is no time" '"telemetry":{"cpu_time_us":12.5}'
not_in_record "a CPU time is no time" '"time_us"'
check "JSON" import --output "$work/records" --run ten "$golden/version2_per_iteration.json" "$golden/version3.json"
record=$work/records/ten/version2_per_iteration.jsonl
in_record "its samples" '"samples_us":['
in_record "its allowed environment" '"NCCL_IB_HCA":"mlx5"'
in_record "credentials are masked" '"NCCL_AUTH_TOKEN":"(masked)"'
not_in_record "no other environment" do-not-copy-this
record=$work/records/ten/version3.jsonl
not_in_record "skipped iterations are no samples" 9e9
not_in_record "skipped iterations are no samples" 9000000000
in_record "null is unchecked" '"wrong":null'
# Secrets in what describes an import, and in a record that an older busbar wrote.
check "secrets" import --output "$work/records" --run masked --label 'sshpass -p hunter2' --origin 'https://bob:sw0rd@h/?sig=cafe' --cloud token=zz9 \
    --instance u:pw9@h "$golden/plain_2.19.log"
record=$work/records/masked/plain_2.19.jsonl
in_record "are masked" '"cloud":{"provider":"token=(masked)","instance":"(masked)@h","label":"sshpass -p (masked)"}'
for secret in hunter2 sw0rd cafe zz9 pw9; do not_in_record "$secret is not there" "$secret"; done
mkdir "$work/old"
sed '1s/"backend"/"args":["all_reduce","--proxy-password","hunter2","-o"],"backend"/' "$record" >"$work/old/a.jsonl"
check "report --redact" "$build/busbar" report --redact --local --output "$work/old.html" "$work/old"
lacks "masks a secret behind its flag" hunter2 "$work/old.html"
has "and nothing more" "--proxy-password (masked) -o" "$work/old.html"
# A count that is none contradicts its row: it does not pass as "not checked".
mkdir "$work/uncounted"
for count in -7 0.5 true '"many"' '[]'; do
    sed "0,/\"nwrong\": 0.0/s//\"nwrong\": $count/" "$golden/version3.json" >"$work/uncounted/nccl.json"
    sed "0,/\"wrong\":\"0\"/s//\"wrong\":$count/" "$golden/formats/rccl_z.json" >"$work/uncounted/rccl.json"
    for file in nccl rccl; do
        rm -rf "$work/records/none"
        check "import of $count wrong elements from $file" import --keep-going --ranks 16 --output "$work/records" --run none "$work/uncounted/$file.json"
        record=$(find "$work/records/none" -name '*.jsonl')
        in_record "they are no count" '"status":"error","error":"the number of wrong elements is not a count"'
    done
done
check "placements" import --check --format csv "$golden/out_of_place_only.log" "$golden/in_place_only.log"
says "out of place only" ",467.90,-,"
says "in place only" ",-,472.62,"

check "OSU" import --output "$work/records" --run osu --ranks 4 "$golden/osu_allreduce_7.4.txt" "$golden/osu_allgather_5.txt"
record=$work/records/osu/osu_allreduce_7.4.jsonl
in_record "OSU's mean over ranks" '"time_us":500.0,"statistic":"mean","rank_reduction":"mean","algbw_gbps":2.097152,"busbw_gbps":3.145728'
record=$work/records/osu/osu_allgather_5.jsonl
in_record "OSU's sizes are one rank's" '"bytes":262144'
expect_status "OSU without the ranks" 5 import --check "$golden/osu_allgather_5.txt"
says "says what is needed" "give --ranks"
check "OSU point to point" import --check "$golden/osu_latency.txt"
expect_status "nothing in it" 5 import --check LICENSE
says "says so" "LICENSE: no table of a benchmark that is read here"
# What is no text of a tool is named, with what to do.
mkdir "$work/kinds"
gzip -c "$golden/plain_2.19.log" >"$work/kinds/gzip"
python3 - "$golden/plain_2.19.log" "$work/kinds" <<'E2'
import bz2, lzma, sys, tarfile, zipfile
log, folder = sys.argv[1:]
data = open(log, "rb").read()
open(folder + "/bzip2", "wb").write(bz2.compress(data))
open(folder + "/xz", "wb").write(lzma.compress(data))
with zipfile.ZipFile(folder + "/zip", "w", zipfile.ZIP_DEFLATED) as archive: archive.write(log, "log")
open(folder + "/empty", "w").close()
open(folder + "/blank", "w").write(" \n\n")
open(folder + "/HPL", "w").write("HPLinpack 2.3  --  High-Performance Linpack benchmark  --   December 2, 2018\nWR11C2R4       29184   192     2     2             411.49             4.0278e+01\n")
E2
cp tests/data/export/rows.jsonl "$work/kinds/record"
for kind in 'gzip:compressed by gzip: unpack it first' 'bzip2:compressed by bzip2' 'xz:compressed by xz' 'zip:a zip archive' \
    'empty:empty' 'blank:empty' 'HPL:output of HPL' 'record:a record of busbar: show, compare and report read it'; do
    expect_status "import of ${kind%%:*}" 5 import --check "$work/kinds/${kind%%:*}"
    says "says what it is" "${kind%%:*}: this is ${kind#*:}"
done
expect_status "a test that is not imported" 5 import --check "$golden/formats/imb_p2p.txt"
says "says what it is" "imb_p2p.txt: this is output of IMB-P2P: not imported"
expect_status "no such file" 5 import --check "$work/none"
expect_status "no file given" 2 import
expect_status "unknown collective" 2 import --collective all_redcue "$golden/plain_2.19.log"
says "with the name that was meant" "--collective: unknown 'all_redcue'; did you mean 'all_reduce'?"
head -c 3000000 /dev/urandom >"$work/random"
expect_status "random bytes" 5 import --check "$work/random"
printf '{"results": [' >"$work/cut.json"
expect_status "cut JSON" 5 import --check "$work/cut.json"
says "named line" "cut.json:1: "
expect_status "one bad file among good ones" 5 import --check --format csv "$work/random" "$golden/plain_2.19.log"
says "the good one is read" "plain_2.19.log"

# Files from users and formats of other tools: every figure is checked against the arithmetic of its line.
status_of() {
    case ${1##*/} in
    *deepspeed*) echo 0 --ranks 8 ;;
    *unknown*) echo 0 --collective all_reduce ;;
    *published.tsv) echo 0 --table ;;
    *validation-failed* | *hccl_test* | *lacks_columns* | *nvbandwidth_wrong* | *imb_mpi1* | *rccl_z.json | *rccl_z_split.csv) echo 3 ;;
    *imb_p2p*) echo 5 ;;
    *) echo 0 ;;
    esac
}
for file in "$golden"/field/* "$golden"/formats/*; do
    read -r status args <<<"$(status_of "$file")"
    # shellcheck disable=SC2086 # several flags
    expect_status "${file##*/}" "$status" import --output "$work/files" $args "$file"
    if grep -q 9223372036854775808 "$work/out" "$work/err"; then not_ok "${file##*/}: a sentinel is printed"; fi
done
"$golden/check_records.py" "$work/files" "$golden/RECORDS.tsv" >"$work/checked"
cat "$work/checked"
failures=$((failures + $(grep -c '^not ok' "$work/checked")))
check "every row of RECORDS.tsv was checked" test "$(grep -cE '^(not )?ok - ' "$work/checked")" -eq "$(grep -cvE '^(#|$)' "$golden/RECORDS.tsv")"

# Tables in one file count as repetitions only if the user says so.
page=$golden/field/two-networks-one-page.md
check "two tables like each other" import --check "$page"
says "are told apart" "tables 1 and 2 hold the same cases (all_gather, 134217728 bytes: 22.37 GB/s and 1.12 GB/s)"
says "and the flag is named" "give --repetitions"
check "a user's word" import --output "$work/records" --run said --repetitions "$page"
if ! grep -q "hold the same cases" "$work/err" && [ "$(grep -l '"repetitions":true' "$work/records/said/"*.jsonl | wc -l)" -eq 2 ]; then ok "makes them repetitions"; else not_ok "makes them repetitions"; fi
check "a label of one's own" import --output "$work/records" --run own --label fast --only 1 "$page"
record=$work/records/own/two-networks-one-page-1.jsonl
in_record "is the table's" '"label":"fast"'
expect_status "a table that is not there" 5 import --check --only 3 "$page"
check "a label and headings" import --output "$work/records" --run both --label "My cluster" "$page"
record=$work/records/both/two-networks-one-page-2.jsonl
in_record "name the launch together" '"label":"My cluster, Over 10 Gb/s Ethernet, same two boxes"'
record=$work/records/five/cycles.jsonl
not_in_record "one table alone is no repetition" '"repetitions"'

check "--collective names what a program does not" import --check --format csv --collective all_reduce "$golden/formats/unknown_program.log"
says "it is taken" ",all_reduce,1,1048576,1048576,8,"
expect_status "without it the program is named" 5 import --check "$golden/formats/unknown_program.log"
says "with the flag" "'our_own_reducer' is not a collective that busbar knows; give --collective"

# Published tables.
check "a template" import --table-template
sed -n '/^collective/p; s/^# \(all_reduce\t.*\)/\1/p' "$work/out" >"$work/template.tsv"
check "whose example is imported" import --check --format csv --table "$work/template.tsv"
says "with its figure" ",all_reduce,1,17179869184,17179869184,72,18,"
printf 'collective\tbytes\tbusbw\tranks\tsource\nall_reduce\t1G\t1\t8\tx\n' >"$work/column.tsv"
expect_status "a column that is not known" 5 import --check --table "$work/column.tsv"
says "is named, with where to look" "column.tsv:1: 'busbw' is not a column of a published table; see busbar import --table-template"
printf 'collective\tbytes\tbusbw_gbps\tranks\tsource\nall_reduce\t1G\t1\t8\t\n' >"$work/source.tsv"
expect_status "a figure without a source" 5 import --check --table "$work/source.tsv"
says "is named by line" "source.tsv:2: source '"
printf 'collective\tbytes\tranks\tsource\nall_reduce\t1G\t8\tx\n' >"$work/none.tsv"
expect_status "a row without a figure" 5 import --check --table "$work/none.tsv"
says "says which are needed" "one of busbw_gbps, algbw_gbps and time_us is needed"
printf 'collective\tbytes\tbusbw_gbps\talgbw_gbps\tranks\tsource\nall_reduce\t1G\t100\t100\t8\tx\n' >"$work/both.tsv"
check "figures that contradict each other" import --check --table "$work/both.tsv"
says "are said" "busbw/algbw"

# Folders, and files with equal names.
mkdir -p "$work/tree/a" "$work/tree/b"
cp "$golden/osu_allreduce_7.4.txt" "$work/tree/a/out.txt"
cp "$golden/formats/osu_np64.txt" "$work/tree/b/out.txt"
check "a folder" import --output "$work/records" --run tree --ranks 4 "$work/tree"
if [ -e "$work/records/tree/a-out.jsonl" ] && [ -e "$work/records/tree/b-out.jsonl" ]; then ok "files of one name are told apart by their folders"
else not_ok "files of one name are told apart by their folders: $(ls "$work/records/tree")"; fi
mkdir -p "$work/study/n2_ppn64"
cp "$golden/osu_allreduce_7.4.txt" "$work/study/n2_ppn64/osu_allreduce.txt"
cp "$golden/osu_allreduce_7.4.txt" "$work/study/osu_allreduce_2nodes_16tasks.out"
cp "$golden/osu_allreduce_7.4.txt" "$work/study/osu-allreduce-16.log"
check "a study whose names state nodes and ranks" import --check --format csv "$work/study"
for counts in n2_ppn64/osu_allreduce.txt:128,2 osu_allreduce_2nodes_16tasks.out:16,2 osu-allreduce-16.log:-,-; do
    if grep "/${counts%:*}," "$work/out" | cut -d, -f7,8 | grep -qx -e "${counts#*:}"; then ok "$counts"; else not_ok "$counts"; fi
done
check "a name that does not" import --check "$work/study/osu-allreduce-16.log"
says "is said in the summary, with the flag" "(checked)  (ranks unknown: give --ranks N)"
check "with the flag" import --check --ranks 4 "$work/study/osu-allreduce-16.log"
lacks "nothing is unknown" "ranks unknown" "$work/out"
ln -s . "$work/tree/a/loop"
ln -s out.txt "$work/tree/a/latest.txt"
check "links in a folder" import --check --format csv --ranks 4 "$work/tree"
if [ "$(grep -c '^/' "$work/out")" -eq 2 ]; then ok "each file is read once"; else not_ok "each file is read once"; fi
mkdir "$work/many"
for i in {1..300}; do cp "$golden/plain_2.19.log" "$work/many/night-$i.log"; done
check "300 logs in one call, in seconds" import --output "$work/records" --run many "$work/many"
if [ "$(grep -c '467.90' "$work/out")" -eq 300 ]; then ok "each has its line"; else not_ok "each has its line"; fi
mkdir "$work/empty"
expect_status "an empty folder" 5 import --check "$work/empty"

logs=${BUSBAR_NCCL_LOGS:-../shared/nccl-logs}
if [ ! -r "$logs/EXPECTED.tsv" ]; then
    skip "the public logs" "no folder $logs (BUSBAR_NCCL_LOGS)"
    exit 0
fi
# Its "peak" is the bus bandwidth of the largest size. For a file with several tables it has the sizes and bandwidths of the first table,
# the rows of all tables, and no averages.
as_listed() {
    awk -F, 'NR > 1 { rows += $4 }
             NR == 2 { rest = $5 "\t" $6 "\t" $9; ranks = $12; if ($12 < $10 || $12 > $11) ranks = "outside its range"
                       rest = rest "\t" ranks "\t" $15 "\t" $16; averages = $17 "\t" $18 }
             END { print rows "\t" rest "\t" (NR > 2 ? "-\t-" : averages) }'
}
count=0
while IFS=$'\t' read -r file rest; do
    [ "$file" = file ] && continue
    count=$((count + 1))
    import --check --keep-going --format csv "$logs/$file" >"$work/out" 2>"$work/err" || not_ok "$file: status $?"
    got=$(as_listed <"$work/out")
    if [ "$got" = "$rest" ]; then ok "$file"; else not_ok "$file: found    $got"$'\n'"    expected $rest"; fi
done <"$logs/EXPECTED.tsv"
if [ $count -ge 20 ]; then ok "all $count public logs"; else not_ok "only $count public logs"; fi
