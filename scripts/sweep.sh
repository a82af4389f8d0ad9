# The functions of scripts/sweep, which sources this file (bash).
# shellcheck shell=bash disable=SC2034,SC2154 # `ask` sets variables by their names

die() { echo "sweep: ${2//[^[:print:]]/?}" >&2; exit "$1"; } # arguments and files of others cannot control the terminal

# ask VERB [NUMBER…]: runs `busbar sweep VERB` and sets a shell variable for each line NAME=VALUE that it prints. Never evaluates values.
ask() {
    local line verb=$1
    shift
    if [ -t 2 ]; then printf '\r\033[K' >&2; fi # clears the ticker's line
    BUSBAR_CATALOG=${BUSBAR_CATALOG:-$here/../results} "$build/busbar" sweep "$verb" "$scratch" "$@" -- "${flags[@]}" >"$scratch/answer" || exit $?
    while IFS= read -r line; do printf -v "${line%%=*}" %s "${line#*=}"; done <"$scratch/answer"
}

clean_up() {
    [ -z "$ticker" ] || kill "$ticker" 2>/dev/null
    [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
    rm -rf "$scratch"
    # If the sweep ended before its first launch, remove the folder that it created.
    if [ -n "$new_folder" ] && ! compgen -G "$new_folder/*.jsonl" >/dev/null; then
        (cd "$new_folder" && rm -f .lock .unfinished sweep.tsv plan.tsv hosts.tsv preflight.txt && rmdir "$PWD") 2>/dev/null
    fi
}

on_signal() {
    signal=$1
    [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}

# ---- launcher, MPI and environment ----

find_launcher() {
    launcher_path=$here/launchers/$launcher
    case $launcher in */*) launcher_path=$launcher ;; esac
    [ -x "$launcher_path" ] && [ -f "$launcher_path" ] || die 2 "--launcher: '$launcher' is neither in scripts/launchers nor a program's path"
}

# The MPI that the drivers were built with, and its mpirun, as scripts/probe found them (`make install` puts them into mpi.mk here).
find_mpi() {
    local facts=$build/config.mk
    [ -e "$facts" ] || facts=$here/mpi.mk
    SWEEP_MPI=$(sed -n 's/^MPI_NAME := //p' "$facts" 2>/dev/null)
    [ -n "${MPIRUN:-}" ] || MPIRUN=$(sed -n 's/^MPI_MPIRUN := //p' "$facts" 2>/dev/null)
    [ -n "$MPIRUN" ] || MPIRUN=mpirun
    export SWEEP_MPI MPIRUN
}

# Exports the names of the variables that the ranks must see.
export_names() {
    SWEEP_ENV=BUSBAR_PLACEMENT\ $(compgen -e | grep -E '^(NCCL_|OFI_NCCL_|FI_|SHARP_|UCX_|OMP_|OPENBLAS_|BLIS_|CUDA_|BUSBAR_|(LD_LIBRARY_PATH|MPIRUN)$)' | tr '\n' ' ')
    export SWEEP_ENV
}

# Writes the preset to $scratch/preset. Its files, devices and firmware are those of the hosts that run the ranks: if this host is none of
# them, the first one is asked. If it does not answer, or nothing may be started (--dry-run), this host's answer is used.
read_preset() {
    "$here/preset" "$preset" "$instance" >"$scratch/preset" 2>"$scratch/preset.err" || { cat "$scratch/preset.err" >&2; exit 2; }
    if [ -n "${SWEEP_REMOTE:-}" ] && [ "$dry_run" = 0 ] && [ "$preset" != none ] && ! grep -q "^$(uname -n)[[:space:]]" "$scratch/all_hosts"; then
        head -n 1 "$scratch/all_hosts" >"$scratch/first_host"
        if on_hosts "$scratch/first_host" 1 1 1 20 "$here/preset" "$preset" "$instance" >"$scratch/answered" 2>"$scratch/answered.err"; then
            grep -E '^(# .+|[A-Z0-9_]+=[^[:space:]]+)$' "$scratch/answered" >"$scratch/preset"
            mv "$scratch/answered.err" "$scratch/preset.err"
        fi
    fi
    grep '^preset: ' "$scratch/preset.err" >&2
}

# Exports the preset's variables that are not set already.
set_environment() {
    local line
    export SWEEP_LAUNCHER_ARGS=$launcher_args SWEEP_SCRATCH=$scratch
    if [ "$host_count" -gt 1 ] || [ -n "$hostfile" ]; then export SWEEP_REMOTE=1; fi
    export_names
    read_preset
    while IFS= read -r line; do
        case $line in '#'*) continue ;; esac
        if printenv "${line%%=*}" >/dev/null; then continue; fi
        export "${line?}"
        echo "$line" >>"$scratch/environment"
    done <"$scratch/preset"
    export_names
}

# on_hosts HOSTS NODES RANKS RANKS_PER_NODE SECONDS PROGRAM…: runs the program through the launcher; ends it after SECONDS.
on_hosts() {
    SWEEP_HOSTS=$1 SWEEP_NODES=$2 SWEEP_RANKS=$3 SWEEP_RANKS_PER_NODE=$4 SWEEP_DEADLINE=$5 timeout -k 5 "$5" "$launcher_path" "${@:6}" </dev/null
}

ask_for_memory() {
    ask probe
    while [ "$more" = 1 ]; do
        mapfile -t command <"$scratch/command"
        on_hosts "$scratch/all_hosts" "$nodes" "$ranks" "$ranks_per_node" 120 "${command[@]}" >"$scratch/largest" 2>&1
        ask probe
    done
}

print_launches() {
    ask dry
    ask next
    while [ "$more" = 1 ]; do
        mapfile -t command <"$scratch/command"
        BUSBAR_PLACEMENT=$placement SWEEP_HOSTS=$scratch/hosts SWEEP_NODES=$nodes SWEEP_RANKS=$ranks SWEEP_RANKS_PER_NODE=$ranks_per_node \
            SWEEP_DRY_RUN=1 "$launcher_path" "${command[@]}" || exit 5
        ask next
    done
    "$build/busbar" sweep cost "$scratch" -- "${flags[@]}"
}

# ---- hosts that do not answer ----

# Writes the hosts on which the launcher cannot run `true` to $scratch/silent. One launch tests all hosts; only if it fails, each is
# tested separately.
find_silent_hosts() {
    local line host waiting=0
    : >"$scratch/silent"
    ask remaining
    if [ "$asked" -eq 0 ] || on_hosts "$scratch/asked" "$asked" "$asked" 1 20 true >/dev/null 2>&1; then return 0; fi
    while IFS= read -r line; do
        host=${line%%$'\t'*}
        (
            trap - EXIT TERM INT HUP
            export SWEEP_SCRATCH=$scratch/ask.$host
            mkdir -p "$SWEEP_SCRATCH"
            echo "$line" >"$SWEEP_SCRATCH/hosts"
            on_hosts "$SWEEP_SCRATCH/hosts" 1 1 1 10 true >/dev/null 2>&1 || echo "$host" >>"$scratch/silent"
        ) &
        waiting=$((waiting + 1))
        if [ $((waiting % 32)) -eq 0 ]; then wait; fi
    done <"$scratch/asked"
    wait
    return 0
}

# Checks all hosts within seconds: leaves out hosts that do not answer, and ends the sweep if hosts differ.
check_hosts() {
    if [ "$host_count" -eq 1 ] && [ ! -e /dev/nvidiactl ]; then return; fi
    on_hosts "$scratch/all_hosts" "$host_count" "$host_count" 1 60 "$here/hostfacts" "$driver" >"$scratch/facts" 2>"$scratch/facts.err"
    cp "$scratch/facts" "$folder/preflight.txt"
    ask preflight
    if [ "$ask" = 1 ]; then find_silent_hosts && ask absent; fi
}

# ---- one launch ----

start_ticker() {
    [ -t 2 ] || return 0
    (
        trap - EXIT TERM INT HUP
        read -r begun _ </proc/uptime
        while kill -0 $$ && read -r now _ </proc/uptime; do printf '\r\033[K%s, %d s' "$1" $((${now%.*} - ${begun%.*})) >&2; sleep 1; done
    ) 9>&- &
    ticker=$!
}

# Runs "$@" through the launcher with a deadline; output to a log; returns its status (124: the deadline).
# If this shell is killed, the launch gets SIGTERM (setpriv); without setpriv, the launch holds the folder's lock until it has ended.
launch_with_deadline() { # seconds log command…
    local limit=$1 log=$2 got=0 guard=()
    shift 2
    if setpriv --pdeathsig keep true 2>/dev/null; then guard=(setpriv --pdeathsig TERM); fi
    (
        [ ${#guard[@]} -eq 0 ] || exec 9>&-
        SWEEP_DEADLINE=$limit exec "${guard[@]}" timeout -k 15 "$limit" "$launcher_path" "$@"
    ) >"$log" 2>&1 </dev/null &
    child=$!
    # A trapped signal ends `wait` early; on_signal has ended the launch, so wait for it again. The shell would report a killed job on
    # stderr: that is hidden, since the log has it.
    { wait "$child" || got=$?; while kill -0 "$child"; do wait "$child" || got=$?; done; } 2>/dev/null
    child=""
    return "$got"
}

run_launch() {
    local code=0
    mapfile -t command <"$scratch/command"
    new_folder=""
    start_ticker "$progress"
    BUSBAR_PLACEMENT=$placement SWEEP_HOSTS=$scratch/hosts SWEEP_NODES=$nodes SWEEP_RANKS=$ranks SWEEP_RANKS_PER_NODE=$ranks_per_node \
        launch_with_deadline "$limit" "$folder/$launch.log" "${command[@]}" || code=$?
    [ -z "$ticker" ] || { kill "$ticker" && wait "$ticker"; ticker=""; } 2>/dev/null
    ask judge "$code" "$signal"
    if [ "$ask" = 1 ]; then find_silent_hosts && ask lost; fi
}

# ---- the sweep ----

lock_folder() {
    local made=""
    mkdir -p "$results" && if mkdir "$folder" 2>/dev/null; then made=$folder; else [ -d "$folder" ]; fi || die 5 "cannot make the folder $folder"
    exec 9>"$folder/.lock" || die 5 "cannot write to $folder"
    if ! flock -n 9; then
        echo "another sweep, or a launch that one left behind, works on ${folder//[^[:print:]]/?}: waiting for it" >&2
        flock -w "${SWEEP_LOCK_WAIT:-20}" 9 || die 5 "another sweep works on $folder"
    fi
    new_folder=$made
}

sweep_once() {
    ask begin
    lock_folder
    ask open
    if [ "$left" -gt 0 ] && [ "$preflight" = 1 ]; then check_hosts; fi
    new_folder=""
    [ -z "$print_folder" ] || echo "$folder" >"$print_folder"
    more=1
    while [ "$signal" -eq 0 ]; do
        ask next
        if [ "$more" = 0 ] || [ "$signal" -ne 0 ]; then break; fi
        run_launch
    done
    ask finish "$signal"
    if [ "$all_complete" = 1 ]; then rm -f "$folder/.unfinished"; fi
}

# --repeat-every: each repetition is a separate run; the worst status counts.
sweep_again_and_again() {
    local worst=0
    while ask round && [ "$more" = 1 ] && [ "$signal" -eq 0 ]; do
        sleep "$pause" &
        child=$!
        wait "$child"
        child=""
        if [ "$signal" -ne 0 ]; then worst=$((128 + signal)); break; fi
        flags+=(--run "$run")
        sweep_once
        exec 9>&-
        [ "$status" -le "$worst" ] || worst=$status
    done
    exit "$worst"
}
