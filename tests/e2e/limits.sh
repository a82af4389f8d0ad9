#!/usr/bin/env bash
# busbar limits: the check values of the bounds, the catalogs, and refusals.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
limits() { "$build/busbar" limits "$@"; }
field() { awk -F, -v c="$1" -v k="$2" '$1 == c && $3 == k { printf "%.0f", $5 }' "$work/out"; }
expect_field() {
    local got
    got=$(field "$1" "$2")
    if [ "$got" = "$3" ]; then ok "$4: $1 $2 $3 GB/s"; else not_ok "$4: $1 $2 is '$got', expected $3"; fi
}

check "p5.48xlarge" limits --instance p5.48xlarge --format csv
expect_field all_reduce bound 788 "8 H100" # 450 x 2 x 7/8: each GPU receives all of S
expect_field all_reduce algorithm 700 "8 H100"
expect_field all_reduce reference 450 "8 H100"
check "one rack of GB200" limits --instance u-p6e-gb200x72 --format csv
expect_field all_reduce bound 1874 "NVL72" # (900 + 50) x 2 x 71/72: NICs beside NVLink
expect_field all_reduce algorithm 1751 "NVL72"
check "16 nodes without NVLS" limits --nvlink-gbps 450 --nic-gbps 50 --domain-gpus 8 --domains 16 --nvls no --format csv
expect_field all_reduce bound 423 "N=16"
expect_field all_gather bound 423 "N=16"
expect_field alltoall bound 53 "N=16"
check "2 nodes without NVLS" limits --nvlink-gbps 450 --nic-gbps 50 --domain-gpus 8 --domains 2 --nvls no --format csv
expect_field all_reduce bound 500 "N=2" # GPUs send 2 x 15/16 of S at 500 GB/s
expect_field all_reduce algorithm 482 "N=2"
expect_field alltoall bound 94 "N=2"
mkdir -p "$work/stranger/results"
sed 's/^\(aws\tp5.48xlarge\t.*\)\t450\t/\1\t900\t/' results/clouds.tsv >"$work/stranger/results/clouds.tsv"
cp results/gpus.tsv "$work/stranger/results/"
program=$(realpath "$build/busbar")
check "a catalog in the current folder is not used" env -C "$work/stranger" "$program" limits --instance p5.48xlarge --format csv
expect_field all_reduce bound 788 "the program's own catalog"
check "BUSBAR_CATALOG names one" env -C "$work/stranger" BUSBAR_CATALOG=results "$program" limits --instance p5.48xlarge --format csv
expect_field all_reduce bound 1575 "the other catalog" # 900 x 2 x 7/8
mkdir -p "$work/alone/build"
cp "$program" "$work/alone/build/busbar"
expect_status "no catalog" 5 env -u BUSBAR_SHARE -u BUSBAR_CATALOG "$work/alone/build/busbar" limits --instance p5.48xlarge
says "the error says what to set" "name its folder with BUSBAR_CATALOG"
check "JSON" limits --instance p5.48xlarge --domains 4 --format json
cp "$work/out" "$work/json"
check "the JSON parses" python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); assert d["domains"] == 4 and d["limits"]' "$work/json"

check "help" limits --help
tr -s ' \n' ' ' <"$work/out" >"$work/help"
has "it tells what is left out within one host" "Within one host only NVLink counts: PCIe, host memory and the way out of one NIC and back into another are left out" "$work/help"

expect_status "unknown instance" 2 limits --instance p5.48xlarg
says "a near match is suggested" "did you mean 'p5.48xlarge'"
expect_status "rate of the network unknown" 2 limits --instance gb300-4x --domains 2
expect_status "nothing known" 2 limits
expect_status "one GPU" 2 limits --gpu H100 --domain-gpus 1
expect_status "unknown collective" 2 limits --instance p5.48xlarge --collective all_redcue
expect_status "bad sizes" 2 limits --instance p5.48xlarge --bytes 8,x
expect_status "operand" 2 limits p5.48xlarge
mkdir "$work/catalog"
printf 'provider\tinstance\n' >"$work/catalog/clouds.tsv"
printf 'gpu\n' >"$work/catalog/gpus.tsv"
expect_status "a broken catalog" 5 limits --instance x --catalog "$work/catalog"
says "it names file and line" "clouds.tsv:1: the header has no column 'gpu'"
expect_status "no catalog" 5 limits --instance x --catalog "$work/none"
