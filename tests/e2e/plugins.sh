#!/usr/bin/env bash
# The contract between programs and plug-ins (bench/README.md): the symbols that each side exports, the plug-ins that are refused and the
# messages, the folders in which plug-ins (and gnuplot's style) are searched, and which side's code runs when a plug-in fails.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/fakes/emulated_gpu.sh
. tests/fakes/emulated_gpu.sh
[ -x "$build/all_reduce" ] || { skip 'plug-ins' 'the drivers are not built here'; exit 0; }

# ---- exported symbols ----

# The libraries of the sanitizers export further functions.
case $build in *sanitize*) sanitized=1 ;; *) sanitized='' ;; esac
# tests/slow/sanitize_gpu.sh checks for leaks; those here are MPI's.
[ -z "$sanitized" ] || export LSAN_OPTIONS=exitcode=0
names() { nm -D --defined-only "$1" | awk 'NF { print $NF }' | sort; }
shown=$(sed 's,/\*.*,,; /\*\//d' bench/program.symbols | grep -o 'busbar_[a-z_]*' | sort)
check 'program.symbols lists symbols' test "$(wc -w <<<"$shown")" -gt 3
check 'those that the headers mark with SYMBOL' test "$shown" = "$(grep -rhoE --include='*.h' 'SYMBOL\("[a-z_]+"\)' bench | sed 's/SYMBOL("\(.*\)")/busbar_\1/' | sort)"
for driver in bench/drivers/*.c; do
    driver=$(basename "$driver" .c)
    [ -z "$sanitized" ] || continue
    check "$driver exports what program.symbols lists, and nothing else" diff <(echo "$shown") <(names "$build/$driver")
done
exports_nothing() { nm -D --defined-only "$1" >"$work/exported" && [ ! -s "$work/exported" ]; }
[ -n "$sanitized" ] || check 'busbar exports nothing' exports_nothing "$build/busbar"
for plugin in "$build"/busbar_*.so; do
    [ -e "$plugin" ] || continue
    check "$(basename "$plugin") exports busbar_plugin" grep -qx busbar_plugin <(names "$plugin")
    [ -n "$sanitized" ] || expect_status 'and nothing that is not called busbar_' 1 grep -v '^busbar_' <(names "$plugin")
done

# ---- plug-ins that are loaded, and plug-ins that are refused ----

flags=$(sed -n 's/^\(MPI\|JSON\)_CFLAGS := //p' "$build/config.mk" | tr '\n' ' ')
toys=$work/toys
abi=$(sed -n "s/^enum { PLUGIN_ABI = \([0-9]*\) };/\1/p" bench/base/plugin.h)
mkdir "$toys"
compile() { # OUTPUT SOURCE…
    # shellcheck disable=SC2086 # a list of flags
    check "$(basename "$1") is compiled" cc -std=c11 -D_GNU_SOURCE -Wall -Werror -fPIC -shared -Ibench -I. $flags ${commit:+-DBUSBAR_GIT="\"$commit\""} -o "$1" "${@:2}" \
        -Wl,--version-script=bench/plugin.symbols
}
# The toy plug-in must claim the same build as the program: its commit is in the program's records ("" in a tarball).
check 'a record' ranks 1 "$build/all_reduce" --backend mpi --sizes 8 -n 2 --passes 1 --output "$work/records" --run r --launch l
commit=$(python3 -c 'import json, sys; print(json.loads(open(sys.argv[1]).readline())["facts"].get("git") or "")' "$work/records/r/l.jsonl")
compile "$toys/busbar_toy.so" tests/fakes/toy_plugin.c bench/base/status.c bench/base/utf8.c bench/base/version.c
printf 'const int busbar_backend = 1;\n' >"$work/old.c"
compile "$toys/busbar_old.so" "$work/old.c"
echo 'no library' >"$toys/busbar_text.so"
: >"$toys/busbar_empty.so"
mkdir "$toys/busbar_folder.so"

# load PLUGIN [TOY]: starts a launch with busbar_PLUGIN.so. TOY: what is wrong with the toy plug-in (tests/fakes/toy_plugin.c).
load() { ranks 2 env BUSBAR_PLUGINS="$toys" TOY="${2:-}" "$build/all_reduce" --backend "$1" --sizes 8 -n 2 --passes 1 --output none; }
# lines NAME COUNT: checks that so many lines of the last command's stderr come from the program, not from the launcher.
lines() {
    if [ "$(grep '^all_reduce: ' "$work/err" | grep -vc 'ended by signal')" = "$2" ]; then ok "$1"; else not_ok "$1"; sed 's/^/    /' "$work/err"; fi
}
# refused NAME PLUGIN TOY REGEX: a plug-in that NAME is refused, and the message matches. TOY: what is wrong with the toy plug-in.
refused() {
    expect_status "a plug-in that $1 is refused with status 5" 5 load "$2" "$3"
    tells 'and the line says why' "^all_reduce: the $2 backend is not available: .*busbar_$2\.so.*$4"
    lines 'once, without a warning' 1
}
expect_status 'a plug-in of this build is loaded' 5 load toy
tells "its failure is the program's, by name" '^all_reduce: the toy was opened$'
lines 'and rank 1 is silent, as the program says' 1
expect_status 'a plug-in of another build is loaded' 5 load toy build
tells 'with a warning' '^all_reduce: .*/busbar_toy\.so comes from another build \(0\.1\.9 \(0123456789ab\); this program is 0\.2\.0( \(.*)?\)'
lines 'once, before its own failure' 2
refused 'has another ABI' toy abi " has plug-in ABI $((abi + 6)), this program needs $abi: rebuild it, or set BUSBAR_PLUGINS "
refused 'has another size of a structure' toy size ' was built with another struct call \(size [0-9]+, in this program [0-9]+\): rebuild it'
refused 'exchanges fewer structures' toy list ' exchanges other structures than this program: rebuild it'
refused 'is of another kind' toy kind ' is a toy chest, not a collective backend'
refused 'lacks a member' toy member " lacks the member 'check': rebuild it"
refused 'has no descriptor' toy descriptor ' has an incomplete busbar_plugin: rebuild it'
refused 'exports something else' old '' ' does not export busbar_plugin: it is no plug-in of this version; rebuild it'
refused 'is a text' text '' '(invalid ELF header|file too short)'
refused 'is an empty file' empty '' 'file too short'
refused 'is a folder' folder '' '(cannot read file data|Is a directory)'
expect_status 'matmul takes no collective backend' 5 env BUSBAR_PLUGINS="$toys" "$build/matmul" --backend toy --shapes 64 --output none
tells 'and says so' '^matmul: the toy backend is not available: .* is a collective backend, not a GEMM engine'
expect_status 'a plug-in that is not there is an unknown name' 2 load nothing

# ---- folders in which plug-ins are searched ----

mkdir -p "$work/tree/b" "$work/tree/lib/busbar" "$work/app/bin" "$work/app/lib/busbar"
cp "$build/all_reduce" "$work/tree/b"
cp "$build/all_reduce" "$work/app/bin"
start() { "$1/all_reduce" --backend toy --sizes 8 -n 2 --passes 1 --output none; }
cp "$toys/busbar_toy.so" "$work/tree/lib/busbar"
expect_status 'not in ../lib/busbar of a build folder' 2 start "$work/tree/b"
cp "$toys/busbar_toy.so" "$work/tree/b"
expect_status 'but beside the program' 5 start "$work/tree/b"
tells 'there' 'the toy was opened'
cp "$toys/busbar_toy.so" "$work/app/bin"
expect_status 'not beside an installed program' 2 start "$work/app/bin"
mv "$work/app/bin/busbar_toy.so" "$work/app/lib/busbar"
expect_status 'but in its ../lib/busbar' 5 start "$work/app/bin"
tells 'there' 'the toy was opened'
expect_status 'and nowhere else once BUSBAR_PLUGINS points somewhere' 2 env BUSBAR_PLUGINS="$work/tree" "$work/app/bin/all_reduce" --backend toy --sizes 8 --output none
if [ "$(id -u)" = 0 ]; then
    chown 65534 "$work/app/lib/busbar/busbar_toy.so"
    expect_status "a stranger's file is not loaded" 5 start "$work/app/bin"
    tells 'and the line says why' 'busbar_toy\.so belongs to another user: it is not loaded unless BUSBAR_PLUGINS names its folder'
    expect_status 'but where the user says so' 5 env BUSBAR_PLUGINS="$work/app/lib/busbar" "$work/app/bin/all_reduce" --backend toy --sizes 8 --output none
    tells 'there' 'the toy was opened'
else
    skip "a stranger's file" 'only root can make one'
fi

# ---- gnuplot's style, which is code, too ----

mkdir -p "$work/evil/scripts/plot" "$work/tree/scripts/plot"
printf 'system("touch %s/ran")\n' "$work" | tee "$work/evil/scripts/plot/style.gp" >"$work/tree/scripts/plot/style.gp"
cp "$build/busbar" "$work/tree/b"
cp "$build/busbar" "$work/app/bin"
plot() { (cd "$work/evil" && env -u BUSBAR_SHARE "$1/busbar" plot "$work/records" --output "$work/plots"); }
not_run() { if [ -e "$work/ran" ]; then not_ok 'and does not run'; else ok 'and does not run'; fi; }
expect_status 'a style in the current folder is not taken' 5 plot "$work/app/bin"
says 'and the line says what to set' 'the plot scripts (style.gp) are not found: set BUSBAR_SHARE'
not_run
if [ "$(id -u)" = 0 ]; then
    chown -R 65534 "$work/tree/scripts"
    expect_status "nor a stranger's beside the build folder" 5 plot "$work/tree/b"
    not_run
fi
if command -v gnuplot >/dev/null; then
    check 'BUSBAR_SHARE says where it is' env BUSBAR_SHARE="$PWD" "$work/app/bin/busbar" plot "$work/records" --output "$work/plots"
    mkdir -p "$work/app/share/busbar/scripts"
    cp -r scripts/plot "$work/app/share/busbar/scripts"
    check "an installed program finds its own" plot "$work/app/bin"
else
    skip 'drawing' 'gnuplot is missing'
fi

# ---- an MPI call of a plug-in that fails (tests/e2e/mpi_errors.sh) ----

if [ -n "$sanitized" ] || [ ! -e "$build/busbar_nccl.so" ] || [ ! -e "$build/fakegpu/libnccl.so.2" ]; then
    skip 'an MPI call of a plug-in' 'the GPU parts are not built here, or with a sanitizer'
    exit "$failures"
fi
driver=all_reduce flags=(--backend nccl --passes 1 -n 3 -w 2)
# shellcheck disable=SC2046 # a list of flags
check 'tests/fakes/break_mpi.c is compiled' cc -shared -fPIC $(sed -n 's/^MPI_CFLAGS := //p' "$build/config.mk") -o "$work/break.so" tests/fakes/break_mpi.c
# The second broadcast of a launch sends NCCL's unique id.
RANKS_TIMEOUT=30 expect_status 'the broadcast of the unique id fails: status 5' 5 emulated 2 BREAK_CALL=MPI_Bcast BREAK_RANK=1 BREAK_AT=2 LD_PRELOAD="$work/break.so" BUSBAR_HOST=n2 -- --sizes 8
tells 'by name' '^all_reduce: MPI_Bcast failed on rank 1 of host n2: MPI_ERR_COUNT'
exit "$failures"
