# The parts of scripts/sweep, which sources this file (bash) and sets the settings that stand there.
# shellcheck shell=bash disable=SC2034,SC2154 # settings come from scripts/sweep; a row has columns that nobody needs

die() { echo "sweep: $2" >&2; exit "$1"; }
say() { clear_line; echo "$1" >&2; }
clear_line() { if [ -t 2 ]; then printf '\r\033[K' >&2; fi; }
now() { date +%s; }

# ---- values of flags

plain_name() { [[ $2 =~ ^[A-Za-z0-9_][A-Za-z0-9._+-]*$ ]] || die 2 "$1: '$2' is not a plain file name"; }
whole() { [[ $2 =~ ^[0-9]{1,9}$ ]] || die 2 "$1: '$2' is not a whole number"; echo "$((10#$2))"; }
money() {
    local value=${2%usd}
    [[ $value =~ ^[0-9]+(\.[0-9]+)?$ ]] || die 2 "$1: '$2' is not an amount such as 50 or 50usd"
    echo "$value"
}
# Whole seconds, at least 1.
seconds() {
    [[ $2 =~ ^([0-9]+(\.[0-9]+)?)(s|m|h|d)?$ ]] || die 2 "$1: '$2' is not a time such as 90, 20m or 6h"
    awk -v n="${BASH_REMATCH[1]}" -v unit="${BASH_REMATCH[3]:-s}" \
        'BEGIN { s = n * (unit == "d" ? 86400 : unit == "h" ? 3600 : unit == "m" ? 60 : 1); printf "%d\n", (s < 1 ? 1 : s) }'
}
duration() {
    local s=$1
    if [ "$s" -ge 3600 ]; then printf '%d h %02d min' $((s / 3600)) $((s % 3600 / 60))
    elif [ "$s" -ge 60 ]; then printf '%d min %02d s' $((s / 60)) $((s % 60))
    else printf '%d s' "$s"; fi
}

# ---- where and with what

find_hosts() {
    # shellcheck disable=SC2086 # nothing, or one name
    "$here/allocation" ${hostfile:+"$hostfile"} >"$scratch/allocation" || exit $?
    hosts=$scratch/all_hosts
    awk -v per="${hosts_per_domain:-0}" 'BEGIN { FS = OFS = "\t" } !/^#/ { if (per && $4 == "-") $4 = "domain" int(n / per); n++; print }' \
        "$scratch/allocation" >"$hosts"
    host_count=$(wc -l <"$hosts")
    [ "$host_count" -gt 0 ] || die 5 "the allocation has no host"
    gpus_per_node=$(awk -F '\t' '$3 != "-" && (least == "" || $3 < least) { least = $3 } END { print least + 0 }' "$hosts")
    ranks_per_node=$(awk -F '\t' '{ r = $3 != "-" && $3 > 0 ? $3 : $2; if (r != "-" && (least == "" || r + 0 < least)) least = r + 0 } END { print least }' "$hosts")
    if [ -z "$ranks_per_node" ] && [ "$host_count" -eq 1 ]; then # a machine without a GPU: its cores, to eight
        ranks_per_node=$(nproc)
        [ "$ranks_per_node" -ge 2 ] || ranks_per_node=2
        [ "$ranks_per_node" -le 8 ] || ranks_per_node=8
    fi
    : "${ranks_per_node:=1}"
    if [ "$gpus_per_node" -gt 0 ]; then has_gpus=1; fi
}

