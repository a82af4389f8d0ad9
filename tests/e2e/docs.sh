#!/usr/bin/env bash
# Documents and programs agree on record keys, make targets, flags of the drivers, and files.
. "$(dirname "$0")/../lib.sh"
# results/README.md lists every key of the records.
keys=$(grep -v '#define' bench/record/fields.c | grep -oE '\b(CASE|END)\([A-Z]+, [a-z0-9_]+|\bCASE_(WORD|SPREAD)\([a-z0-9_]+' | sed 's/.*[ (]//'
    grep -v '#define' bench/record/overlap.c | grep -oE '\bOVERLAP(\([A-Z]+, |_WORD\()[a-z0-9_]+' | sed 's/.*[ (]//'
    grep -oE '(LAUNCH\([A-Z]*, |\.key = )"[a-z_.]+"' bench/record/fields.c | sed 's/.*"\(.*\)"/\1/')
check 'there are many keys' test "$(echo "$keys" | wc -l)" -gt 80
lacking=''
for key in $keys; do
    for part in ${key//./ }; do grep -qF "\`$part\`" results/README.md || lacking="$lacking $key"; done
done
if [ -z "$lacking" ]; then ok 'every key of a record is documented'; else not_ok "keys that results/README.md lacks:$lacking"; fi

# For every document: its links and the files that it names exist, make has its targets, and the programs know the commands and flags in
# its examples.
documents=$(find README.md CONTRIBUTING.md bench kernels scripts results/*.md tests/README.md -name '*.md' | sort)
check 'there are documents' test "$(echo "$documents" | wc -l)" -gt 9
missing=''
for document in $documents; do
    folder=$(dirname "$document")
    for link in $(grep -oE '\]\([^)#]+' "$document" | cut -c3- | grep -v '^http'); do
        [ -e "$folder/$link" ] || missing="$missing $document:$link"
    done
    for path in $(grep -oE '(^|[^a-zA-Z0-9_./-])(scripts|tests|bench|results|kernels)/[a-zA-Z0-9_./-]*[a-zA-Z0-9_]' "$document" | sed 's/^[^a-z]//' | sort -u); do
        case $path in
        results/*.tsv | results/*.md | results/*.svg | results/reference*) ;;
        results/*) continue ;; # files that a run would write
        esac
        [ -e "$path" ] || [ -e "$folder/$path" ] || missing="$missing $document:$path"
    done
done
if [ -z "$missing" ]; then ok 'what documents name is there'; else not_ok "not there:$missing"; fi
if [ "$(wc -l <README.md)" -le 150 ]; then ok 'README.md has at most 150 lines'; else not_ok "README.md has $(wc -l <README.md) lines"; fi
# shellcheck disable=SC2086 # a list
targets=$(grep -ohE '(^    |`)make [a-z][a-z-]*[a-z]\b(-NAME)?' $documents | grep -v -e -NAME | sed 's/.*make //' | sort -u)
check 'documents name targets of make' test "$(wc -w <<<"$targets")" -gt 10
for target in $targets; do
    check "make $target" this_make -n "$target"
done
# Every script explains itself.
scripts=0
while read -r script; do
    scripts=$((scripts + 1))
    check "$script --help" timeout 20 "$script" --help
    check 'says something' test -s "$work/out"
done < <(find scripts -type f -perm -u+x | sort)
check 'there are scripts' test $scripts -gt 15
# Paragraphs fill 80 columns: no line breaks where its next word would fit. LC_ALL: in bytes, as scripts/help counts.
for script in allocation bench check-regression gpu-proof hostfacts preflight preset probe scan setup simulate works; do
    "scripts/$script" --help | LC_ALL=C awk '
        length($0) > 80 { print "too long: " $0 }
        before != "" && before !~ /^ / && !/^( |--|Status|Exit status|Knobs|usage|$)/ && length(before) + 1 + length($1) <= 80 { print "ragged: " before }
        { before = $0 }' >"$work/ragged"
    if [ -s "$work/ragged" ]; then not_ok "the help of $script: $(cat "$work/ragged")"; else ok "the help of $script fills its lines"; fi
done
"$build/busbar" --completion >"$work/commands"
# flags_known PROGRAM FLAGS HELP: checks that the help lists each flag.
unknown='' examples=0
flags_known() {
    local flag
    examples=$((examples + 1))
    for flag in $2; do grep -qE -e "(^|[^a-z-])$flag([^a-z-]|\$)" "$3" || unknown="$unknown $1:$flag"; done
}
flags_of() { grep -oE -e ' --[a-z][a-z-]+' <<<"$1" | sort -u; }
"$build/busbar" plan --help >"$work/plan"
for script in sweep scan; do { "scripts/$script" --help; cat "$work/plan"; scripts/sweep --help; } >"$work/$script"; done
# shellcheck disable=SC2086 # a list
while IFS= read -r line; do
    line=${line%% #*}
    for part in "${line%%&&*}" "${line#*&&}"; do
        if [[ $part =~ (^|[ /])busbar\ ([a-z]+) ]]; then
            command=${BASH_REMATCH[2]}
            grep -qx "$command" "$work/commands" || { unknown="$unknown busbar:$command" && continue; }
            "$build/busbar" "$command" --help >"$work/help"
            flags_known "busbar $command" "$(flags_of "$part")" "$work/help"
        elif [[ $part =~ scripts/(sweep|scan)\  ]]; then
            flags_known "${BASH_REMATCH[0]}" "$(flags_of "${part#*scripts/}")" "$work/${BASH_REMATCH[1]}"
        elif [[ $part =~ build/([a-z_]+)\  ]] && [ -x "$build/${BASH_REMATCH[1]}" ]; then
            "$build/${BASH_REMATCH[1]}" --help >"$work/help"
            flags_known "${BASH_REMATCH[1]}" "$(flags_of "${part#*build/}")" "$work/help"
        fi
    done
done < <(grep -hE '^    [a-z]' $documents | grep -v ' -- ')
check 'there are examples' test $examples -gt 30
if [ -z "$unknown" ]; then ok 'the programs know the commands and flags of the examples'; else not_ok "unknown:$unknown"; fi
check 'make help' this_make help
if [ ! -s "$work/err" ] && grep -qE '^  test +unit' "$work/out" && ! grep -qE '^  [a-z-]+ *$' "$work/out"; then ok 'has a text for each target'; else
    not_ok "make help: $(cat "$work/err"; grep -E '^  [a-z-]+ *$' "$work/out")"
fi
# A benchmark that is started by hand before its programs are built ends with a one-line message.
for benchmark in tests/benchmark/*.sh; do
    case $benchmark in */scale.sh) continue ;; esac # it skips, and names what is missing
    expect_status "$benchmark without its programs" 1 env "BUILD=$work/nothing" "$benchmark"
    if [ "$(cat "$work/out" "$work/err" | wc -l)" -eq 1 ] && grep -q 'is missing: run make benchmark-' "$work/err"; then ok 'one line'; else
        not_ok "not one line: $(cat "$work/out" "$work/err")"
    fi
done
# The flags of the nccl-tests table.
if [ -x "$build/all_reduce" ]; then
    flags=$(grep '^| `-' bench/drivers/migrating.md | grep -v export | grep -oE -e '--[a-z][a-z_-]+' | sort -u)
    check 'migrating.md has flags' test "$(wc -w <<<"$flags")" -gt 5
    for flag in $flags; do
        case $flag in
        --hel* | --no) ;;
        *) check "migrating.md: all_reduce $flag" grep -qxF -e "$flag" <("$build/all_reduce" --completion | cut -d' ' -f1) ;;
        esac
    done
else
    skip 'the flags in migrating.md' 'no MPI here'
fi
# A letter means one flag in all programs, and a flag has one letter.
if [ -x "$build/all_reduce" ]; then
    letters() {
        for program in all_reduce matmul overlap; do "$build/$program" --help; done
        for command in $("$build/busbar" --completion); do "$build/busbar" "$command" --help; done
    }
    letters | grep -oE '^  -[a-zA-Z], --[a-z_-]+' | sort -u >"$work/letters"
    check 'there are letters' test "$(wc -l <"$work/letters")" -gt 10
    twice=$(awk '{ print $1 } { print $2 }' "$work/letters" | sort | uniq -d)
    if [ -z "$twice" ]; then ok 'each has one meaning'; else not_ok "more than one meaning: $twice"; fi
else
    skip 'the letters of flags' 'no MPI here'
fi
