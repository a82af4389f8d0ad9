#!/usr/bin/env bash
# The table of predictions marks factors that end at an end of their range, with stand-ins for the simulator and for busbar show.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

program=$PWD/tests/benchmark/prediction.py
mkdir -p "$work/scripts" "$work/programs"
ln -s "$PWD/results" "$work/results"
# In one domain the figure is 900 GB/s times NVLink's factor, near the published ones. Across domains it is NIC_GBPS times the NICs' factor.
cat >"$work/scripts/simulate" <<'END'
#!/bin/sh
while [ $# -gt 1 ]; do
    case $1 in
    --domains) domains=$2 ;; --nvlink-factor) nvlink=$2 ;; --nic-factor) nic=$2 ;; --results) folder=$2 ;;
    esac
    shift
done
exec awk -v d="$domains" -v v="$nvlink" -v n="$nic" -v gbps="$NIC_GBPS" \
    'BEGIN { r = d == 1 ? 900 * v : gbps * n; printf "collective,rate\nall_reduce,%g\nall_gather,%g\n", r, r }' >"$folder/r"
END
printf '#!/bin/sh\nfor last; do :; done\ncat "$last"\n' >"$work/programs/busbar"
chmod +x "$work/scripts/simulate" "$work/programs/busbar"
predict() { (cd "$work" && NIC_GBPS=$1 python3 "$program" "$work/programs" GB200 16G); }
rows() { grep -cE "^\| all_.*$1" "$work/out"; }

check 'NICs that are simulated much too fast' predict 100000
equal 'every factor of the NICs is marked' "$(rows 'NIC 0\.60 or less \|')" 8
equal 'and none of NVLink' "$(rows 'NVLink [0-9.]+ or')" 0
check 'NICs that are simulated much too slow' predict 1
equal 'are marked at the other end' "$(rows 'NIC 1\.10 or more \|')" 8
# The published table: a factor at an end is marked there, too.
if grep -E '^\| all_.*(0\.60|1\.10) \|' bench/simulate/README.md >"$work/found"; then not_ok "rows without a mark: $(cat "$work/found")"
else ok 'the table in the README marks its ends'; fi