find_launcher() {
    if [ -z "$launcher" ]; then
        launcher=mpirun
        if grep -q '^# from: Slurm' "$scratch/allocation"; then launcher=srun; fi
    fi
    local path=$here/launchers/$launcher
    case $launcher in */*) path=$launcher ;; esac
    if [ ! -x "$path" ] || [ ! -f "$path" ]; then die 2 "--launcher: '$launcher' is neither in scripts/launchers nor a program's path"; fi
    launcher_path=$path
}

# The MPI that the drivers were built with, and its own mpirun: as scripts/probe found them (make install puts that beside this file).
find_mpi() {
    local facts=$build/config.mk
    [ -e "$facts" ] || facts=$here/mpi.mk
    SWEEP_MPI=$(sed -n 's/^MPI_NAME := //p' "$facts" 2>/dev/null)
    [ -n "${MPIRUN:-}" ] || MPIRUN=$(sed -n 's/^MPI_MPIRUN := //p' "$facts" 2>/dev/null)
    [ -n "$MPIRUN" ] || MPIRUN=mpirun
    export SWEEP_MPI MPIRUN
}

cloud_column() { awk -F '\t' -v name="$instance" -v n="$1" '!/^#/ && name != "" && $2 == name { print $n; exit }' "$here/../results/clouds.tsv" 2>/dev/null; }

# Money runs for every GPU of the allocation, used or not.
find_price() {
    provider=$(cloud_column 1)
    if [ -n "$instance" ] && [ -z "$provider" ]; then say "sweep: --instance: '$instance' is not in results/clouds.tsv: no price and no bound are known"; fi
    price_source="--usd-per-gpu-hour"
    if [ -z "$usd_per_gpu_hour" ]; then
        usd_per_gpu_hour=$(cloud_column 9)
        price_source="list price of $instance, results/clouds.tsv"
    fi
    if [ "$gpus_per_node" -eq 0 ]; then gpus_per_node=$(cloud_column 4); fi
    set_price_per_hour
    if [ -n "$cost_limit" ]; then
        [ -n "$usd_per_gpu_hour" ] || die 2 "--cost-limit needs a price: --usd-per-gpu-hour, or --instance with a price in results/clouds.tsv"
        [ "$gpus" -gt 0 ] || die 2 "--cost-limit: the number of GPUs is unknown; say gpus=N in the host file, or --instance"
        local affordable
        affordable=$(awk -v m="$cost_limit" -v h="$usd_per_hour" 'BEGIN { printf "%d", (h > 0 ? m / h * 3600 : 1e9) }')
        if [ -z "$budget_s" ] || [ "$affordable" -lt "$budget_s" ]; then budget_s=$affordable; fi
        [ "$budget_s" -ge 1 ] || die 2 "--cost-limit: $cost_limit USD pay for less than a second at $usd_per_hour USD an hour"
    fi
}

set_price_per_hour() {
    gpus=$((host_count * ${gpus_per_node:-0})) usd_per_hour=""
    if [ -n "$usd_per_gpu_hour" ] && [ "$gpus" -gt 0 ]; then
        usd_per_hour=$(awk -v p="$usd_per_gpu_hour" -v n="$gpus" 'BEGIN { printf "%.6g", p * n }')
    fi
}

cost_of() { # seconds -> ", 1.23 USD" when there is a price
    [ -z "$usd_per_hour" ] || awk -v s="$1" -v h="$usd_per_hour" 'BEGIN { printf ", %.2f USD", s / 3600 * h }'
}

# Exports the preset's variables that are not set already, and every name that the ranks must see.
set_environment() {
    local line name
    environment=()
    "$here/preset" "$preset" "$instance" >"$scratch/preset" || exit $?
    while IFS= read -r line; do
        case $line in '#'*) continue ;; esac
        name=${line%%=*}
        if [ -n "${!name+set}" ]; then continue; fi
        export "${line?}"
        environment+=("$line")
    done <"$scratch/preset"
    SWEEP_ENV=BUSBAR_PLACEMENT\ $(compgen -e | grep -E '^(NCCL_|FI_|UCX_|OMP_|OPENBLAS_|BLIS_|CUDA_|BUSBAR_|MPIRUN$)' | tr '\n' ' ')
    export SWEEP_ENV SWEEP_LAUNCHER_ARGS=$launcher_args SWEEP_SCRATCH=$scratch
    if [ "$host_count" -gt 1 ] || [ -n "$hostfile" ]; then export SWEEP_REMOTE=1; fi
}

# ---- the plan

# --up-to-memory: asks the ranks on all hosts, by the program that will measure and with its arguments, which size still fits into the
# memory of every GPU, and plans up to there. The answer also tells whether there are GPUs: a head node has none itself.
find_largest_size() {
    local launch state key driver nodes ranks per group domains repeat cases estimate args rest flag size="" where="" words answer_size sized=""
    [ -z "$plan_file" ] || return 0
    "$build/busbar" plan --available "$host_count" --ranks-per-node "$ranks_per_node" --gpus "${plan_flags[@]}" --nodes all --group world \
        --launches 1 --format tsv >"$scratch/plan" || exit $?
    while IFS=$'\t' read -r launch state key driver nodes ranks per group domains repeat cases estimate args rest; do
        if [ "$launch" = launch ] || [ "$driver" = matmul ]; then continue; fi
        read -ra words <<<"$args"
        SWEEP_HOSTS=$hosts SWEEP_NODES=$nodes SWEEP_RANKS=$ranks SWEEP_RANKS_PER_NODE=$per SWEEP_DEADLINE=120 \
            timeout -k 5 120 "$launcher_path" "$build/$driver" "${words[@]}" --largest >"$scratch/largest" 2>&1 </dev/null
        read -r answer_size where < <(sed -n 's/.*largest: \([0-9]*\) bytes in \(device\|host\) memory.*/\1 \2/p' "$scratch/largest")
        case $where in
        device) if [ -z "$size" ] || [ "$answer_size" -lt "$size" ]; then size=$answer_size; fi ;;
        host) has_gpus=""; return ;;
        *)
            say "sweep: the ranks do not tell which size fits into memory ($(reason_of "$scratch/largest")): what does not fit will be left out"
            return ;;
        esac
    done <"$scratch/plan"
    [ -n "$size" ] || return 0 # matmul alone
    [ "$size" -gt 0 ] || die 5 "--up-to-memory: not even the smallest size fits into the memory of every GPU"
    has_gpus=1
    if [ "${gpus_per_node:-0}" -eq 0 ]; then gpus_per_node=$ranks_per_node; set_price_per_hour; fi
    for flag in "${plan_flags[@]}"; do case $flag in --sizes* | --end* | -e*) sized=1 ;; esac; done
    if [ -n "$sized" ]; then return; fi # the user's sizes
    say "sweep: sizes up to $(numfmt --to=iec-i --suffix=B "$size"), which fit into the memory of every GPU"
    plan_flags+=(--end "$size")
}

