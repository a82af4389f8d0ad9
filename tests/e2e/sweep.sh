#!/usr/bin/env bash
# scripts/sweep with a stand-in for the drivers: which launches run and which are skipped, which files are kept, and how the sweep ends.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

programs=$work/programs
mkdir -p "$programs"
cp "$build/busbar" "$programs"
for driver in all_reduce all_gather matmul; do ln -s "$PWD/tests/fakes/driver" "$programs/$driver"; done

# A launcher that starts a single process, whatever the hosts are: this test needs no MPI.
cat >"$work/direct" <<'END'
#!/bin/sh
[ -z "$SWEEP_DRY_RUN" ] || { echo "direct $SWEEP_NODES x $SWEEP_RANKS_PER_NODE on $(cut -f 1 "$SWEEP_HOSTS" | tr '\n' ' '): $*"; exit 0; }
if [ "$1" = true ]; then ! grep -q "^${LOST_HOST:-nothing}[[:space:]]" "$SWEEP_HOSTS"; exit; fi
exec "$@"
END
chmod +x "$work/direct"
sweep() { timeout 60 scripts/sweep --build "$programs" --results "$work/results" --launcher "$work/direct" --no-preflight "$@"; }
seq -f 'h%g slots=4' 4 >"$work/four"
four=(--hostfile "$work/four" --nodes "1,2,4")

check "a sweep over 1, 2 and 4 hosts ends well" sweep --run plain "${four[@]}" --launches 2
equal "three node counts and matmul, two launches each" "$(complete plain)" 8
check "called again, it is content" sweep --run plain "${four[@]}" --launches 2
tells "nothing is run twice" "8 complete already"
equal "one line an attempt" "$(grep -c complete "$work/results/plain/sweep.tsv")" 8
check "a changed plan" sweep --run plain "${four[@]}" --launches 3
tells "a changed plan reuses what it can" "8 complete already"

# The preset is that of the hosts, not of the one that runs the sweep: here the launcher gives them another firmware.
mkdir -p "$work/remote/dev" "$work/remote/sys/class/dmi/id"
: >"$work/remote/dev/nvidiactl"
echo 'Amazon EC2' >"$work/remote/sys/class/dmi/id/sys_vendor"
printf '#!/bin/sh\nexport PRESET_ROOT=%s\nexec %s "$@"\n' "$work/remote" "$work/direct" >"$work/far"
chmod +x "$work/far"
far() { mkdir -p "$work/here"; env PRESET_ROOT="$work/here" timeout 60 scripts/sweep --build "$programs" --results "$work/results" --launcher "$work/far" --no-preflight --launches 1 --drivers all_reduce "$@"; }
check "hosts with another firmware than this one" far --run far --hostfile "$work/four" --nodes 4
tells "have the preset of theirs" "sweep: environment: FI_PROVIDER=efa"
tells "and their lack is told" "preset: aws: libnccl-net.so of aws-ofi-nccl is not in"
equal "the record of the sweep has it" "$(grep -c 'environment: FI_PROVIDER=efa' "$work/results/far/hosts.tsv")" 1
check "none is none" far --run none --hostfile "$work/four" --nodes 4 --preset none
lacks "there, too" 'FI_PROVIDER' "$work/err"
expect_status "a preset that is none" 2 far --run other --hostfile "$work/four" --preset nowhere
tells "is refused before" "preset: 'nowhere' is not auto"

