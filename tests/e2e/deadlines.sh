#!/usr/bin/env bash
# Nothing hangs: if a rank stops, dies, lags behind or never starts, the launch names it and ends. Signals and full disks leave readable
# files.
. "$(dirname "$0")/../lib.sh"
set +e
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
small=(--backend mpi --sizes "8,1K" --cache warm --output "$work/results")

# end_is RUN STATUS: checks the status in the last line of the record
end_is() {
    if tail -n 1 "$work/results/$1/l.jsonl" 2>/dev/null | grep -q "\"record\":\"end\",\"status\":\"$2\""; then ok "$1: the record ends with $2"
    else not_ok "$1: the record ends with $2"; fi
}
# driver_says RUN REGEX: checks that a line of the driver on stderr matches
driver_says() {
    grep -a '^all_reduce: ' "$work/err" >"$work/said"
    tells "$1: says '$2'" "$2" "$work/said"
}
host=$(uname -n)
# When a process is killed, Hydra, the launcher of MPICH and Intel MPI, kills all others at once. It then returns 9 (SIGKILL), Intel's 255.
hydra=no killed=137
if [ "$(MPIRUN=$mpirun "$mpi_launcher" --family)" = hydra ]; then
    hydra=yes killed=9
    case $("$mpirun" --version) in *'Intel(R) MPI'*) killed=255 ;; esac
fi
# hangs NAME COMMAND…: checks that the command ends with status 4
hangs() {
    local name=$1 got=0
    shift
    RANKS_TIMEOUT=40 "$@" >"$work/out" 2>"$work/err" || got=$?
    if [ $got -eq 4 ]; then ok "$name: status 4"; else not_ok "$name: status $got"; fi
}

# Five seconds: on a busy machine MPI_Init alone takes two.
for rank in 0 1; do
    hangs "hang-$rank: rank $rank outside MPI" \
        ranks 3 "$build/all_reduce" "${small[@]}" --timeout 5 --fault hang:rank=$rank,call=20 --run hang-$rank --launch l
    driver_says hang-$rank "no progress for 5 s in all_reduce .*: rank $rank on $host is alive but behind the others"
    end_is hang-$rank failed
    hangs "stop-$rank: rank $rank stopped by SIGSTOP" \
        ranks 3 "$build/all_reduce" "${small[@]}" --timeout 5 --fault stop:rank=$rank,call=20 --run stop-$rank --launch l
    driver_says stop-$rank "rank $rank on $host gives no sign of life"
    RANKS_TIMEOUT=40 ranks 3 "$build/all_reduce" "${small[@]}" --timeout 20 --fault kill:rank=$rank,call=20 --run kill-$rank --launch l \
        >"$work/out" 2>"$work/err"
    status=$?
    # the launcher chooses the status if a rank was killed by a signal
    if [ $status -eq 5 ] || [ $status -eq $killed ]; then ok "kill-$rank: ends at once"; else not_ok "kill-$rank: status $status"; fi
    if [ $hydra = yes ]; then skip "kill-$rank: the survivors name the rank" "hydra kills them at once"
    elif grep -q "^prterun noticed that process rank $rank " "$work/err"; then ok "kill-$rank: Open MPI 5's launcher names the rank"
    else driver_says kill-$rank "rank $rank on $host ended without a message"; fi
done
for rank in 0 2; do
    RANKS_TIMEOUT=40 ranks 3 "$build/all_reduce" "${small[@]}" --fault fail:rank=$rank,call=20 --run fail-$rank --launch l >"$work/out" 2>"$work/err"
    driver_says fail-$rank "rank $rank: the injected fault failed sample 20"
    if grep -q 'without a message\|cannot go on' "$work/err"; then not_ok "fail-$rank: nobody looks for another reason"; grep -a '^all_reduce: ' "$work/err"
    else ok "fail-$rank: nobody looks for another reason"; fi
done
end_is stop-1 failed
if [ $hydra = yes ]; then skip "kill-1: the record ends with failed" "hydra kills rank 0 at once"; else end_is kill-1 failed; fi
lacks "kill-0: no end line" '"record":"end"' "$work/results/kill-0/l.jsonl"
check "kill-0: what is there can be read" "$build/busbar" show "$work/results/kill-0"
has "kill-0: readers say that it died" 'died before the end record' "$work/out"
ranks 2 "$build/all_reduce" "${small[@]}" --timeout 20 --fault fail:rank=1,call=20 --run fail-1 --launch l >"$work/out" 2>"$work/err"
end_is fail-1 failed

hangs "never: a rank that never comes" ranks 3 bash -c \
    'if [ "${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}" -eq 2 ]; then sleep 20; else exec "$@"; fi' never "$build/all_reduce" "${small[@]}" \
    --timeout 2 --run never --launch l
if [ $hydra = yes ]; then driver_says never "MPI_Init has not returned for 2 s: this is process [0-9] of 3" # Hydra gives no job number, which the notes of arrival need
else driver_says never "MPI_Init has not returned for 2 s: rank 2 never came \\(of 3; waiting: rank 0 on $host, rank 1 on $host\\)"; fi
if [ -z "$(find "$work/results" -type f ! -name '*.jsonl')" ]; then ok "never: notes of arrival are gone"
elif "$mpirun" --version | grep -q 'Open MPI) 5'; then skip "never: notes of arrival are gone" "Open MPI 5's launcher kills who would take them away"
else not_ok "never: notes of arrival are gone"; fi

# If there are fewer descriptors than ranks, the ranks that cannot connect are not watched, and are not taken for dead.
check "few descriptors: the launch goes on" ranks 3 bash -c 'ulimit -n 258; exec "$@"' few "$build/all_reduce" "${small[@]}" --timeout 6 \
    --max-seconds 2 --precision 0.01 --run few --launch l
