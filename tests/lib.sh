# shellcheck shell=bash disable=SC2034
# Sourced by every end-to-end test (bash). A test prints one line per check: "ok - …", "not ok - …", "skip - … # reason";
# tests/run counts them. After a failed check, the end of the command's output follows.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
build=${BUILD:-build}
work=$(mktemp -d)
chmod 711 "$work" # a test may switch to another user, also a test that another test runs
export TMPDIR=$work # so that temporary files of killed programs are removed, too
failures=0
trap 'ended=$?; rm -rf "$work"; [ $failures -eq 0 ] || exit 1; exit $ended' EXIT

ok() { echo "ok - $1"; }
not_ok() { failures=$((failures + 1)); echo "not ok - $1"; }
skip() { echo "skip - $1 # $2"; }

# expect_status NAME STATUS COMMAND…: runs the command and leaves its output in $work/out and $work/err. The command may read the previous
# command's output there.
expect_status() {
    local name=$1 wanted=$2 got=0
    shift 2
    "$@" >"$work/out.new" 2>"$work/err.new" || got=$?
    mv "$work/out.new" "$work/out"
    mv "$work/err.new" "$work/err"
    if [ "$got" -eq "$wanted" ]; then ok "$name"; return 0; fi
    not_ok "$name (status $got, expected $wanted: $*)"
    tail -n 20 "$work/out" "$work/err" | sed 's/^/    /'
    return 1
}

# check NAME COMMAND…
check() {
    local name=$1
    shift
    expect_status "$name" 0 "$@"
}

# needs_built PROGRAM…: ends a benchmark with a one-line message if one of the programs is not built.
needs_built() {
    local program
    for program in "$@"; do
        [ -x "$build/$program" ] || { echo "$(basename "$0" .sh): $build/$program is missing: run make benchmark-$(basename "$0" .sh)" >&2; exit 1; }
    done
}

# ranks N PROGRAM…: runs the program on N ranks on this machine, with the launcher of the build's MPI. Tests run in parallel, so ranks yield
# while they wait, as if there were more ranks than cores.
mpirun=${MPIRUN:-mpirun} mpi_launcher=$PWD/scripts/launchers/mpirun
ranks() (SWEEP_RANKS=$1 SWEEP_OVERSUBSCRIBE=1 MPIRUN=$mpirun exec timeout "${RANKS_TIMEOUT:-900}" "$mpi_launcher" "${@:2}")

# this_make ARGUMENT…: make for the tree under test. `make test` puts the launcher that it found into MPIRUN, for tests. To make this would be a
# new setting, for which it would probe the machine again; so it gets MAKE_MPIRUN, what the user set.
this_make() { MPIRUN=${MAKE_MPIRUN-${MPIRUN-}} make --no-print-directory "$@"; }

# measured FOLDER COMMAND…: runs a launch with --sync window of more ranks than processors; its records go into FOLDER. On a busy machine
# all of its samples may begin too late. The driver is right to end then, so the launch is repeated, up to three times. Any other end is its own.
measured() {
    local folder=$1 try status=0
    shift
    for try in 1 2 3 4; do
        rm -rf "$folder"
        status=0
        "$@" 2>"$work/measured" || status=$?
        cat "$work/measured" >&2
        [ $status -eq 5 ] && grep -qF 'nothing was measured: every sample was set aside' "$work/measured" || break
        echo "# try $try of 4: every sample began too late" >&2
    done
    return $status
}