make_plan() { # [folder of the run]
    if [ -n "$plan_file" ]; then
        [ ${#plan_flags[@]} -eq 0 ] || die 2 "${plan_flags[0]}: --plan holds the launches already"
        "$build/busbar" plan --read "$plan_file" --format tsv ${1:+--into "$1"} >"$scratch/plan" || exit $?
    else
        "$build/busbar" plan --available "$host_count" --ranks-per-node "$ranks_per_node" ${has_gpus:+--gpus} "${plan_flags[@]}" --format tsv \
            ${1:+--into "$1"} >"$scratch/plan" || exit $?
    fi
}

# Picks $1 hosts, packed or spread over the domains ($2), of those that are not lost; fails when there are too few.
pick_hosts() {
    awk -F '\t' -v want="$1" -v placement="$2" -v lost="$lost_hosts" '
        BEGIN { n = split(lost, l, " "); for (i = 1; i <= n; i++) gone[l[i]] = 1 }
        $1 in gone { next }
        { if (!($4 in count)) domain[++domains] = $4; row[$4, ++count[$4]] = $0; total++ }
        END {
            if (total < want) exit 1
            if (placement == "spread") {
                for (i = 1; done < want; i++)
                    for (d = 1; d <= domains && done < want; d++) if (i <= count[domain[d]]) { print row[domain[d], i]; done++ }
            } else
                for (d = 1; d <= domains; d++)
                    for (i = 1; i <= count[domain[d]] && done < want; i++) { print row[domain[d], i]; done++ }
        }' "$hosts"
}

# The program and its arguments of a plan's row, in `command`.
make_command() { # driver args launch share nodes ranks
    local words=()
    [ "$2" = - ] || read -ra words <<<"$2"
    command=("$build/$1" "${words[@]}" --output "$results" --run "$run" --launch "$3")
    [ "$collect" = 0 ] || command=("$build/$1" "${words[@]}" --output none --format json --run "$run" --launch "$3")
    [ -z "$4" ] || command+=(--time-budget "$4")
    command+=(--expect-hosts "$5" --expect-ranks "$6")
    [ -z "$instance" ] || command+=(--instance "$instance")
    [ -z "$provider" ] || command+=(--cloud "$provider")
    [ -z "$label" ] || command+=(--label "$label")
}

print_launches() {
    : "${run:=RUN}"
    local launch state key driver nodes ranks per group domains repeat cases estimate args why total=0 sum=0 command
    make_plan
    lost_hosts=""
    while IFS=$'\t' read -r launch state key driver nodes ranks per group domains repeat cases estimate args why; do
        [ "$launch" != launch ] || continue
        pick_hosts "$nodes" "$domains" >"$scratch/hosts" || die 2 "$launch needs $nodes hosts"
        make_command "$driver" "$args" "$launch" "" "$nodes" "$ranks"
        BUSBAR_PLACEMENT=$domains SWEEP_HOSTS=$scratch/hosts SWEEP_NODES=$nodes SWEEP_RANKS=$ranks SWEEP_RANKS_PER_NODE=$per SWEEP_DRY_RUN=1 \
            "$launcher_path" "${command[@]}" || exit 5
        total=$((total + 1)) sum=$(awk -v a="$sum" -v b="$estimate" 'BEGIN { print a + b }')
    done <"$scratch/plan"
    for estimate in "${environment[@]}"; do echo "# environment: $estimate"; done
    sum=${sum%.*}
    echo "# $total launches on $host_count hosts, at most about $(duration "$sum")$(cost_of "$sum")${budget_s:+; the budget ends it after $(duration "$budget_s")$(cost_of "$budget_s")}"
}

# ---- one launch

clean_up() {
    [ -z "$ticker" ] || kill "$ticker" 2>/dev/null
    [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
    rm -rf "$scratch"
}

on_signal() {
    signal=$1
    [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}

# The line of a log that best says what went wrong, without control characters. A host's name is worth more than any other line.
reason_of() {
    {
        grep -aE -m1 '(exited on signal|lost communication|unable to reliably start|has lost|hung|timed out|no progress|Killed|Connection (refused|reset|timed out)|No route to host|wrong)' "$1" ||
            grep -aE '^[a-z_]+: ' "$1" | grep -v -m1 ': backend ' || grep -av '^[[:space:]-]*$\|: backend ' "$1" | tail -n 1
    } 2>/dev/null | tr -c '[:print:]\n' ' ' | tr -d '\042\134' | cut -c 1-300
}

is_complete() { tail -n 1 "$1" 2>/dev/null | grep -q '^{"record": *"end".*"status": *"complete"'; }

# What stopped half-way makes room for the next try; not as *.jsonl, so that readers do not count it as a launch.
set_aside() {
    local n=1
    [ -e "$folder/$1.jsonl" ] || [ -e "$folder/$1.log" ] || return 0
    mkdir -p "$folder/failed"
    while [ -e "$folder/failed/$1.$n.partial" ] || [ -e "$folder/failed/$1.$n.log" ]; do n=$((n + 1)); done
    [ ! -e "$folder/$1.jsonl" ] || mv "$folder/$1.jsonl" "$folder/failed/$1.$n.partial"
    [ ! -e "$folder/$1.log" ] || mv "$folder/$1.log" "$folder/failed/$1.$n.log"
}

# A launch that died before its first line still stands in the results, as failed: whoever compares runs must see it.
write_tombstone() { # launch driver reason
    [ -s "$folder/$1.jsonl" ] && return
    printf '{"record":"launch","schema":1,"run":"%s","launch":"%s","started":"%s","driver":"%s","provenance":["measured"]}\n{"record":"end","status":"failed","cases":0,"error":"%s"}\n' \
        "$run" "$1" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$2" "$3" >"$folder/$1.jsonl"
}

# Records that came through the launcher's output, perhaps with a tag before each line.
collect_records() {
    sed -n 's/^.*\({"record":"\(launch\|case\|end\)",.*}\)$/\1/p' "$folder/$1.log" >"$scratch/records"
    [ ! -s "$scratch/records" ] || cp "$scratch/records" "$folder/$1.jsonl"
}

start_ticker() {
    [ -t 2 ] || return 0
    local begun=$1 text=$2
    (
        trap - EXIT TERM INT HUP
        while kill -0 $$; do printf '\r\033[K%s, %s' "$text" "$(duration $(($(date +%s) - begun)))" >&2; sleep 1; done
    ) 9>&- &
    ticker=$!
}

# Runs "$@" through the launcher with a deadline; output to a log; returns its status (124: the deadline).
# Should this shell be killed, the launch is told to end too; where that cannot be had, it holds the lock until it has ended.
launch_with_deadline() { # seconds log command…
    local limit=$1 log=$2 got=0 guard=()
    shift 2
    if setpriv --pdeathsig keep true 2>/dev/null; then guard=(setpriv --pdeathsig TERM); fi
    (
        [ ${#guard[@]} -eq 0 ] || exec 9>&-
        SWEEP_DEADLINE=$limit exec "${guard[@]}" timeout -k 15 "$limit" "$launcher_path" "$@"
    ) >"$log" 2>&1 </dev/null &
    child=$!
    # A trapped signal ends `wait` early: the launch was told, wait for it. (The shell would report a killed job: the log has it.)
    { wait "$child" || got=$?; while kill -0 "$child"; do wait "$child" || got=$?; done; } 2>/dev/null
    child=""
    return "$got"
}

# The share of the budget that the next of $1 launches may take, in whole seconds; empty without a budget.
share_of() {
    [ -n "$budget_s" ] || return 0
    local left=$((end - $(now)))
    local share=$(((left - $1 * overhead_s) / $1))
    [ "$share" -ge 2 ] || share=2
    echo "$share"
}

# What became of a launch by its exit status, its file and its log: sets `outcome` and `reason`.
judge() { # status launch limit seconds
    outcome=failed reason=""
    if [ "$signal" -ne 0 ]; then outcome=interrupted reason="signal $signal"
    elif is_complete "$folder/$2.jsonl"; then
        outcome=complete
        if [ "$1" -eq 3 ]; then outcome=wrong reason="wrong data: $(reason_of "$folder/$2.log")"
        elif [ "$1" -ne 0 ]; then reason="ended with status $1: $(reason_of "$folder/$2.log")"; fi
        if [ "$1" -eq 4 ] || [ "$1" -eq 124 ]; then outcome=hung; fi
    elif [ "$1" -eq 124 ] || { [ "$1" -eq 137 ] && [ "$4" -ge "$3" ]; }; then outcome=hung reason="no end within $(duration "$3"); $(reason_of "$folder/$2.log")"
    elif [ "$1" -eq 4 ]; then outcome=hung reason=$(reason_of "$folder/$2.log")
    elif [ "$1" -eq 3 ]; then outcome=wrong reason=$(reason_of "$folder/$2.log")
    elif [ "$1" -eq 0 ]; then reason="status 0, but no complete record"
    else reason="status $1: $(reason_of "$folder/$2.log")"; fi
}

note_outcome() { # launch seconds nodes
    local line
    line=$(printf '%s\t%s\t%s\t%d\t%s\t%d\t%s\t%s' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$outcome" "$code" "$2" "$3" \
        "$(awk -v s="$2" -v h="${usd_per_hour:-}" 'BEGIN { if (h == "") print "-"; else printf "%.4f", s / 3600 * h }')" "${reason:--}")
    echo "$line" >>"$folder/sweep.tsv"
}

run_row() { # launch driver nodes ranks per domains estimate args; sets `took`
    local launch=$1 driver=$2 nodes=$3 share limit begun command
    took=0
    if ! pick_hosts "$nodes" "$6" >"$scratch/hosts"; then
        outcome=failed code=5 reason="needs $nodes hosts; lost:$lost_hosts"
        set_aside "$launch"
        write_tombstone "$launch" "$driver" "$reason"
        note_outcome "$launch" 0 "$nodes"
        return
    fi
    share=$(share_of "$left")
    limit=${deadline_s:-$((60 + 2 * ${7%.*}))}
    if [ -n "$share" ] && [ -z "$deadline_s" ] && [ $((60 + 2 * share)) -lt "$limit" ]; then limit=$((60 + 2 * share)); fi
    make_command "$driver" "$8" "$launch" "$share" "$nodes" "$4"
    set_aside "$launch"
    begun=$(now)
    start_ticker "$begun" "[$((total - left + 1))/$total] $launch, $(time_left)"
    code=0
    BUSBAR_PLACEMENT=$6 SWEEP_HOSTS=$scratch/hosts SWEEP_NODES=$nodes SWEEP_RANKS=$4 SWEEP_RANKS_PER_NODE=$5 \
        launch_with_deadline "$limit" "$folder/$launch.log" "${command[@]}" || code=$?
    if [ "$collect" = 1 ]; then collect_records "$launch"; fi
    [ -z "$ticker" ] || { kill "$ticker" && wait "$ticker"; ticker=""; } 2>/dev/null
    took=$(($(now) - begun))
    judge "$code" "$launch" "$limit" "$took"
    if [ "$outcome" != complete ] && [ "$outcome" != interrupted ]; then write_tombstone "$launch" "$driver" "$reason"; fi
    note_outcome "$launch" "$took" "$nodes"
    measured=$((measured + 1)) spent_s=$((spent_s + took))
    if [ -n "$share" ] && [ "$outcome" = complete ]; then overhead_s=$((took > share ? took - share : 0)); fi
}

# Time left: by the budget, by the launches so far, else by the plan's estimates.
time_left() {
    local s=$estimate_left
    [ "$measured" -eq 0 ] || s=$((left * spent_s / measured))
    if [ -n "$budget_s" ] && [ $((end - $(now))) -lt "$s" ]; then s=$((end - $(now))); fi
    [ "$s" -ge 0 ] || s=0
    echo "$(duration "$s") left$(cost_of "$(($(now) - sweep_begun))")"
}

# ---- the sweep

# Time and money that the launches to come take at most. With a budget they may take all of it to become more precise.
print_estimate() {
    local s=${budget_s:-$estimate_left}
    [ "$left" -gt 0 ] || return 0
    say "sweep: at most about $(duration "$s")$(cost_of "$s")"
    if [ -n "$has_gpus" ] && [ -z "$usd_per_hour" ]; then say "sweep: the price is not known: --usd-per-gpu-hour, or --instance with a price in results/clouds.tsv"; fi
}

# The newest unfinished run of the same flags, else a new name.
choose_run() {
    fingerprint=$(printf '%s\n' "${plan_flags[*]}" "$plan_file" "$(awk '{ print $1 }' "$hosts")" | cksum | tr ' ' -)
    local mark
    if [ -z "$run" ]; then
        for mark in "$results"/*/.unfinished; do
            [ -f "$mark" ] && [ "$(cat "$mark")" = "$fingerprint" ] && run=$(basename "$(dirname "$mark")")
        done
    fi
    [ -n "$run" ] || run=$(date -u +%Y-%m-%d-%H%M%S)
    folder=$results/$run
    mkdir -p "$folder" || die 5 "cannot make the folder $folder"
    exec 9>"$folder/.lock" || die 5 "cannot write to $folder"
    if ! flock -n 9; then
        say "another sweep, or a launch that one left behind, works on $folder: waiting for it"
        flock -w "${SWEEP_LOCK_WAIT:-20}" 9 || die 5 "another sweep works on $folder"
    fi
    echo "$fingerprint" >"$folder/.unfinished"
    [ -z "$print_folder" ] || echo "$folder" >"$print_folder"
    [ -e "$folder/sweep.tsv" ] || printf 'ended\tlaunch\toutcome\tstatus\tseconds\tnodes\tusd\treason\n' >"$folder/sweep.tsv"
}

report_launch() {
    local mark="done"
    case $outcome in complete) ;; *) mark=$outcome ;; esac
    if [ "${alike:-0}" -gt 1 ]; then mark="$mark for the same reason" reason=""; fi
    say "[$((total - left))/$total] $1: $mark${reason:+: $reason} ($(time_left))"
}

# Launches of a sweep that all fail within seconds and with the same words fail for a reason that the launches to come share: counts them
# in `alike`, from the first launch on. Names of launch and driver do not matter, nor numbers, such as those of processes.
count_alike() { # launch driver seconds
    local told=${reason//"$1"/}
    told=${told//"$2"/} told=${told//[0-9]/}
    if [ "$outcome" = failed ] && [ "$3" -le 10 ] && [ "$((alike + 1))" -eq "$measured" ] && [ "$told" = "${first_told:-$told}" ]; then
        alike=$((alike + 1)) first_told=$told
        case " $alike_drivers " in *" $2 "*) ;; *) alike_drivers="$alike_drivers $2" ;; esac
    else
        alike=-1000000 # some launch did otherwise
    fi
}

# Three launches, or as many as there are drivers if those are more, every driver among them.
all_fail_alike() {
    local drivers
    drivers=$(awk -F '\t' '{ print $4 }' "$scratch/todo" | sort -u | wc -l)
    [ "$alike" -ge 3 ] && [ "$(wc -w <<<"$alike_drivers")" -eq "$drivers" ]
}

loop() {
    local launch state key driver nodes ranks per group domains repeat cases estimate args why
    alike=0 first_told="" alike_drivers=""
    while IFS=$'\t' read -r launch state key driver nodes ranks per group domains repeat cases estimate args why <&8; do
        if [ "$signal" -ne 0 ]; then ended_by="stopped by signal $signal"; break; fi
        if [ -n "$budget_s" ] && [ "$(now)" -ge "$end" ]; then ended_by="the budget is spent"; break; fi
        run_row "$launch" "$driver" "$nodes" "$ranks" "$per" "$domains" "$estimate" "$args"
        if [ "$signal" -ne 0 ]; then ended_by="stopped by signal $signal"; break; fi
        left=$((left - 1)) estimate_left=$((estimate_left - ${estimate%.*}))
        count_alike "$launch" "$driver" "$took"
        report_launch "$launch"
        if [ "$alike" -eq 1 ]; then first_failed=$launch; fi
        case $outcome in
        wrong) wrong=$((wrong + 1)) ;;
        hung) hung=$((hung + 1)) ;;
        failed) failed=$((failed + 1)) ;;
        esac
        if [ "$outcome" != complete ] && [ "$outcome" != wrong ]; then after_failure "$launch"; fi
        if [ "$left" -gt 0 ] && all_fail_alike; then
            ended_by="the first $alike launches failed at once and for the same reason, so the others were not tried; see $folder/$first_failed.log"
            break
        fi
        if [ $((hung + failed)) -ge "$max_failures" ]; then ended_by="$((hung + failed)) launches failed: --max-failures"; break; fi
    done 8<"$scratch/todo"
}

# Which hosts still answer? A lost one is left out of the launches to come.
after_failure() {
    [ "$host_count" -gt 1 ] || return 0
    local lost
    lost=$(silent_hosts)
    [ -n "$lost" ] || return 0
    say "sweep: no answer from: $lost (after $1); going on without"
    lost_hosts="$lost_hosts $lost"
}

# Hosts on which the launcher cannot run `true` within ten seconds; one launch asks all, and only when it fails each is asked.
silent_hosts() {
    local host waiting=0
    pick_hosts "$((host_count - $(wc -w <<<"$lost_hosts")))" packed >"$scratch/asked"
    if ask_hosts "$scratch/asked" "$scratch" 20; then return 0; fi
    : >"$scratch/silent"
    while IFS=$'\t' read -r host _; do
        (
            trap - EXIT TERM INT HUP
            mkdir -p "$scratch/ask.$host"
            awk -F '\t' -v h="$host" '$1 == h' "$hosts" >"$scratch/ask.$host/hosts"
            ask_hosts "$scratch/ask.$host/hosts" "$scratch/ask.$host" 10 || echo "$host" >>"$scratch/silent"
        ) &
        waiting=$((waiting + 1))
        if [ $((waiting % 32)) -eq 0 ]; then wait; fi
    done <"$scratch/asked"
    wait
    sort "$scratch/silent" | tr '\n' ' ' | sed 's/ $//'
}

# A look at all hosts in seconds: who is silent is left out, who differs ends the sweep.
check_hosts() {
    local code=0 kind text
    if [ "$host_count" -eq 1 ] && [ ! -e /dev/nvidiactl ]; then return; fi
    awk -F '\t' 'NR > 1 && $2 != "done" { print $4; exit }' "$scratch/plan" >"$scratch/driver"
    SWEEP_HOSTS=$hosts SWEEP_NODES=$host_count SWEEP_RANKS=$host_count SWEEP_RANKS_PER_NODE=1 SWEEP_DEADLINE=60 \
        timeout -k 5 60 "$launcher_path" "$here/hostfacts" "$build/$(cat "$scratch/driver")" >"$scratch/facts" 2>"$scratch/facts.err" </dev/null
    cp "$scratch/facts" "$folder/preflight.txt"
    "$here/preflight" "$hosts" <"$scratch/facts" >"$scratch/differences" || code=$?
    while IFS=$'\t' read -r kind text; do
        case $kind in
        different) say "sweep: preflight: $text" ;;
        silent) if [ "$code" -ne 5 ]; then say "sweep: preflight: no answer from: $text"; fi ;;
        domain) mark_domain "${text%%$'\t'*}" "${text#*$'\t'}" ;;
        esac
    done <"$scratch/differences"
    if [ "$code" -eq 5 ]; then
        lost_hosts=$(silent_hosts)
        [ -n "$lost_hosts" ] || die 5 "preflight: the launcher does not run a program on all hosts, but on each alone: $(tail -n 1 "$scratch/facts.err")"
        say "sweep: preflight: no answer from: $lost_hosts; going on without"
        [ "$(wc -w <<<"$lost_hosts")" -lt "$host_count" ] || die 5 "preflight: no host answers: $(reason_of "$scratch/facts.err")"
    elif [ "$code" -ne 0 ]; then
        die 5 "preflight: the hosts differ, see above; --no-preflight measures all the same"
    fi
    say "sweep: preflight: $((host_count - $(wc -w <<<"$lost_hosts"))) of $host_count hosts answer"
}

# Hosts of one NVLink domain by their own word, where the host file did not say.
mark_domain() { # name hosts
    awk -v name="$1" -v list="$2" 'BEGIN { FS = OFS = "\t"; n = split(list, h, " "); for (i = 1; i <= n; i++) in_it[h[i]] = 1 }
        $4 == "-" && $1 in in_it { $4 = name } { print }' "$hosts" >"$scratch/marked" && mv "$scratch/marked" "$hosts"
}

ask_hosts() { # hosts scratch seconds
    local n
    n=$(wc -l <"$1")
    SWEEP_HOSTS=$1 SWEEP_NODES=$n SWEEP_RANKS=$n SWEEP_RANKS_PER_NODE=1 SWEEP_SCRATCH=$2 SWEEP_DEADLINE=$3 \
        timeout -k 2 "$3" "$launcher_path" true >/dev/null 2>&1 </dev/null
}

sweep_once() {
    sweep_begun=$(now) measured=0 spent_s=0 wrong=0 hung=0 failed=0 lost_hosts="" ended_by="" overhead_s=3 status=0
    choose_run
    make_plan "$folder"
    cp "$scratch/plan" "$folder/plan.tsv.new" && mv "$folder/plan.tsv.new" "$folder/plan.tsv"
    { cat "$scratch/allocation"; for e in "${environment[@]}"; do echo "# environment: $e"; done; } >"$folder/hosts.tsv"
    awk -F '\t' 'NR > 1 && $2 != "done"' "$scratch/plan" >"$scratch/todo"
    total=$(awk 'END { print NR - 1 }' "$scratch/plan") left=$(wc -l <"$scratch/todo")
    estimate_left=$(awk -F '\t' '{ s += $12 } END { printf "%d", s }' "$scratch/todo")
    end=$((sweep_begun + ${budget_s:-0}))
    say "sweep: $total launches into $folder, $((total - left)) complete already; $host_count host(s), $(awk -F '\t' 'NR == 2 { print $7 }' "$scratch/plan") rank(s) each, $launcher"
    print_estimate
    for e in "${environment[@]}"; do say "sweep: environment: $e"; done
    if [ "$left" -gt 0 ] && [ "$preflight" = 1 ] && [ -x "$here/preflight" ]; then check_hosts; fi
    loop
    finish
}

finish() {
    local done_count
    make_plan "$folder"
    done_count=$(awk -F '\t' 'NR > 1 && $2 == "done"' "$scratch/plan" | wc -l)
    if [ "$done_count" -eq "$total" ]; then rm -f "$folder/.unfinished"; fi
    say "sweep: $done_count of $total launches complete in $folder after $(duration $(($(now) - sweep_begun)))$(cost_of $(($(now) - sweep_begun)))${ended_by:+ ($ended_by)}"
    if [ -n "$usd_per_hour" ]; then say "sweep: $gpus GPUs at $usd_per_gpu_hour USD an hour ($price_source)"; fi
    if [ "$failed" -gt 0 ] || [ "$hung" -gt 0 ]; then say "sweep: $failed failed, $hung hung: see $folder/sweep.tsv; the same command runs them again"; fi
    # The worst that happened; wrong data stays in the run, whenever it was measured.
    if [ "$signal" -ne 0 ]; then status=$((128 + signal))
    elif [ "$wrong" -gt 0 ] || grep -qs '"status":"wrong"' "$folder"/*.jsonl; then status=3
    elif [ "$hung" -gt 0 ]; then status=4
    elif [ "$failed" -gt 0 ]; then status=5
    elif [ "$done_count" -lt "$total" ] && [ -z "$ended_by" ]; then status=5
    fi
}

# The plan again and again, each time in a run of its own; the worst status counts.
soak() {
    local begun last worst=0 round=0 base=${run:-soak-$(date -u +%Y-%m-%d-%H%M%S)} pause
    begun=$(now)
    while :; do
        last=$(now) round=$((round + 1)) run=$base-$(printf '%03d' "$round")
        sweep_once
        exec 9>&-
        [ "$status" -le "$worst" ] || worst=$status
        pause=$((last + repeat_every_s - $(now)))
        if [ "$signal" -ne 0 ] || [ $((last + repeat_every_s)) -gt $((begun + for_s)) ]; then break; fi
        if [ "$pause" -gt 0 ]; then
            say "sweep: round $((round + 1)) in $(duration "$pause")"
            sleep "$pause" &
            child=$!
            wait "$child"
            child=""
        fi
        if [ "$signal" -ne 0 ]; then worst=$((128 + signal)); break; fi
    done
    status=$worst
}
