#!/usr/bin/env bash
# make install into a DESTDIR; the programs run from there, the man pages are clean, bash completes; make uninstall.
. "$(dirname "$0")/../lib.sh"
root=$work/root
check 'make install' this_make B="$build" PREFIX=/opt/busbar DESTDIR="$root" install
bin=$root/opt/busbar/bin share=$root/opt/busbar/share

if [ -x "$build/all_reduce" ]; then
    paths=$(grep -ohE "'(bin|share)/[^']*'" scripts/package/easybuild/*.eb | tr -d "'" | sort -u)
    check 'EasyBuild looks for files' test "$(wc -w <<<"$paths")" -gt 2
    for path in $paths; do
        check "$path, which EasyBuild looks for" test -e "$root/opt/busbar/$path"
    done
fi

cd "$work" || exit 1
check 'busbar runs from there' "$bin/busbar" --version
check 'busbar finds its tables there' "$bin/busbar" limits --instance p5.48xlarge --domains 2
check 'and the records that contracts start from' "$bin/busbar" contract --propose p5.48xlarge
says 'by name' 'run aws-p5 (imported) reached'
check 'busbar-sweep answers' "$bin/busbar-sweep" --help
check 'busbar-scan answers' "$bin/busbar-scan" --help
says 'with what it does' 'Which host is slow?'
check 'busbar-sweep plans from there' "$bin/busbar-sweep" --dry-run --sizes 8 --launches 1 --drivers all_reduce --instance p5.48xlarge \
    --cost-limit 5usd --results "$work/results"
check 'no program has a name that says nothing of busbar' test -z "$(cd "$bin" && find . -type f ! -name 'busbar*')"
if [ -x "$bin/busbar-all_reduce" ]; then
    check 'busbar-sweep measures from there' "$bin/busbar-sweep" --sizes 8 --launches 1 --drivers all_reduce,matmul --driver-arg -n2 --matmul-arg -n1 \
        --shapes 32 --time-budget 120 --no-preflight --results "$work/swept" --run r
    check 'and has both records' test "$(find "$work/swept/r" -name '*.jsonl' | wc -l)" = 2
    check 'all_reduce measures from there' ranks 2 "$bin/busbar-all_reduce" --backend mpi --sizes 8 -n 5 --output "$work/results"
    if command -v gnuplot >/dev/null; then
        check 'busbar draws from there' "$bin/busbar" plot "$work/results" --output "$work/plots"
        # librsvg rejects a whole picture because of one point of size 0.
        expect_status 'no point of size 0 in a plot' 1 grep -l 'scale(0.00)' "$work"/plots/*.svg
    else
        skip 'busbar draws from there' 'gnuplot is missing'
    fi
else
    skip 'all_reduce runs from there' 'no MPI here'
fi

programs=$(cd "$bin" && echo *)
for program in $programs; do
    check "$program has a man page" test -s "$share/man/man1/$program.1"
done
for command in $("$bin/busbar" --completion); do check "busbar $command has a man page" test -s "$share/man/man1/busbar-$command.1"; done
if command -v groff >/dev/null; then
    groff -K utf8 -man -Tutf8 -ww -z "$share"/man/man1/*.1 >"$work/warnings" 2>&1
    check 'groff has no warning about them' test ! -s "$work/warnings"
    sed 's/^/    /' "$work/warnings" | head
    check 'a page shows its flags and defaults' grep -q -e '--format' <(groff -K utf8 -man -Tascii -P-c "$share/man/man1/busbar-show.1")
else
    skip 'man pages are clean' 'groff is missing'
fi

# Completes a command line in a fresh bash; prints the words that bash would offer.
complete_line() {
    bash --norc -c '
        . "$1/bash-completion/completions/busbar"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        function=$(complete -p "${1##*/}" | sed "s/.*-F \([^ ]*\) .*/\1/")
        "$function"
        echo "${COMPREPLY[*]}"' bash "$share" "$@"
}
completes() {
    local name=$1 wanted=$2 got
    shift 2
    got=$(complete_line "$@")
    if [ "$got" = "$wanted" ]; then ok "$name"; else not_ok "$name: '$got', expected '$wanted'"; fi
}
completes 'completion of a command' limits busbar li
completes 'completion of a flag' '--domains --domain-gpus' busbar limits --dom
completes 'completion of a choice' 'text csv json markdown' busbar show --format ''
completes 'completion of a choice after =' json busbar show --format = j
completes 'no words where any value may follow' '' busbar limits --instance ''
[ ! -x "$bin/busbar-all_reduce" ] || completes 'completion of a driver' 'isolated' busbar-all_reduce --mode iso
completes 'completion of a flag of the sweep' '--cost-limit' busbar-sweep --cost
completes 'completion of a flag of its plan' '--drivers' busbar-sweep --drivers
completes 'completion of a flag of the scan' '--quick' busbar-scan --qui
completes 'completion of a choice of the scan' 'nvlink nic' busbar-scan --plane ''
completes 'completion of a flag that the scan passes on' '--hostfile' busbar-scan --hostf
completes 'which is not the command that judges' '--format' busbar scan --form
# The scan's flags are in its loop and in its list for the completion; its help names them all.
scan=$share/busbar/scripts/scan
flags_in() { grep -oE -e '--[a-z-]+' | LC_ALL=C sort -u; }
"$scan" --completion | flags_in >"$work/completed"
{ cat "$work/completed"; "$bin/busbar" sweep flags . -- --completion | flags_in; } | LC_ALL=C sort -u >"$work/with_sweep"
"$scan" --help | flags_in >"$work/in_help"
sed '/--completion) printf/,/exit 0/d' "$scan" | sed -n '/^while \[/,/^done/p' | flags_in >"$work/in_loop"
check 'the scan has flags' test -s "$work/completed" -a -s "$work/in_help" -a -s "$work/in_loop"
equal 'each flag in its help is completed' "$(LC_ALL=C comm -23 "$work/in_help" "$work/with_sweep")" ''
equal 'each flag that is completed is one of its own' "$(LC_ALL=C comm -13 "$work/in_loop" "$work/completed")" ''
completes 'completion of a list' 'prod premulsum' busbar plan --op pr
completes 'completion of its next word' 'float,double' busbar plan -d float,dou