# equal NAME GOT EXPECTED
equal() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2', expected '$3'"; fi; }
# says NAME TEXT: checks that the last command's stdout or stderr contains the text; does not change either file.
says() { has "$1" "$2" "$work/out" "$work/err"; }
# has NAME TEXT FILE…: checks that one of the files contains the text.
has() {
    if grep -qF -- "$2" "${@:3}"; then ok "$1"; return 0; fi
    not_ok "$1 (no '$2' in ${*:3})"
    tail -n 20 "${@:3}" | sed 's/^/    /'
    return 1
}
# lacks NAME TEXT FILE…: checks that no file contains the text, and that there is something in which it could be.
lacks() {
    if [ ! -s "$3" ]; then not_ok "$1 ($3 is empty or missing)"
    elif grep -HnF -- "$2" "${@:3}" >"$work/found"; then not_ok "$1 ('$2' is in it)"; head -n 5 "$work/found"
    else ok "$1"; fi
}
# tells NAME REGEX [FILE]: checks that a line of the file, by default the last command's stderr, matches.
tells() {
    local file=${3:-$work/err}
    if grep -qE -- "$2" "$file"; then ok "$1"; return 0; fi
    not_ok "$1 (no line matches '$2')"
    tail -n 20 "$file" | sed 's/^/    /'
    return 1
}
# one_line NAME: checks that the last command's stderr has exactly one line.
one_line() {
    if [ "$(wc -l <"$work/err")" = 1 ]; then ok "$1"; else not_ok "$1"; sed 's/^/    /' "$work/err"; fi
}
# identical NAME FILE FILE: checks that two files have the same bytes, and not none.
identical() { check "$1" sh -c 'test -s "$0" && cmp "$0" "$1"' "$2" "$3"; }

# recorded NAME RECORD EXPRESSION: checks a Python expression over a record; tests/record.py explains its names.
# RECORD: a file, or X for $work/r/X/X.jsonl.
recorded() {
    local file=$2
    case $file in */*) ;; *) file=$work/r/$2/$2.jsonl ;; esac
    if python3 tests/record.py "$file" "$3"; then ok "$1"; else not_ok "$1"; fi
}
# named NAME: prints the flags that write a launch's record into $work/r/NAME/NAME.jsonl, if its --output is $work/r.
named() { echo "--run $1 --launch $1"; }

# complete RUN: prints how many launches of $work/results/RUN are complete.
complete() { grep -l '"status":"complete"' "$work/results/$1"/*.jsonl 2>/dev/null | wc -l; }

# six_launches RECORD FOLDER RUN PYTHON: writes six launches of the run, each a copy of the record. The code may change each line x of
# launch i, from 1.
six_launches() {
    python3 - "$@" <<'PY'
import json, os, sys
source, folder, run, code = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
for i in range(1, 7):
    with open(f"{folder}/{i}.jsonl", "w") as out:
        for line in open(source):
            x = json.loads(line)
            if x["record"] == "launch": x.update(run=run, launch=str(i), started=f"2026-01-0{i}T00:00:00Z")
            exec(code, {"x": x, "i": i})
            out.write(json.dumps(x) + "\n")
PY
}

# our_leaks: prints the reports of LeakSanitizer in $work/asan.* that have a file of busbar in frames 0 to 4 of the allocation.
our_leaks() {
    cat "$work"/asan.* 2>/dev/null | awk '
        /(Direct|Indirect) leak/ { flush(); text = $0; ours = 0; next }
        /^ *#[0-4] / { if ($0 ~ /(bench|kernels)\/[a-z_]+[\/.]/) ours = 1 }
        /^ *#/ { text = text "\n" $0; next }
        { flush() }
        END { flush() }
        function flush() { if (ours) print text; ours = 0; text = "" }'
}

# limited BYTES PROGRAM…: runs the program in a new memory control group, as in a container. Status 77: cannot create the group.
limited() (
    group=/sys/fs/cgroup/memory/busbar-$BASHPID limit=memory.limit_in_bytes bytes=$1
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then group=/sys/fs/cgroup/busbar-$BASHPID limit=memory.max; fi
    mkdir "$group" 2>/dev/null || exit 77
    trap 'rmdir "$group" 2>/dev/null' EXIT
    shift
    echo "$bytes" 2>/dev/null >"$group/$limit" || exit 77
    # shellcheck disable=SC2016 # for the shell inside
    sh -c 'echo $$ >"$1/cgroup.procs" || exit 77; shift; exec "$@"' sh "$group" "$@" 2>"$work/limited" && status=0 || status=$?
    cat "$work/limited" >&2
    exit "$status"
)
