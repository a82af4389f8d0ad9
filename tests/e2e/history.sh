#!/usr/bin/env bash
# busbar history on simulated nights: changes that it must and must not find, acknowledgements, formats, the plot. Expected figures follow
# from the flags of tests/data/nights. tests/unit/test_history_simulation.c measures the error rates of the rule.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
busbar=$PWD/$build/busbar
nights() { # FOLDER FLAGS OF tests/data/nights…
    tests/data/nights "${@:2}" >"$work/spec.json" && tests/data/launches "$work/$1" <"$work/spec.json"
}
# json EXPRESSION: evaluates an expression over the last output of history, h; c(i) is the case of 2^i MiB.
json() { python3 -c '
import json, sys
h = json.load(open(sys.argv[1]))
c = lambda i: next(x for x in h["cases"] if f"/{2 ** (20 + i)}/" in x["key"])
sys.exit(not eval(f"({sys.argv[2]})"))' "$work/printed" "$1"; }
# shown NAME TEXT: checks that the last output of history contains the text.
shown() { if grep -qF -- "$2" "$work/printed"; then ok "$1"; else not_ok "$1 (no '$2')"; fi; }
# Of a night, 1 % is of all cases and 1 % of the case: within 6 % of its factor lie four sigmas.
history() { # NAME STATUS FLAGS…
    expect_status "$1" "$2" "$busbar" history "${@:3}"
    cat "$work/out" "$work/err" >"$work/printed"
}

nights step --change 2:25:1.1 --at 1:12:1.4
sed -i 's/"2.27.7"/"2.28.3"/' "$work"/step/night-02[5-9]/*.jsonl "$work"/step/night-03*/*.jsonl
history 'one case is 10 % slower from the 26th night on' 1 "$work/step"
shown 'a sentence first' 'FAIL: 1 of 6 cases has become slower. 40 nights, 2026-01-01 to 2026-02-09.'
check 'it is the first line' grep -q '^FAIL: ' <(head -n 1 "$work/printed")
shown 'the night is named' 'since 2026-01-26 (night-025)'
shown 'and what changed then' 'facts.nccl.version: 2.27.7 -> 2.28.3'
shown 'one bad night is no change' 'Bad nights, not lasting:'
check 'and is named with its case' grep -qE '^    2026-01-13: \+(3[2-9]|4[0-8])\.[0-9] % all_reduce 2 MiB' "$work/printed"
if awk 'length($0) > 80 { bad = 1 } END { exit bad }' "$work/printed"; then ok 'fits 80 columns'; else not_ok 'fits 80 columns'; fi
history 'as JSON' 1 --format json "$work/step"
check 'one change, where it is, seen in at most four nights' json '[len(x["changes"]) for x in h["cases"]] == [0, 0, 1, 0, 0, 0] and
    c(2)["changes"][0]["first"]["index"] == 25 and c(2)["changes"][0]["seen"]["index"] <= 28'
check 'by 10 % of 400 us' json 'abs(c(2)["ratio"] - 1.1) < 0.02 and abs(c(2)["before_us"] / 400 - 1) < 0.02 and abs(c(2)["level_us"] / 440 - 1) < 0.02'
check 'now is the newest night' json 'all(x["now_us"] == x["time_us"][-1] for x in h["cases"]) and "newest_ratio" not in c(2)'
check 'with the environment' json 'c(2)["changes"][0]["environment"] == [{"name": "facts.nccl.version", "before": "2.27.7", "after": "2.28.3"}]'
check 'the bad night too' json 'c(1)["bad_nights"] == [12] and c(1)["verdict"] == "steady" and not h["pass"]'
history 'as JUnit XML' 1 --format junit "$work/step"
check 'seven series, one fails' python3 -c 'import sys, xml.etree.ElementTree as t; s = t.parse(sys.argv[1]).find("testsuite")
assert (s.get("tests"), s.get("failures")) == ("7", "1") and "/4194304/" in [c.get("name") for c in s if c.find("failure") is not None][0]' "$work/printed"
history 'as Markdown' 1 --format markdown "$work/step"
shown 'with the sentence in bold' '**FAIL: 1 of 6 cases has become slower.'
check 'case names can wrap: no word is longer than 24 letters' python3 -c 'import sys
rows = [line.split("|")[1] for line in open(sys.argv[1]) if line.startswith("| ")]
assert len(rows) == 2 and "4 MiB" in rows[1] and max(len(word) for row in rows for word in row.split()) <= 24, rows' "$work/printed"
history 'the tolerance decides' 0 --delta 15% "$work/step"
history 'nights named one by one, in any order' 1 "$work"/step/night-03* "$work"/step/night-0[0-2]*

echo "*/4194304/* 2026-01-26 NCCL 2.28 needs it # ticket 7" >"$work/known"
history 'an acknowledged change passes' 0 --wide --acknowledged "$work/known" "$work/step"
shown 'with its reason' 'acknowledged: NCCL 2.28 needs it'
history 'as JSON' 0 --format json --acknowledged "$work/known" "$work/step"
check 'the size of what was accepted stays' json 'c(2)["verdict"] == "acknowledged" and abs(c(2)["before_us"] / 400 - 1) < 0.02 and
    abs(c(2)["ratio"] - 1.1) < 0.02 and c(2)["text"].startswith("slower (+")'
echo "*/4194304/* night-025 by the run's name" >"$work/known"
history 'also by the name of the run' 0 --acknowledged "$work/known" "$work/step"
echo "*/4194304/* 2026-01-10 of another night" >"$work/known"
history 'of another night it does not' 1 --acknowledged "$work/known" "$work/step"
shown 'and that is said' 'known:1 acknowledges nothing'
printf '\n*/4194304/* 2026-01-26\n' >"$work/known"
history 'a line without a reason is refused' 2 --acknowledged "$work/known" "$work/step"
shown 'and named' 'known:2: expected CASE NIGHT REASON'

nights steady
history 'nights that do not differ' 0 "$work/steady"
shown 'in words' 'ok: no case has become slower.'
nights apart --at 3:39:1.5
history 'a newest night far off is no regression yet' 0 --wide "$work/apart"
check 'but comes first, with its factor' grep -qE '^watch: in the newest night 1 of 6 cases takes 1\.(4[1-9]|5[0-9]) times as long; no case has become slower for good\.' "$work/printed"
shown 'and is named' 'the newest night is far off (1.'
lacks 'no word that it did not last' 'not lasting' "$work/printed"
history 'with --strict it fails' 1 --strict --wide "$work/apart"
shown 'for that reason' 'FAIL: in the newest night 1 of 6 cases takes 1.'
history 'as JSON' 0 --format json "$work/apart"
check 'with what was measured' json 'c(3)["now_us"] == c(3)["time_us"][-1] and abs(c(3)["before_us"] / 800 - 1) < 0.02 and
    abs(c(3)["newest_ratio"] - c(3)["now_us"] / c(3)["before_us"]) < 1e-3 and abs(c(3)["newest_ratio"] - 1.5) < 0.09'
nights twice --at 3:38:1.5 --at 3:39:1.5
history 'two nights in a row' 0 --wide "$work/twice"
shown 'may be a change that begins' 'since 2026-02-08): bad nights, or a change that begins'
lacks 'so not even the first is called passing' 'not lasting' "$work/printed"
nights double --at all:39:2
history 'all cases twice as slow in the newest night' 0 --wide "$work/double"
check 'have one factor' grep -qE '^watch: in the newest night all cases together take (1\.9[5-9]|2\.0[0-5]) times as long; ' "$work/printed"
nights pair --nights 2 --at all:1:2
history 'also on the second night' 0 --wide "$work/pair"
check 'of only two' grep -qE '^watch: in the newest night all cases together take (1\.9[5-9]|2\.0[0-5]) times as long; too few nights' "$work/printed"
nights second --nights 2 --at 3:1:2
history 'one case on the second night' 1 --strict --wide "$work/second"
check 'has its own factor' grep -qE '^FAIL: in the newest night 1 of 6 cases takes (1\.9|2\.0)[0-9] times as long; too few nights' "$work/printed"
nights all --change all:25:1.08 --cases 8
history 'all cases slower' 1 --format json "$work/all"
check 'is the common factor' json 'h["common"]["verdict"] == "regression" and abs(h["common"]["ratio"] - 1.08) < 0.02 and
    {x["verdict"] for x in h["cases"]} == {"follows"}'
echo "common 2026-01-26 a new driver" >"$work/known"
history 'which can be acknowledged as a whole' 0 --acknowledged "$work/known" "$work/all"
drift=()
for night in {1..29}; do drift+=(--change "1:$night:1.0063"); done # 1.0063^29 = 1.2
nights drift --nights 30 "${drift[@]}"
history 'thirty nights that lose 20 % slowly' 1 "$work/drift"
shown 'are a drift' 'as a slow drift makes them'
nights faster --change 0:20:0.8
history 'faster is no regression' 0 "$work/faster"
shown 'and is named' 'improvement'

# The newest run.
newest=$work/steady/night-039/launch-000.jsonl
cp "$newest" "$work/whole"
sed -i '/"bytes": 1048576,/d' "$newest"
history 'a case that the newest run lacks' 1 "$work/steady"
shown 'is named' 'no figure since 2026-02-09 (night-039)'
echo "*/1048576/* 2026-02-09 not measured any more" >"$work/known"
history 'unless that is known' 0 --acknowledged "$work/known" "$work/steady"
cp "$work/whole" "$newest"
for more in 1 2; do # three launches in the newest night, of which two skip a case
    sed -e "1s/launch-000/launch-00$more/; 1s/T03:00/T03:0$more/" -e "/\"bytes\": 1048576,/{s/\"samples_us\": \[[^]]*\]/\"error\": \"no time left\"/; s/\"ok\"/\"skipped\"/}" \
        "$work/whole" >"${newest%0.jsonl}$more.jsonl"
done
history 'a case that two of three launches of the newest night skipped' 1 "$work/steady"
shown 'is missing' '1 missing'
shown 'with the number of launches' 'no figure in 2 of 3 launches: skipped since 2026-02-09'
shown 'and the reason' 'no time left'
history 'unless that is known, too' 0 --acknowledged "$work/known" "$work/steady"
sed -i '1s/"allocation": {"id": "a"}/"allocation": {"id": "b"}/; /"bytes": 1048576,/d' "$work"/steady/night-039/launch-00[12].jsonl
history 'a case that one of two allocations of the newest run does not have' 1 "$work/steady"
shown 'is missing, too' 'no figure in 2 of 3 launches'
rm "$work"/steady/night-039/launch-00[12].jsonl

# A night of which nothing was measured.
mkdir "$work/steady/night-020a" "$work/steady/plots"
echo '<svg/>' >"$work/steady/plots/history.svg"
history 'an earlier folder without records' 0 "$work/steady"
shown 'is noted' 'note: '"$work/steady/night-020a has no records"
check 'a folder of plots is none' test "$(grep -c 'has no records' "$work/printed")" -eq 1
mkdir "$work/steady/night-040"
echo 'cannot start' >"$work/steady/night-040/launch-000.log"
history 'a newest night without records fails' 1 --wide "$work/steady"
shown 'and is named' 'night-040 has no records: the newest night measured nothing'
rm -r "$work/steady/night-020a" "$work/steady/plots" "$work/steady/night-040"
sed '/"bytes": 1048576,/s/"wrong": 0/"wrong": 3/' "$work/whole" >"$newest"
history 'wrong data in the newest run' 1 "$work/steady"
shown 'have a name too' 'wrong data in the newest run'
sed '/"record": "end"/d' "$work/whole" >"$newest"
history 'a launch of the newest run that died' 1 "$work/steady"
shown 'as well' "FAIL: launch $newest died"
cp "$work/whole" "$newest"
sed -i '1s/"facts": {/"facts": {"gpu": {"model": "other"}, /' "$newest"
history 'another GPU is another history' 2 "$work/steady"
shown 'with both names' 'the nights have different GPUs'
sed '1s/"started": "[^"]*", //' "$work/whole" >"$newest"
history 'a launch without a start' 3 "$work/steady"
history 'no nights' 2
history 'a folder without records' 5 "$work/step/nothing"
nights few --nights 3
history 'three nights show nothing yet' 0 --wide "$work/few"
shown 'and say so' 'ok: too few nights to tell of lasting changes (5 are needed).'

# Text from records appears in the plot and the table as text, never as code.
if command -v gnuplot >/dev/null; then
    nights hostile --change 2:25:1.3
    sed -i "s|\"dtype\": \"float\"|\"dtype\": \"{/Symbol a}_b' \`touch $work/pwned\`\"|" "$work"/hostile/*/*.jsonl
    history 'a plot of hostile names' 1 --plots "$work/plots" "$work/hostile"
    check 'is drawn' test -s "$work/plots/history.svg" -a -s "$work/plots/history.png"
    check 'and runs nothing' test ! -e "$work/pwned"
    check 'with the names as they are' grep -q 'all cases (common)' "$work/plots/history.svg"
else
    skip 'a plot of hostile names' 'gnuplot is missing'
fi

# The page of busbar report has the same verdict.
history 'the changed case again' 1 "$work/step"
verdict=$(head -n 1 "$work/printed")
check 'a report of these nights' "$busbar" report "$work/step" --candidates none --format json
cp "$work/out" "$work/printed"
shown 'says the same' "night-000 to night-039: $verdict"
check 'and in which case, by how much, with which change of the environment, beside the plot' python3 - "$work/printed" <<'END'
import json, sys
h = json.load(open(sys.argv[1]))
rows = [f for f in h["figures"] if f["figure"].startswith("trend of ")]
assert len(rows) == 1 and "/4194304/" in rows[0]["figure"] and abs(rows[0]["value"] - 1.1) < 0.02 and rows[0]["provenance"] == "simulated", rows
section = next(s for s in h["sections"] if s.get("anchor") == "trend")
assert any(i["kind"] == "regression" and "facts.nccl.version: 2.27.7 -> 2.28.3" in i["text"] for i in section["items"]), section["items"]
assert len(section["plots"]) == 1 and any("39 earlier ones" in p for p in section["paragraphs"]), section
assert len({f["run"] for f in h["figures"] if f.get("run")}) == 1  # no other night is a cloud of its own
END
echo "*/4194304/* 2026-01-26 NCCL 2.28 needs it" >"$work/known"
check 'a report that knows the change' "$busbar" report "$work/step" --candidates none --acknowledged "$work/known" --format markdown
says 'accepts it' 'ok: no case has become slower unless acknowledged'
sed -i 's|"dtype": "float"|"dtype": "<script>x"|' "$work"/few/*/*.jsonl "$work"/drift/*/*.jsonl
check 'a report of hostile nights' "$busbar" report "$work/drift" --candidates none --format markdown
says 'has their trend' 'The trend over nights'
check 'and not their markup' test "$(grep -c '<script' "$work/out")" -eq 0
check 'and no word of overlap' test "$(grep -c 'lines of overlap' "$work/out")" -eq 0
echo '{"record":"overlap","collective":"all_reduce","dtype":"float","op":"sum","requested_bytes":1024,"bytes":1024,"ratio":1,"status":"ok","communication_us":[1,1],"computation_us":[1,1],"both_us":[1,1]}' |
    tee -a "$work"/drift/*/*.jsonl >/dev/null
check 'a report of nights with overlap' "$busbar" report "$work/drift" --candidates none --format markdown
says 'says where its history is' 'busbar history also follows the lines of overlap'
check 'three nights' "$busbar" report "$work/few" --candidates none --format markdown
check 'have no trend' test "$(grep -c 'The trend over nights' "$work/out")" -eq 0
exit "$failures"
