# --time-budget and --cost-limit of several sweeps together: scripts/scan and scripts/sweep --against source this file. busbar sweep turns
# money into seconds (--print-estimate); the sweeps get what is left of them.
# shellcheck shell=bash disable=SC2034 # for those scripts

limits=()                 # both flags, as the user gave them
budget_s=0                # what they allow, in seconds; 0: no limit
readonly LEAST_LAUNCH_S=5 # a launch takes three seconds to start and end, and measures for two (share_of_budget() in bench/analysis/sweep)
uptime_s() { # CLOCK_BOOTTIME, which nobody sets
    local s
    read -r s _ </proc/uptime
    echo "${s%.*}"
}
begun_s=$(uptime_s) # set anew when the first launch begins: estimates do not count

# Sets left_s: the seconds that are left; 1e9 without a limit.
find_left() {
    left_s=1000000000
    if [ "$budget_s" -gt 0 ]; then left_s=$((begun_s + budget_s - $(uptime_s))); fi
}
