#!/usr/bin/env bash
# make install into a DESTDIR; the programs run from there, the man pages are clean, bash completes.
. "$(dirname "$0")/../lib.sh"
root=$work/root
check 'make install' make --no-print-directory B="$build" PREFIX=/opt/busbar DESTDIR="$root" install
bin=$root/opt/busbar/bin share=$root/opt/busbar/share

cd "$work" || exit 1
check 'busbar runs from there' "$bin/busbar" --version
check 'busbar finds its tables there' "$bin/busbar" limits --instance p5.48xlarge --domains 2
check 'busbar-sweep answers' "$bin/busbar-sweep" --help
check 'busbar-scan answers' "$bin/busbar-scan" --help
says 'with what it does' 'Which host is slow?'
check 'busbar-sweep plans from there' "$bin/busbar-sweep" --dry-run --sizes 8 --launches 1 --drivers all_reduce --instance p5.48xlarge \
    --cost-limit 5usd --results "$work/results"
if [ -x "$bin/all_reduce" ]; then
    check 'all_reduce measures from there' ranks 2 "$bin/all_reduce" --backend mpi --sizes 8 -n 5 --output "$work/results"
    if command -v gnuplot >/dev/null; then
        check 'busbar draws from there' "$bin/busbar" plot "$work/results" --output "$work/plots"
        # librsvg refuses a whole picture for a point of size 0.
        expect_status 'no point of size 0 in a plot' 1 grep -l 'scale(0.00)' "$work"/plots/*.svg
    else
        skip 'busbar draws from there' 'gnuplot is missing'
    fi
else
    skip 'all_reduce runs from there' 'no MPI here'
fi

programs=$(cd "$bin" && echo *)
for program in $programs; do
    case $program in busbar-*) continue ;; esac
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

# A line as a person would type it in a fresh bash; the words are what bash would offer.
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
[ ! -x "$bin/all_reduce" ] || completes 'completion of a driver' 'isolated' all_reduce --mode iso