driver_says few "1 rank cannot reach rank 0 over TCP"
end_is few complete

# Linux before 5.4 lets only 128 connections wait, and more ranks than that connect at once. Here: one connection, eight ranks.
short_queue() {
    unshare --net bash -c 'ip link set lo up && echo 1 >/proc/sys/net/core/somaxconn || exit 77; exec "$@"' short_queue "$@"
}
if short_queue true 2>/dev/null; then
    check "a short queue of connections: the launch goes on" short_queue env SWEEP_RANKS=8 SWEEP_OVERSUBSCRIBE=1 MPIRUN="$mpirun" \
        "$mpi_launcher" "$build/all_reduce" "${small[@]}" --timeout 20 --max-seconds 0.5 --run short --launch l
    if grep -q 'cannot reach rank 0' "$work/err"; then not_ok "a short queue of connections: all ranks are watched"; else ok "a short queue of connections: all ranks are watched"; fi
else
    skip "a short queue of connections" "needs root, and a network namespace"
fi

# Signals. Python starts the program: a shell's background process would ignore SIGINT.
signalled() {
    python3 - "$@" <<'PY'
import os, signal, subprocess, sys, time
name, path, command = sys.argv[1], sys.argv[2], sys.argv[3:]
p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=open(os.path.dirname(path) + "/../../err", "w"))
deadline = time.time() + 60
while time.time() < deadline and not (os.path.exists(path) and open(path).read().count("\n") >= 3): time.sleep(0.02)
p.send_signal(getattr(signal, name))
try: status = p.wait(30)
except subprocess.TimeoutExpired: p.kill(); sys.exit(99)
sys.exit(128 - status if status < 0 else status)
PY
}
for pair in SIGINT:130 SIGTERM:143 SIGHUP:129; do
    name=${pair%:*}
    mkdir -p "$work/results/$name"
    expect_status "$name: one process: 128 + n" "${pair#*:}" signalled $name "$work/results/$name/l.jsonl" \
        "$build/all_reduce" "${small[@]}" --max-seconds 100 --precision 0.01 -n 100000000 --passes 1000 --run $name --launch l
    end_is $name interrupted
done
mkdir -p "$work/results/mpirun"
signalled SIGTERM "$work/results/mpirun/l.jsonl" env SWEEP_RANKS=2 SWEEP_OVERSUBSCRIBE=1 MPIRUN="$mpirun" "$mpi_launcher" \
    "$build/all_reduce" "${small[@]}" -n 100000000 --passes 1000 --run mpirun --launch l
end_is mpirun interrupted
mkdir -p "$work/results/kill9"
signalled SIGKILL "$work/results/kill9/l.jsonl" "$build/all_reduce" "${small[@]}" -n 100000000 --passes 1000 --run kill9 --launch l
recorded "kill -9: whole lines and no end" "$work/results/kill9/l.jsonl" 'e["record"] == "case"'

# Disks.
# Root may write anywhere, and other users cannot read root's folders: so root has an ordinary user run a copy of the program.
mkdir "$work/locked" && chmod a-w "$work/locked"
ordinary=() program=$build/all_reduce
if [ "$(id -u)" -eq 0 ]; then
    mkdir "$work/home" && cp "$build/all_reduce" "$work/home" && chown -R 65534:65534 "$work/home"
    ordinary=(setpriv --reuid 65534 --regid 65534 --clear-groups env "HOME=$work/home" "TMPDIR=$work/home") program=$work/home/all_reduce
fi
if [ "$(id -u)" -ne 0 ] || command -v setpriv >/dev/null; then
    expect_status "a read-only folder: status 5" 5 timeout 60 "${ordinary[@]}" "$program" "${small[@]:0:4}" --cache warm --output "$work/locked/x"
    driver_says all_reduce "cannot make the folder .*/locked/x.*Permission denied"
    mkdir "$work/closed" "$work/closed/r" && chmod -R a-w "$work/closed"
    expect_status "a read-only run folder: status 5" 5 timeout 60 "${ordinary[@]}" "$program" "${small[@]:0:4}" --cache warm \
        --output "$work/closed" --run r --launch l
    driver_says all_reduce "closed/r.*Permission denied"
else
    skip "a read-only folder" "root may write anywhere, and setpriv is missing"
fi
echo >"$work/file"
expect_status "a folder that is a file: status 5" 5 "$build/all_reduce" "${small[@]:0:4}" --cache warm --output "$work/file/x"
driver_says folder "cannot make the folder"
mkdir -p "$work/small"
if mount -t tmpfs -o size=64k none "$work/small" 2>"$work/err"; then
    expect_status "a full disk: status 5" 5 timeout 60 "$build/all_reduce" "${small[@]:0:4}" --cache warm -n 20000 --passes 3 \
        --output "$work/small" --run full --launch l
    driver_says full "readable up to the row before"
    recorded "a full disk: whole lines" "$work/small/full/l.jsonl" 'h["record"] == "launch"'
    umount "$work/small"
else
    skip "a full disk" "needs a small file system, and this user may not mount one"
fi
cat >"$work/vanish" <<'SH'
"$@" &
p=$!
for i in $(seq 200); do [ -s "$DIR/vanish/l.jsonl" ] && break; sleep 0.05; done
rm -r "$DIR/vanish"
for i in $(seq 300); do kill -0 $p 2>/dev/null || break; sleep 0.1; done
kill $p 2>/dev/null
wait $p
SH
DIR=$work/results expect_status "a vanished folder: status 5" 5 bash "$work/vanish" "$build/all_reduce" "${small[@]}" -n 100000000 --passes 1000 \
    --run vanish --launch l
driver_says vanish "vanished"