# The list of installed files is complete, and an uninstall removes these files and nothing else.
files() { (cd "$root/opt/busbar" && find . \( -type f -o -type l \) | sed 's,^\./,,' | LC_ALL=C sort); }
files >"$work/has"
{ cat "$share/busbar/installed"; echo share/busbar/installed; } | LC_ALL=C sort >"$work/wanted"
check 'every installed file is listed' diff "$work/wanted" "$work/has"
broken=$(cd "$share/doc/busbar" && find . -name '*.md' | while read -r page; do
    grep -oE '\]\([^)#]+' "$page" | cut -c3- | grep -v '^http' | while read -r link; do
        [ -e "$(dirname "$page")/$link" ] || echo "$page: $link"
    done
done)
check 'documents are installed' test "$(find "$share/doc/busbar" -name '*.md' | wc -l)" -gt 5
if [ -z "$broken" ]; then ok 'the links of the installed documents lead somewhere'; else not_ok "broken links: $broken"; fi
echo stale >"$share/busbar/stale.tsv"
echo share/busbar/stale.tsv >>"$share/busbar/installed"
cd "$OLDPWD" || exit 1
makes() { this_make B="$build" PREFIX=/opt/busbar DESTDIR="$root" "$@"; }
check 'make install once more' makes install
check 'removes what an older version had put there' test ! -e "$share/busbar/stale.tsv"
files >"$work/again"
check 'and is the same otherwise' diff "$work/has" "$work/again"

# The names of nccl-tests, beside ours.
if [ -x "$bin/busbar-all_reduce" ]; then
    check "make install with nccl-tests' names" makes NCCL_TESTS_NAMES=1 install
    for name in all_reduce all_gather reduce_scatter broadcast reduce alltoall alltoallv hypercube sendrecv gather scatter; do
        check "${name}_perf is $name" test "$bin/${name}_perf" -ef "$bin/busbar-$name"
        check "${name}_perf has a man page" test -s "$share/man/man1/${name}_perf.1"
    done
    check 'and no other name' test "$(cd "$bin" && echo *_perf | wc -w)" = 11
    check 'all_gather_perf measures all_gather' ranks 2 "$bin/all_gather_perf" --backend mpi --sizes 8 -n 5 --output "$work/perf"
    check 'with a record' grep -q '"collective":"all_gather"' -r "$work/perf"
    check 'reduce_perf -g 2 starts its ranks' "$bin/reduce_perf" -g 2 --backend mpi --sizes 8 -n 5 --output none
    says 'of the program' '2 ranks on 1 host'
    check 'make install without them' makes install
    files >"$work/again"
    check 'removes them' diff "$work/has" "$work/again"
    check 'make install with them again' makes NCCL_TESTS_NAMES=1 install # the uninstall below removes them
else
    skip "nccl-tests' names" 'no MPI here'
fi

# Names with a quote and a space; an umask that denies access to others; build folders whose names make cannot handle.
odd="$work/it's odd"
private() (umask 077 && this_make B="$build" PREFIX=/opt/busbar DESTDIR="$odd" "$@")
check 'make install below a name with a quote, with a strict umask' private install
check 'everybody can read what was installed' test -z "$(find "$odd" ! -type l ! -perm -o=r)"
check 'and enter the folders' test -z "$(find "$odd" -type d ! -perm -o=rx)"
check 'make uninstall there' private uninstall
check 'leaves no file' test -z "$(find "$odd" -type f -o -type l)"
for folder in "$work/a b" "$work/a'b" "$work/a:b" ''; do
    expect_status "a build folder named '${folder##*/}' is refused" 2 make --no-print-directory B="$folder" all
    says 'with the rule' "the build folder's path must be one word"
done

touch "$bin/foreign" "$share/busbar/mine.tsv"
ln -s nowhere "$share/man/man1/foreign.1"
check 'make uninstall' makes uninstall
files >"$work/left"
printf '%s\n' bin/foreign share/busbar/mine.tsv share/man/man1/foreign.1 >"$work/foreign"
check 'only files of others are left' diff "$work/foreign" "$work/left"
left=$(cd "$root/opt/busbar" && find . -name '*busbar*' | sort | tr '\n' ' ')
if [ "$left" = './share/busbar ' ]; then ok 'and no folder of ours but the one with a file of others'; else not_ok "left: $left"; fi
expect_status 'make uninstall where nothing is installed' 2 makes uninstall
says 'says so' 'busbar is not installed there'
mkdir -p "$root/opt/busbar/share/busbar"
echo ../../outside >"$share/busbar/installed"
touch "$root/outside"
expect_status 'a list that leads outside' 2 makes uninstall
check 'removes nothing' test -e "$root/outside"
