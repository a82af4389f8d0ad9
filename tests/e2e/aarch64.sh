#!/usr/bin/env bash
# Arm hosts (GB200, GB300): everything compiles for aarch64, and the code that needs neither MPI nor a GPU passes its unit tests under an
# emulator. Needs a cross compiler and qemu's user mode; jansson for arm64 is unpacked from its package into the build folder.
. "$(dirname "$0")/../lib.sh"
cc=${CROSS_CC:-aarch64-linux-gnu-gcc}
qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64)
if ! command -v "$cc" >/dev/null; then skip 'aarch64' "no $cc here"; exit; fi
flags=(-std=c11 -D_GNU_SOURCE -O2 -Ibench -I. -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes)
root=$build/aarch64
mkdir -p "$root"

# packages NAME…: downloads arm64 packages with apt and unpacks them into $root/sys. Uses separate package lists, so it neither needs root
# nor changes the system's apt.
packages() {
    [ ! -e "$root/sys/usr/include/jansson.h" ] || return 0
    command -v apt-get >/dev/null || return 1
    mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial" "$root/debs" "$root/sys" || return 1
    local here=$PWD options=(-qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o "Dir::State=$PWD/$root/state"
        -o Dir::State::status=/dev/null -o "Dir::Cache=$PWD/$root/cache" -o "APT::Sandbox::User=$(id -un)"
        -o Acquire::http::Timeout=20 -o Acquire::Retries=1)
    [ "${root#/}" = "$root" ] || options=("${options[@]//$PWD\/$root/$root}")
    timeout 120 apt-get "${options[@]}" update && cd "$root/debs" && timeout 120 apt-get "${options[@]}" download "$@" || { cd "$here" || exit; return 1; }
    cd "$here" || exit
    for deb in "$root"/debs/*.deb; do dpkg -x "$deb" "$root/sys" || return 1; done
}

# Sources that include MPI or hwloc are compiled with this machine's headers, and not run; those of CUDA and SimGrid are left out.
mapfile -t host_flags < <(sed -n 's/^\(MPI_CFLAGS\|HWLOC_CFLAGS\|JSON_CFLAGS\) := //p' "$build/config.mk" | tr ' ' '\n' | grep .)
cp -r /usr/include/hwloc.h /usr/include/hwloc "$root/" 2>/dev/null
mkdir -p "$root/include" && cp /usr/include/jansson*.h "$root/include/" 2>/dev/null
cp /usr/include/*/jansson_config.h "$root/include/" 2>/dev/null
for file in hwloc.h hwloc; do [ ! -e "$root/$file" ] || cp -r "$root/$file" "$root/include/"; done
failed=''
cp -r /usr/include/*/hwloc/autogen "$root/include/hwloc/" 2>/dev/null
sources=''
for source in bench/*/*.c bench/analysis/*/*.c kernels/*.c; do
    case $source in bench/gpu/* | */cublaslt*.c | bench/simulate/*) ;; *) sources="$sources $source" ;; esac
done
for source in $sources; do
    case $(grep -l 'mpi\.h' "$source" 2>/dev/null) in '') ;; *) grep -q '^HAVE_MPI := yes' "$build/config.mk" || continue ;; esac
    "$cc" "${flags[@]}" "${host_flags[@]}" -I"$root/include" -fsyntax-only "$source" 2>>"$work/errors" || failed="$failed $source"
done
if [ -z "$failed" ]; then ok "every C file but those of CUDA and SimGrid compiles for aarch64 ($(echo "$sources" | wc -w))"; else
    not_ok "do not compile for aarch64:$failed"
    head -n 20 "$work/errors"
fi

if [ -z "$qemu" ]; then skip 'unit tests on aarch64' 'no qemu-aarch64 here'; exit; fi
if ! packages libjansson4 libjansson-dev >"$work/apt" 2>&1; then
    skip 'unit tests on aarch64' "the arm64 packages cannot be had: $(tail -n 1 "$work/apt")"
    exit
fi
json=$root/sys/usr/lib/aarch64-linux-gnu
tests="$(echo tests/unit/*.c) tests/unit/mpi/test_gemm.c" # tests that need no MPI
parts=$(for source in bench/{base,stats,collective,catalog,record,analysis,analysis/*}/*.c kernels/*.c bench/matmul/{gemm,freivalds,parallel}.c bench/gpu/nccl_debug.c bench/gpu/nccl_transport.c; do
    [ "$source" = bench/analysis/busbar.c ] || echo "$source"
done)
# Objects are kept: only sources that changed since are compiled again.
objects='' styles="$root/obj/page_style.c $root/obj/contract_style.c"
mkdir -p "$root/obj"
scripts/embed page_style bench/analysis/report/page.css >"$root/obj/page_style.c" || exit 1
scripts/embed contract_style bench/analysis/gate/contract_page.css >"$root/obj/contract_style.c" || exit 1
for source in $tests $parts $styles tests/fakes/criterion/main.c; do
    object=$root/obj/${source//\//_}.o
    objects="$objects $object"
    [ "$object" -nt "$source" ] && [ -z "$(find bench kernels tests/fakes -name '*.h' -newer "$object" -print -quit)" ] && continue
    "$cc" -w "${flags[@]:0:5}" -Itests/fakes -I"$root/sys/usr/include" -I"$json" -c -o "$object" "$source" 2>>"$work/errors" ||
        { not_ok "compiles: $source"; tail -n 5 "$work/errors"; exit 1; }
done
# shellcheck disable=SC2086 # objects have no spaces
check 'links for aarch64' "$cc" -o "$root/unit" $objects -L"$json" -Wl,-rpath-link,"$json" -ljansson -lm -lpthread || exit
emulate() { "$qemu" -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH="$PWD/${root#"$PWD"/}/sys/usr/lib/aarch64-linux-gnu:$json" "$@"; }
# Simulations, and tests that repeat for every type and a thousand seeds, take minutes under the emulator.
check "the unit tests pass on aarch64 ($(echo "$tests" | wc -w) files)" emulate "$root/unit" gate_simulation gate_situations history_simulation scan_simulation planning \
    order/sorts_in_time freivalds/no_false_alarm
tail -n 1 "$work/out" | sed 's/^/# /'
