#!/usr/bin/env bash
# The oldest supported versions of CUDA and NCCL, and NCCL versions newer than the toolkit: builds all GPU code with the headers and
# libraries of CUDA 12.1 and of several versions of NCCL, links it with the real libraries, and runs it on the emulated device, built from
# the same headers. They come as Python wheels (about 1.5 GB, kept in BUSBAR_WHEELS if that is set). No wheel has nvcc; clang replaces it.
. "$(dirname "$0")/../lib.sh"
. tests/fakes/emulated_gpu.sh

cuda=(nvidia-cuda-runtime-cu12==12.1.105 nvidia-cuda-nvcc-cu12==12.1.105 nvidia-cublas-cu12==12.1.3.1)
wheels=${BUSBAR_WHEELS:-$work/wheels}
mkdir -p "$wheels" "$work/cuda/bin"

# wheel PACKAGE==VERSION FOLDER: unpacks the files of a wheel into FOLDER
wheel() {
    local name=${1%%==*} version=${1##*==} file
    file=$(ls "$wheels/${name//-/_}-$version"-*.whl 2>/dev/null | head -n 1)
    if [ -z "$file" ]; then
        timeout 600 python3 -m pip download --quiet --no-deps --dest "$wheels" "$1" >/dev/null 2>&1 || return 1
        file=$(ls "$wheels/${name//-/_}-$version"-*.whl)
    fi
    python3 -m zipfile -e "$file" "$2"
}

# Arranges the parts of the wheels like an installed CUDA 12.
lay_out() {
    local part package from=$work/cuda-wheels to=$work/cuda
    for package in "${cuda[@]}"; do wheel "$package" "$from" || return 1; done
    for part in cuda_runtime cuda_nvcc cublas; do cp -r "$from/nvidia/$part/." "$to"; done
    for part in cudart cublas cublasLt; do ln -sf "lib$part.so.12" "$to/lib/lib$part.so"; done
    chmod +x "$to/bin/ptxas"
    cat >"$to/bin/fatbinary" <<'E2' # its contents never reach a device here
#!/bin/sh
for word; do
    [ "${previous:-}" != --create ] || echo none >"$word"
    previous=$word
done
E2
    cat >"$to/bin/nvcc" <<E2
#!/bin/bash
words=()
while [ \$# -gt 0 ]; do
    case \$1 in
    --list-gpu-arch) printf 'compute_%s\\n' 80 90 && exit ;;
    -gencode) shift && case \$1 in *code=sm_*) words+=("--cuda-gpu-arch=sm_\${1##*sm_}") ;; esac ;;
    -Xcompiler) ;;
    *) words+=("\$1") ;;
    esac
    shift
done
exec $clang -x cuda --cuda-path='$to' "\${words[@]}"
E2
    chmod +x "$to/bin/fatbinary" "$to/bin/nvcc"
}

# Finds a clang that supports CUDA 12.1 (16 or later).
find_clang() {
    for clang in clang++ clang++-{16..22}; do
        [ "$("$clang" -dumpversion 2>/dev/null | cut -d. -f1)" -ge 16 ] 2>/dev/null && return 0
    done
    return 1
}

if ! find_clang; then
    skip 'CUDA 12.1' 'no clang 16 or later, which compiles the kernels with its headers'
    exit 0
fi
if ! lay_out; then
    skip 'CUDA 12.1' 'its wheels cannot be had'
    exit 0
fi

unset NVCC CUDA_PATH LIBRARY_PATH CPATH
build=$work/build
# nccl_of VERSION TYPES STATUS: tests a build with the headers and the library of this NCCL; TYPES is the number of data types that it
# supports, STATUS the exit status with -R 2
nccl_of() {
    local version=$1 home=$work/nccl-$1
    if ! wheel "nvidia-nccl-cu12==$version" "$home"; then
        skip "NCCL $version" 'its wheel cannot be had'
        return
    fi
    check "CUDA 12.1 and NCCL $version: everything is built" timeout 1500 make -s -j "$(nproc)" B="$build" CFLAGS=-O1 CUDA=yes NCCL=yes CUBLASLT=yes \
        CUDA_HOME="$work/cuda" NCCL_HOME="$home/nvidia/nccl" CUDA_ARCH='80 90' all fakegpu || return
    check "NCCL $version: linked with the real libraries" sh -c "ldd '$build/busbar_nccl.so' | grep 'libnccl.so.2 => $home' && ldd '$build/busbar_nccl.so' | grep 'libcudart.so.12 => $work/cuda'"
    check "NCCL $version: every symbol is found" env LD_BIND_NOW=1 "$build/all_reduce" --backend auto -b 8 -e 8 -n 2 --passes 1 --output none
    says 'and the plug-in is opened' '(nccl: no '
    driver=all_reduce flags=(--backend nccl --passes 1 -n 2 -w 1 --cache warm)
    check "NCCL $version: all collectives, types and operations" emulated 4 -- --collectives all -d all -o all --sizes 4K
    check "NCCL $version: all are verified" rows "all(r['status'] == 'unsupported' or r['wrong'] == 0 for r in c) and sum(r['status'] == 'ok' for r in c) == $2 * 46 \
        and h['facts']['nccl']['built_with'] == '$version' and h['facts']['gpu']['cuda'] == '12.1'"
    check "NCCL $version: graphs" emulated 2 -- --mode both -G 3 --sizes 64K
    expect_status "NCCL $version: symmetric windows" "$3" emulated 2 -- -R 2 --sizes 64K
}
nccl_of 2.18.3 10 5
nccl_of 2.22.3 10 5
nccl_of 2.27.7 12 0
nccl_of 2.29.7 12 0
nccl_of 2.30.7 12 0
driver=matmul flags=(--backend cublaslt --phase burst -n 2)
if [ -e "$build/busbar_cublaslt.so" ]; then
    check 'cuBLASLt 12.1: linked with the real library' sh -c "ldd '$build/busbar_cublaslt.so' | grep 'libcublasLt.so.12 => $work/cuda'"
    check 'cuBLASLt 12.1: all types' emulated 1 -- --shapes 64 -d double,float,tf32,bfloat16,half,fp8_e4m3,mxfp8,nvfp4
    check 'cuBLASLt 12.1: are verified, the block-scaled ones unsupported' rows "{r['dtype']: r['status'] for r in c if r['status'] != 'ok'} == {'mxfp8': 'unsupported', 'nvfp4': 'unsupported'} and len(c) == 8"
fi
