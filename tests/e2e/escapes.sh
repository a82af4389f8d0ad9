#!/usr/bin/env bash
# Text of others (records, catalogs, host files, names of files and folders) reaches no terminal as an escape sequence, and no spreadsheet
# as a formula.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
escape=$'\033[31m'
formula="=cmd|'x'!A1"

# clean NAME STATUS COMMAND…: the output has neither escape characters nor C1 controls.
clean() {
    expect_status "$@"
    if LC_ALL=C grep -q $'\033\|\302[\200-\237]' "$work/out" "$work/err"; then not_ok "$1: without control characters"; else ok "$1: without control characters"; fi
}
# no_formula NAME: no cell of the last command's CSV begins like a formula, unless it is a number.
no_formula() {
    cp "$work/out" "$work/table.csv"
    check "$1" python3 -c '
import csv, sys
def number(text):
    try: return float(text) == float(text)
    except ValueError: return False
rows = list(csv.reader(open(sys.argv[1], newline="")))
assert rows and not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r") and not number(cell) and cell != "-"], rows' "$work/table.csv"
}

# ---- busbar scan: pairs, ranks within a host, matmul; one host is slow
python3 - "$work" "$escape" "$formula" <<'E2'
import json, os, sys
work, escape, formula = sys.argv[1:]
hosts = ["a" + escape, "b\u009b1m", formula, "+1-2", "e", "f", "g", "h"]
pairs = [{"ranks": [2 * a, 2 * b], "hosts": [hosts[a], hosts[b]], "busbw_gbps": 50.0 if 0 in (a, b) else 100.0} for a in range(8) for b in range(a)]
ranks = [{"ranks": [r], "hosts": [hosts[r // 2]], "tflops": 10.0 if r == 0 else 100.0 + r / 10} for r in range(16)]
inside = [{"ranks": [2 * h, 2 * h + 1], "hosts": [hosts[h]], "busbw_gbps": 20.0 if h == 0 else 200.0 + h} for h in range(8)]
case = {"record": "case", "collective": "all_reduce", "dtype": "float", "op": "sum", "status": "ok", "bytes": 67108864, "median_us": 100, "ranks": 2}
lines = [{"record": "launch", "schema": 1, "run": "r", "launch": "l", "world": {"ranks": 16, "nodes": 8, "ranks_per_node": 2,
          "hosts": [{"name": h, "ranks": 2} for h in hosts]}},
         dict(case, group="match:0-1", groups=pairs), dict(case, group="node", groups=inside),
         {"record": "case", "gemm": "gemm", "dtype": "bfloat16" + escape, "phase": "burst" + escape, "m": 8, "n": 8, "k": 8, "status": "ok", "ranks": 16, "groups": ranks},
         {"record": "end", "status": "complete"}]
os.makedirs(work + "/scan")
for i in range(3):
    with open(f"{work}/scan/l{i}.jsonl", "w") as out:
        lines[0]["launch"] = f"l{i}"
        for line in lines: out.write(json.dumps(line) + "\n")
E2
clean "scan" 1 "$build/busbar" scan "$work/scan"
says "names the slow rank" "suspect matmul a"
says "the host inside" "suspect host a"
has "and the host between" "host a [31m, " "$work/out"
clean "scan --format csv" 1 "$build/busbar" scan --format csv "$work/scan"
no_formula "has no formula"
has "but the name" "\"'$formula\"" "$work/table.csv"
check "scan --format json" test "$("$build/busbar" scan --format json "$work/scan" | python3 -c 'import json, sys
print(sum(json.loads(l)["host"].startswith("a\033") for l in sys.stdin))')" -ge 3

# ---- catalogs and names of folders and files
mkdir "$work/catalog"
cp results/*.tsv "$work/catalog"
sed -i "s/EFAv2/EFA$escape/" "$work/catalog/clouds.tsv"
clean "limits with another catalog" 0 env BUSBAR_CATALOG="$work/catalog" "$build/busbar" limits --instance p5.48xlarge
says "names the fabric" "EFA [31m"
odd="$work/x$escape"
mkdir "$odd"
clean "baseline list in such a folder" 0 "$build/busbar" baseline --dir "$odd" list
cp tests/data/import/plain_2.19.log "$odd/plain.log"
cp tests/data/import/plain_2.19.log "$odd/=1+1.log"
clean "import from it" 0 "$build/busbar" import --output "$odd" --run r "$odd/plain.log"
for path in "$odd/=1+1.log" =1+1.log; do
    clean "import --format csv of $(basename "$path")" 0 env -C "$odd" "$PWD/$build/busbar" import --check --format csv -- "$path"
    no_formula "has no formula"
done
clean "export into it" 0 "$build/busbar" export --output "$odd/out" "$odd/r"

# ---- scripts
printf 'n slots=2\nb\033[31mad slots=2\n' >"$work/hosts"
clean "a host file" 5 scripts/allocation "$work/hosts"
says "the host is named" "b?[31mad is not a host name"
printf 'n\302\233slots=2 \033[31m\n' >"$work/hosts"
clean "a word of a host file" 5 scripts/allocation "$work/hosts"
clean "a host file of such a name" 5 scripts/allocation "$odd/none"
printf 'n slots=2\n' >"$odd/hosts"
clean "as a source" 0 scripts/allocation "$odd/hosts"
for script in allocation check-regression bench sweep scan against preset setup gpu-proof install simulate; do
    clean "scripts/$script" 2 "scripts/$script" "--x$escape" "--y$escape"
    lacks "runs" "ubstitution" "$work/err"
done
clean "install from a folder of such a name" 5 scripts/install --to "$odd/none" --uninstall
mkdir -p "$odd/share/busbar"
printf '../x\033[31m\n' >"$odd/share/busbar/installed"
clean "install with such a list" 5 scripts/install --to "$odd" --uninstall