# Cases that the budget left out, nine of them in each of two records: sizes of which one begins like another, and two modes.
skipped() { printf '{"record":"case","collective":"%s","dtype":"float","op":"sum","requested_bytes":%s,"mode":"%s","placement":"in_place","group":"world","status":"skipped"}\n' "$@"; }
{
    for size in 16777216 6291456 67108864 33554432 8388608; do skipped all_reduce $size isolated; done
    skipped all_reduce 67108864 pipelined
    skipped all_gather 67108864 isolated
    for imbalance in 1.5 1.5:send; do skipped alltoallv 1048576 isolated | sed "s/}$/,\"imbalance\":\"$imbalance\"}/"; done
} >"$work/skipped"
mapfile -t complete_launches < <(grep -l '"status":"complete"' "$work"/results/plain/*.jsonl)
for file in "${complete_launches[@]:0:2}"; do sed -i "1r $work/skipped" "$file"; done
check "cases that the budget left out" sweep --run plain "${four[@]}" --launches 3
tells "are counted" "the time budget left out 18 cases of 2 launches:$"
tells "and each is named" "left out: all_reduce float sum isolated in_place: 16 MiB, 6 MiB, 64 MiB, 32 MiB, 8 MiB$"
tells "with its mode" "left out: all_reduce float sum pipelined in_place: 64 MiB$"
tells "with its imbalance" "left out: alltoallv float sum isolated in_place, imbalance 1.5: 1 MiB$"
tells "in each direction" "left out: alltoallv float sum isolated in_place, imbalance 1.5:send: 1 MiB$"
tells "and its collective" "left out: all_gather float sum isolated in_place: 64 MiB$"
check "a budget that is too short for the plan" sweep "${four[@]}" --launches 3 --time-budget 1m --dry-run
if grep -q '^# at full length:.*leaves out those for which none remains: at full length all_reduce, all_gather from [0-9]* [KM]*i*B on' "$work/out"; then
    ok "the cases that may not fit are named before the start"
else
    not_ok "the cases that may not fit are named before the start: $(tail -n 1 "$work/out")"
fi

check "every launch is printed by --dry-run" sweep "${four[@]}" --launches 2 --dry-run
equal "--dry-run prints them all" "$(grep -c '^direct' "$work/out")" 8
check "a driver's flag may be called like the sweep's" sweep --drivers all_reduce --launches 1 --driver-arg --time-budget=3 --dry-run
equal "the driver gets it" "$(grep -c '^direct.* --time-budget=3' "$work/out")" 1
check "the hosts of a domain are packed" sweep "${four[@]}" --nodes 2 --hosts-per-domain 2 --drivers all_reduce --launches 1 --dry-run
equal "packed" "$(grep -c 'on h1 h2' "$work/out")" 1
check "or spread" sweep "${four[@]}" --nodes 2 --hosts-per-domain 2 --domains spread --drivers all_reduce --launches 1 --dry-run
equal "spread" "$(grep -c 'on h1 h3' "$work/out")" 1
check "what a budget costs at most" sweep "${four[@]}" --launches 2 --dry-run --instance p5.48xlarge --time-budget 1h
# one hour of four hosts with eight GPUs each, at the list price
equal "is the budget's hour for all GPUs" "$(sed -n 's/.*the budget ends it after //p' "$work/out")" \
    "$(awk -F '\t' '$2 == "p5.48xlarge" { printf "1 h 00 min, %.2f USD", 4 * 8 * $9 }' results/clouds.tsv)"
printf 'launch\tstate\tx"}\n' >"$work/evil.tsv"
expect_status "a plan that is none" 5 sweep --plan "$work/evil.tsv" --dry-run
"$build/busbar" plan --drivers all_reduce --launches 1 --format tsv | sed '2s/^all_reduce/a "b/' >"$work/evil.tsv"
expect_status "a launch's name that is no plain name" 5 sweep --plan "$work/evil.tsv" --dry-run
tells "with the line" "evil.tsv:2: not a line"
"$build/busbar" plan --drivers all_reduce --launches 1 --format tsv | sed '2s/ -d float/ -d \x1b[2J\xc2\x9b/' >"$work/evil.tsv"
expect_status "an argument with control characters" 5 sweep --plan "$work/evil.tsv" --dry-run
if grep -q "$(printf '\033\|\302')" "$work/out" "$work/err"; then not_ok "reaches no terminal"; else ok "reaches no terminal"; fi
# shellcheck disable=SC2016 # a command as data
"$build/busbar" plan --drivers all_reduce --launches 1 --format tsv | sed '2s/ -d float/ -d $(touch evil)/' >"$work/evil.tsv"
expect_status "an argument that a shell would run" 5 sweep --plan "$work/evil.tsv" --dry-run
# shellcheck disable=SC2016
says "is refused" 'evil.tsv:2: $(touch is not allowed'

# Failures are recorded, the sweep continues, and the next sweep runs only the missing launches.
STAND_IN="fail=-2n8r:7" expect_status "a failed launch: the sweep goes on and ends with 5" 5 sweep --run failing "${four[@]}" --launches 2
equal "the others are complete" "$(complete failing)" 6
equal "the failed ones are noted with their status" "$(awk -F '\t' '$3 == "failed" && $4 == 7' "$work/results/failing/sweep.tsv" | wc -l)" 2
check "the next sweep completes it" sweep --run failing "${four[@]}" --launches 2
tells "it runs only what is missing" "6 complete already"
equal "what had failed is kept" "$(find "$work/results/failing/failed" -name '*.log' | wc -l)" 2
STAND_IN="fail=-:9" expect_status "--max-failures" 5 sweep --run most "${four[@]}" --max-failures 3
equal "ends after three" "$(awk -F '\t' '$3 == "failed"' "$work/results/most/sweep.tsv" | wc -l)" 3
# If all launches fail in the same way from the first one, trying the rest would only repeat the reason.
STAND_IN="fail=-:9" expect_status "launches that fail alike at once: the sweep stops with 5" 5 sweep --run alike "${four[@]}" --launches 4
equal "after three" "$(awk -F '\t' '$3 == "failed"' "$work/results/alike/sweep.tsv" | wc -l)" 3
equal "the reason is told once" "$(grep -c 'told to fail' "$work/err")" 1
tells "it is said why the others were not tried" "the first 3 launches failed at once and for the same reason"
equal "its log is named, and there" "$(grep -c 'told to fail' "$(sed -n 's/.*; see \(.*\.log\)).*/\1/p' "$work/err")")" 1
STAND_IN="fail=matmul-:9" expect_status "one driver that always fails does not stop the others" 5 sweep --run onlyone "${four[@]}" --launches 4
equal "they are complete" "$(complete onlyone)" 12
STAND_IN="fail=-:3" expect_status "wrong data is status 3" 3 sweep --run wrong "${four[@]}" --launches 1
STAND_IN="hang=-4n" expect_status "a hang ends by its deadline with 4" 4 sweep --run hang "${four[@]}" --drivers all_reduce --launches 1 --deadline 2
equal "and is noted" "$(awk -F '\t' '$3 == "hung"' "$work/results/hang/sweep.tsv" | wc -l)" 1
STAND_IN="silent=-4n" expect_status "status 0 without a record is a failure" 5 sweep --run silent "${four[@]}" --drivers all_reduce --launches 1
equal "a launch that wrote nothing stands in the results as failed" "$(grep -l '"status":"failed"' "$work"/results/silent/*.jsonl | wc -l)" 1
LOST_HOST=h2 STAND_IN="fail=-4n:5" expect_status "a lost host" 5 sweep --run lost "${four[@]}" --drivers all_reduce --launches 2
tells "is named" "no answer from: h2"
equal "and left out: launches that fit on the others run" "$(complete lost)" 4
tells "launches that need it say so" "needs 4 hosts; lost: h2"

# The content of a record decides whether its launch is done, not its existence.
check "a sweep to falsify" sweep --run content "${four[@]}" --drivers all_reduce --launches 1
file=$(find "$work/results/content" -name '*-4n*.jsonl')
sed -i 's/"64M"\|67108864/1024/' "$file"
check "other arguments in the file" sweep --run content "${four[@]}" --drivers all_reduce --launches 1
tells "are measured again" "2 complete already"
sed -i '1a {"record":"case","key":"k","pass":0,"collective":"all_reduce","status":"wrong","wrong":7}' "$file"
expect_status "wrong data of an earlier sweep is still status 3" 3 sweep --run content "${four[@]}" --drivers all_reduce --launches 1

# Signals, kill -9, two at once.
# interrupted NAME SIGNAL: sends a signal to a sweep during its first launch, which would never end; the sweep's status is in `got`.
interrupted() {
    local _
    STAND_IN="hang=-" scripts/sweep --build "$programs" --results "$work/results" --launcher "$work/direct" --no-preflight --run "$1" \
        "${four[@]}" --launches 1 >"$work/out" 2>"$work/err" &
    for _ in $(seq 100); do ls "$work/results/$1"/*.jsonl >/dev/null 2>&1 && break || sleep 0.1; done
    if gone "$1" 1; then not_ok "the launch of $1 is found while it runs"; else ok "the launch of $1 is found while it runs"; fi
    got=0
    kill -"$2" $!
    wait $! 2>/dev/null || got=$?
}
# gone RUN TRIES: the launch of a run has ended. It may outlive a killed sweep for a moment, so this looks TRIES times in a tenth of a second.
gone() {
    local _
    for _ in $(seq "$2"); do pgrep -f "$work/results --run $1" >/dev/null || return 0; sleep 0.1; done
    return 1
}
interrupted stopped TERM
equal "SIGTERM ends it with 143" "$got" 143
check "and its launch" gone stopped 50
check "the next sweep completes it" sweep --run stopped "${four[@]}" --launches 1
equal "completely" "$(complete stopped)" 4
interrupted killed KILL
equal "kill -9 ends it with 137" "$got" 137
check "and its launch ends too" gone killed 50
equal "which is not complete" "$(complete killed)" 0
check "after kill -9 the next one completes it" sweep --run killed "${four[@]}" --launches 1
equal "with every launch" "$(complete killed)" 4
mkdir -p "$work/results/locked"
exec 7>"$work/results/locked/.lock"
flock 7
SWEEP_LOCK_WAIT=1 expect_status "a second sweep on one folder is refused" 5 timeout 60 scripts/sweep --build "$programs" --results "$work/results" --launcher "$work/direct" --run locked
tells "saying why" "another sweep works on"
exec 7>&-

# A sweep that is refused leaves no folder, whichever check refuses it.
refused() { # what status command…
    expect_status "$1 is refused" "$2" "${@:3}"
    if [ -e "$work/results/refused" ]; then not_ok "and leaves no folder"; ls -A "$work/results/refused"; else ok "and leaves no folder"; fi
    rm -rf "$work/results/refused"
}
refused "a flag that nobody knows" 2 sweep --run refused "${four[@]}" --frobnicate
refused "a plan for more hosts than there are" 2 sweep --run refused --hostfile "$work/four" --nodes 9
refused "a plan that is none" 5 sweep --run refused --hostfile "$work/four" --plan "$work/evil.tsv"
# A launcher whose hosts all answer; two of them report another driver version.
cat >"$work/unlike" <<'END'
#!/bin/sh
case $1 in
*hostfacts) for h in 1 2 3 4; do printf 'fact\th%s\tdriver\t%s\n' $h $((570 + h / 4)); done ;;
true) ;;
*) exec "$@" ;;
esac
END
chmod +x "$work/unlike"
unlike() { timeout 60 scripts/sweep --build "$programs" --results "$work/results" --launcher "$work/unlike" "${four[@]}" "$@"; }
refused "a sweep on hosts that differ" 5 unlike --run refused --launches 1
tells "and the difference is told" "preflight: h4: driver is 571, on 3 of 4 hosts it is 570"
check "a run that exists" sweep --run kept "${four[@]}" --launches 1
expect_status "more launches of it, on hosts that differ, are refused" 5 unlike --run kept --launches 2
equal "and take nothing from it" "$(complete kept)" 4

# The sweep prints the remaining time again when it grows by half: three launches take 4 s instead of the planned 1 s.
"$build/busbar" plan --drivers all_reduce --sizes 8 --launches 3 --ranks-per-node 4 --nodes 1 --format tsv |
    awk -F '\t' -v OFS='\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR > 1 { $at["estimate_s"] = "1.0" } { print }' >"$work/short.tsv"
STAND_IN="sleep=4" check "launches that take longer than the plan says" sweep --run longer --hostfile "$work/four" --plan "$work/short.tsv"
tells "are told of with the time left" "^\\[1/3\\].*\\(([89]|1[0-9]) s left instead of 3 s: it took longer than planned\\)"
equal "once" "$(grep -c 'instead of' "$work/err")" 1

# The wall clock may jump: in this sweep every process sees another day.
cat >"$work/days.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *t)
{
    int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, t);
    if (clock == CLOCK_REALTIME && !failed) t->tv_sec += getpid() % 7 * 86400L;
    return failed;
}
time_t time(time_t *into)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (into) *into = t.tv_sec;
    return t.tv_sec;
}
END
if cc -shared -fPIC -o "$work/days.so" "$work/days.c" -ldl 2>/dev/null; then
    if [ "$(for _ in 1 2 3 4 5 6; do LD_PRELOAD=$work/days.so date +%j; done | sort -u | wc -l)" -gt 1 ]; then ok "the clock steps"; else not_ok "the clock does not step"; fi
    STAND_IN="sleep=1" check "a sweep with a budget while the clock steps by days" env LD_PRELOAD="$work/days.so" timeout 60 scripts/sweep --build "$programs" \
        --results "$work/results" --launcher "$work/direct" --no-preflight --run days "${four[@]}" --launches 1 --time-budget 1h
    tells "is complete after the seconds that it took" "4 of 4 launches complete in .* after [0-9]* s$"
    days_rows=$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR > 1 && $at["seconds"] <= 10 { n++ } END { print n + 0 }' "$work/results/days/sweep.tsv")
    equal "and so is every launch" "$days_rows" 4
else skip "a sweep while the clock steps by days" "there is no cc"; fi

# Limits.
seq -f 'h%g gpus=4' 18 >"$work/rack"
STAND_IN="sleep=1" check "--time-budget" sweep --run budget "${four[@]}" --launches 6 --time-budget 4
tells "stops when it is spent" "the budget is spent"
STAND_IN="sleep=1" check "--cost-limit" sweep --run cost --hostfile "$work/rack" --nodes all --drivers all_reduce --cost-limit 1usd --usd-per-gpu-hour 10.582
tells "counts every GPU of the allocation" "72 GPUs at 10.582 USD an hour"

# Wrong usage.
expect_status "an unknown flag" 2 sweep --frobnicate
expect_status "a flag that is nearly right" 2 sweep --launchs 3
tells "is suggested" "did you mean --launches"
expect_status "a bad time" 2 sweep --time-budget soon
for limit in time-budget deadline repeat-every for; do
    expect_status "a time of nothing: --$limit 0" 2 sweep "--$limit" 0 --dry-run
done
expect_status "a run that is a path" 2 sweep --run ../x
expect_status "a limit in money without a price" 2 sweep --cost-limit 5usd
expect_status "an unknown launcher" 2 sweep --launcher nothing
expect_status "a host file that is not there" 5 sweep --hostfile "$work/nothing"
printf 'a slots=x\n' >"$work/bad"
expect_status "a host file that is wrong" 5 sweep --hostfile "$work/bad"
tells "with the line" "bad:1: slots=x"

# 18 and 576 hosts with 4 ranks: planning takes under a second, and the run's files grow with the launches, not the hosts.
for n in 18 576; do
    seq -f 'h%g slots=4' "$n" >"$work/many"
    begun=$(date +%s%N)
    "$build/busbar" plan --available "$n" --ranks-per-node 4 --format tsv >"$work/plan"
    took=$((($(date +%s%N) - begun) / 1000000))
    if [ "$took" -lt 1000 ]; then ok "a plan for $n hosts takes under a second"; else not_ok "a plan for $n hosts took $took ms"; fi
    check "a sweep over $n hosts" sweep --run "many$n" --hostfile "$work/many" --launches 1
done
bytes() { du -sb "$work/results/$1" | cut -f 1; }
if [ "$(bytes many576)" -lt $((8 * $(bytes many18))) ]; then ok "no file grows with the square of the hosts"
else not_ok "files grew from $(bytes many18) to $(bytes many576) bytes"; fi

# ---- two sides alternately ----
# Start times have a resolution of one second, so each launch must take longer than that.
check "launches of two builds take turns" scripts/sweep --against "$build" --build "$build" --drivers all_reduce --sizes 8,1K,64K --launches 2 --no-preflight \
    --results "$work/turns" --run t --print-folder "$work/both"
if [ "$(grep -cE '^sweep: pair [12] of 2: (base|new) first$' "$work/err")" = 2 ]; then ok "the order in each pair is said"; else not_ok "no order of pairs in: $(head -3 "$work/err")"; fi
if [ "$(cat "$work/both")" = "$work/turns/t-base"$'\n'"$work/turns/t-new" ]; then ok "both runs are named"; else not_ok "not both runs: $(cat "$work/both")"; fi
"$build/busbar" compare "$work/turns/t-base" "$work/turns/t-new" >"$work/turns.txt"
check "compare sees the turns" grep -q "base and new took turns on identical hosts" "$work/turns.txt"
# Limits hold for both sides together: a pair of turns takes ten seconds at least, and after the first pair fewer are left.
turns() { STAND_IN="sleep=1" timeout 60 scripts/sweep --against "$programs" --build "$programs" --launcher "$work/direct" --no-preflight --hostfile "$work/four" \
    --nodes 1 --drivers all_reduce --launches 40 --results "$work/turns" "$@"; }
check "turns within a budget" turns --run limited --time-budget 11
tells "end with it" "the budget is spent after 1 of 40 pairs"
equal "both sides have one launch" "$(find "$work/turns/limited-base" "$work/turns/limited-new" -name '*.jsonl' | wc -l)" 2
expect_status "turns for less than a pair" 2 turns --run none --cost-limit=2usd --usd-per-gpu-hour 20 --hostfile "$work/rack"
tells "are refused" "a pair of turns takes 10 s at least"
check "and leave nothing" test ! -e "$work/turns/none-base"
expect_status "neither a build nor a run" 2 scripts/sweep --against "$work" --launches 1
expect_status "turns of no launch" 2 scripts/sweep --against "$build" --launches 0
expect_status "an unknown flag of the plan" 2 scripts/sweep --against "$build" --launches 1 --nonsense
