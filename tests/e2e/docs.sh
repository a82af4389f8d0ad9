#!/usr/bin/env bash
# What is documented is there, and what is there is documented: record keys, make targets, flags of the drivers, files.
. "$(dirname "$0")/../lib.sh"
# Every key of the records stands in results/README.md.
keys=$(grep -v '#define' bench/record/fields.c | grep -oE '\b(CASE|END)\([A-Z]+, [a-z0-9_]+|\bCASE_(WORD|SPREAD)\([a-z0-9_]+' | sed 's/.*[ (]//'
    grep -oE '(LAUNCH\([A-Z]*, |\.key = )"[a-z_.]+"' bench/record/fields.c | sed 's/.*"\(.*\)"/\1/')
check 'there are many keys' test "$(echo "$keys" | wc -l)" -gt 80
lacking=''
for key in $keys; do
    for part in ${key//./ }; do grep -qF "\`$part\`" results/README.md || lacking="$lacking $key"; done
done
if [ -z "$lacking" ]; then ok 'every key of a record is documented'; else not_ok "keys that results/README.md lacks:$lacking"; fi

# What README.md names exists.
for path in $(grep -oE '\b(scripts|tests|bench|results|kernels)/[a-zA-Z0-9_./-]*[a-zA-Z0-9_]' README.md | sort -u); do
    case $path in
    results/*.tsv | results/*.md | results/*.png | results/reference) check "README: $path" test -e "$path" ;;
    results/*) ;; # what a run would write
    *) check "README: $path" test -e "$path" ;;
    esac
done
for target in $(grep -oE '(^    |`)make [a-z][a-z-]*' README.md | sed 's/.*make //' | sort -u); do
    check "README: make $target" make -n "$target"
done
check 'make help' make help
if [ ! -s "$work/err" ] && ! grep -qE '^  [a-z-]+ *$' "$work/out"; then ok 'has a text for each target'; else
    not_ok "make help: $(cat "$work/err"; grep -E '^  [a-z-]+ *$' "$work/out")"
fi
# A benchmark that is started by hand before its programs are built says so in one line.
for benchmark in tests/benchmark/*.sh; do
    case $benchmark in */scale.sh) continue ;; esac # skips, and says what it lacks
    expect_status "$benchmark without its programs" 1 env "BUILD=$work/nothing" "$benchmark"
    if [ "$(cat "$work/out" "$work/err" | wc -l)" -eq 1 ] && grep -q 'is missing: run make benchmark-' "$work/err"; then ok 'one line'; else
        not_ok "not one line: $(cat "$work/out" "$work/err")"
    fi
done
# The flags of the nccl-tests table.
if [ -x "$build/all_reduce" ]; then
    for flag in $(sed -n '/^## Flags/,/^## Exit/p' README.md | grep '^| `-' | grep -v export | grep -oE -e '--[a-z][a-z_-]+' | sort -u); do
        case $flag in
        --hel* | --no) ;;
        *) check "README: all_reduce $flag" grep -qxF -e "$flag" <("$build/all_reduce" --completion | cut -d' ' -f1) ;;
        esac
    done
else
    skip 'the flags in README.md' 'no MPI here'
fi
# A letter means one flag in all programs, and a flag has one letter.
if [ -x "$build/all_reduce" ]; then
    letters() {
        for program in all_reduce matmul; do "$build/$program" --help; done
        for command in $("$build/busbar" --completion); do "$build/busbar" "$command" --help; done
    }
    letters | grep -oE '^  -[a-zA-Z], --[a-z_-]+' | sort -u >"$work/letters"
    check 'there are letters' test "$(wc -l <"$work/letters")" -gt 10
    twice=$(awk '{ print $1 } { print $2 }' "$work/letters" | sort | uniq -d)
    if [ -z "$twice" ]; then ok 'each has one meaning'; else not_ok "more than one meaning: $twice"; fi
else
    skip 'the letters of flags' 'no MPI here'
fi
