#!/usr/bin/env bash
# Which BLAS the ranks of a launch multiply with: libraries that are missing, slow, or unlike on the ranks.
. "$(dirname "$0")/../lib.sh"

# Simulates a machine without some libraries: a dlopen that does not find those that HIDE names.
cat >"$work/hide.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
void *dlopen(const char *file, int flags)
{
    void *(*real)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
    char words[200], *rest = words;
    strncpy(words, getenv("HIDE") ? getenv("HIDE") : "", sizeof words - 1);
    words[sizeof words - 1] = 0;
    for (char *word; file && (word = strsep(&rest, " "));)
        if (*word && strstr(file, word)) return real("/nowhere/hidden.so", flags);
    return real(file, flags);
}
C
if ! cc -w -shared -fPIC -o "$work/hide.so" "$work/hide.c" -ldl 2>/dev/null; then
    skip 'libraries that are missing' 'no C compiler'
    exit 0
fi
hidden() (export HIDE=$1 LD_PRELOAD=$work/hide.so && shift && "$@")
found_in() (export LD_LIBRARY_PATH=$work/$1${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} && shift && "$@") # FOLDER COMMAND…
expect_status 'no BLAS at all' 5 hidden 'blas blis mkl nvpl armpl' "$build/matmul" --output none
says 'one line that says what to do' 'no BLAS library found'
if [ "$(grep -vc 'cublaslt' "$work/err")" -eq 1 ]; then ok 'no BLAS: one line'; else not_ok 'no BLAS: more than one line'; fi
expect_status 'a library without a name' 2 "$build/matmul" --output none --blas ''
says 'is refused' '--blas: expected the name or the file of a library'
# Short memory: OpenBLAS's threads try for ever, and its destructor waits for them.
short() { (ulimit -v "$1" && exec timeout -s KILL 180 "${@:2}"); }
# Intel MPI's MPI_Init itself crashes with so little.
echo '#include <mpi.h>
int main(int argc, char **argv) { return MPI_Init(&argc, &argv) || MPI_Finalize(); }' >"$work/bare_mpi.c"
# shellcheck disable=SC2046 # flags
check 'a program with nothing but MPI is built' cc -o "$work/bare_mpi" "$work/bare_mpi.c" $(sed -n 's/^MPI_\(CFLAGS\|LIBS\) := //p' "$build/config.mk")
for kib in 350000 400000 500000; do
    if ! short "$kib" "$work/bare_mpi" >/dev/null 2>&1; then
        skip "matmul with $kib KiB" 'MPI itself does not start with so little'
        continue
    fi
    short "$kib" "$build/matmul" --output none --shapes 64 -n 1 --phase burst --blas openblas >"$work/out" 2>"$work/err"
    status=$?
    if [ $status -lt 124 ]; then ok "matmul ends with $kib KiB"; else not_ok "matmul with $kib KiB: status $status"; fi
done
# A stand-in for a library that waits for memory for ever, as OpenBLAS does in a multiplication; which kernels need so much differs.
printf 'int nvpl_blas_get_version(void) { return 10203; }\nvoid dgemm_(void) { for (;;) ; }\nvoid sgemm_(void) { for (;;) ; }\n' >"$work/waits.c"
check 'a library that waits for memory is built' cc -O1 -shared -fPIC -o "$work/libwaits.so" "$work/waits.c"
expect_status 'is given up where the address space is limited' 5 short 4000000 "$build/matmul" --output none --shapes 64 -n 1 --blas "$work/libwaits.so"
says 'and the limit is named' 'with 4000000 KiB of address space; raise the limit (ulimit -v)'
# A stand-in for netlib's BLAS: correct and slow, with only the Fortran names. Debian calls such a library libblas.so.3.
mkdir "$work/netlib"
cat >"$work/netlib.c" <<'C'
#define GEMM(name, real)                                                                                     \
    void name(const char *ta, const char *tb, const int *m, const int *n, const int *k, const real *alpha,   \
              const real *a, const int *lda, const real *b, const int *ldb, const real *beta, real *c,       \
              const int *ldc)                                                                                \
    {                                                                                                        \
        for (int j = 0; j < *n; j++)                                                                         \
            for (int i = 0; i < *m; i++) {                                                                   \
                real sum = 0;                                                                                \
                for (int l = 0; l < *k; l++)                                                                 \
                    sum += (*ta == 'T' ? a[i * *lda + l] : a[l * *lda + i]) *                                \
                           (*tb == 'T' ? b[l * *ldb + j] : b[j * *ldb + l]);                                 \
                c[j * *ldc + i] = *alpha * sum + (*beta == 0 ? 0 : *beta * c[j * *ldc + i]);                 \
            }                                                                                                \
    }
GEMM(dgemm_, double)
GEMM(sgemm_, float)
C
check 'a stand-in for netlib is built' cc -O1 -shared -fPIC -Wl,-soname,libblas.so.3 -o "$work/netlib/libblas.so.3" "$work/netlib.c"
with_netlib() { found_in netlib hidden "$@"; }
tiny=(--shapes 64 -n 3 --phase burst)
vendors='openblas blis mkl nvpl armpl'
# shellcheck disable=SC2046
check 'a reference BLAS alone multiplies, and is right' with_netlib "$vendors" "$build/matmul" "${tiny[@]}" --layout NN,TN,NT,TT --output "$work/r" $(named netlib)
says 'the warning says so' "$work/netlib/libblas.so.3 is a reference BLAS"
says 'so does the table' 'by reference BLAS'
recorded 'and the record' netlib '[b["library"] for b in blas] == ["reference BLAS"]
     and all(c["status"] == "ok" and c["wrong"] == 0 and c["algorithm"].startswith("reference BLAS") for c in cases)'
check 'two ranks with a reference BLAS alone' with_netlib "$vendors" ranks 2 "$build/matmul" "${tiny[@]}" --output none
says 'which the table names' 'by reference BLAS'
check 'overlap, too' with_netlib "$vendors" ranks 2 "$build/overlap" --sizes 4K --shape 32 -n 2 --ratio 1 --output none
# Stand-ins for vendors' libraries: the same code with the function by which a library is recognised. The record's name of each has
# several words, or is no word of --blas. A vendor's library may also be installed as libblas.so.3.
stand_in() { # NAME FILE FUNCTION: makes the folder NAME
    mkdir "$work/$1"
    printf '#include "../netlib.c"\nint %s(void) { return 10203; }\n' "$3" >"$work/$1/blas.c"
    cc -O1 -shared -fPIC -Wl,-soname,"$2" -o "$work/$1/$2" "$work/$1/blas.c"
}
check 'stand-ins for vendors are built' eval 'stand_in nvpl libnvpl_blas_lp64_gomp.so.0 nvpl_blas_get_version &&
    stand_in armpl libarmpl_lp64.so armplversion && stand_in renamed libblas.so.3 armplversion'
while read -r folder hide library <&3; do # mpirun reads stdin
    with_vendor() { found_in "$folder" hidden "${hide//,/ }" "$@"; }
    # shellcheck disable=SC2046
    check "two ranks with $library alone ($folder)" with_vendor ranks 2 "$build/matmul" "${tiny[@]}" --output "$work/r" $(named "$folder")
    recorded "the record has its name ($folder)" "$folder" "[b['library'] for b in blas] == ['$library']"
    check "which --blas takes ($folder)" with_vendor "$build/matmul" "${tiny[@]}" --output none --blas "$library"
done 3<<'END'
nvpl openblas,blis,mkl,libblas NVPL BLAS
armpl openblas,blis,mkl,libblas Arm Performance Libraries
renamed openblas,blis,mkl,nvpl Arm Performance Libraries
END
expect_status 'another library under the name of the reference BLAS' 5 \
    found_in renamed hidden "$vendors" "$build/matmul" "${tiny[@]}" --output none --blas 'reference BLAS'
says 'is not taken for it' '--blas reference BLAS: libblas.so.3 is Arm Performance Libraries here'
# Rank 1's host lacks the library that rank 0 found.
# shellcheck disable=SC2016 # for the shell inside
printf '#!/bin/sh\n[ "${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}" = 0 ] || export "$1"\nshift\nexec "$@"\n' >"$work/not_on_rank_0"
chmod +x "$work/not_on_rank_0"
expect_status 'a rank without the library of rank 0' 5 \
    with_netlib "$vendors" ranks 2 "$work/not_on_rank_0" HIDE="$vendors libblas" "$build/matmul" "${tiny[@]}" --output none
says 'says so' 'rank 1 cannot load reference BLAS, the library that rank 0 chose: --blas names one that all hosts have'
# Hosts with unlike CPUs: a stand-in for OpenBLAS that calls its kernel what CORE says.
mkdir "$work/cores"
printf '#include "../netlib.c"\n#include <stdlib.h>\n%s\n%s\n' 'char *openblas_get_config(void) { return "OpenBLAS 9.9 "; }' \
    'char *openblas_get_corename(void) { return getenv("CORE"); }' >"$work/cores/blas.c"
check 'a stand-in for OpenBLAS is built' cc -O1 -shared -fPIC -Wl,-soname,libopenblas.so.0 -o "$work/cores/libopenblas.so.0" "$work/cores/blas.c"
mixed() { CORE=SkylakeX found_in cores ranks 3 "$work/not_on_rank_0" "CORE=$1" "${@:2}" --blas openblas; }
# shellcheck disable=SC2046
check 'ranks with unlike kernels' mixed Haswell "$build/matmul" "${tiny[@]}" --output "$work/kernels" --run mixed --launch l
says 'are warned of' 'rank 1 multiplies with OpenBLAS Haswell, rank 0 with OpenBLAS SkylakeX'
says 'and named in the table' 'by OpenBLAS 9.9 SkylakeX; 2 other ranks: OpenBLAS Haswell'
recorded 'and in the record' "$work/kernels/mixed/l.jsonl" \
    '[(b["kernel"], b["others"]) for b in blas] == [("SkylakeX", [{"library": "OpenBLAS", "kernel": "Haswell", "first_rank": 1, "ranks": 2}])]'
check 'ranks with the same kernel' mixed SkylakeX "$build/matmul" "${tiny[@]}" --output "$work/kernels" --run uniform --launch l
recorded 'have no others' "$work/kernels/uniform/l.jsonl" '[b["kernel"] for b in blas] == ["SkylakeX"] and "others" not in blas[0]'
mkdir "$work/kernels/both"
for run in mixed uniform; do sed "1s/\"launch\":\"l\"/\"launch\":\"$run\"/; 1s/\"run\":\"$run\"/\"run\":\"both\"/" "$work/kernels/$run/l.jsonl" >"$work/kernels/both/$run.jsonl"; done
check 'both launches in one table' "$build/busbar" show "$work/kernels/both" --format json
check 'are no repetitions' python3 -c '
import json, sys
cases = [c for run in json.load(open(sys.argv[1])) for c in run["cases"]]
assert cases and all(c["launches"] == 1 for c in cases), cases
assert {c["blas"] for c in cases} == {"OpenBLAS SkylakeX", "OpenBLAS SkylakeX + OpenBLAS Haswell"}, cases' "$work/out"
check 'overlap records it, too' mixed Haswell "$build/overlap" --sizes 4K --shape 32 -n 2 --ratio 1 --output "$work/kernels" --run overlap --launch l
recorded 'in the same way' "$work/kernels/overlap/l.jsonl" 'blas[0]["others"][0]["kernel"] == "Haswell"'
if "$build/matmul" --blas openblas "${tiny[@]}" --output none >/dev/null 2>&1; then
    # shellcheck disable=SC2046
    check 'first in the search path, beside a fast BLAS' with_netlib '' "$build/matmul" "${tiny[@]}" --output "$work/r" $(named beside)
    recorded 'it is not among the choices' beside 'blas and all(b["library"] != "reference BLAS" for b in blas)
         and not any("reference" in c["algorithm"] for c in cases)'
    if grep -q 'reference' "$work/out" "$work/err"; then not_ok 'nor in the output'; else ok 'nor in the output'; fi
    check 'but it can be asked for' with_netlib '' "$build/matmul" "${tiny[@]}" --output none --blas blas
    says 'by its name' 'by reference BLAS'
else
    skip 'a reference BLAS beside a fast one' 'OpenBLAS is not here'
fi
mkdir "$work/probed"
check 'the probe with a reference BLAS alone' with_netlib "$vendors" env CUDA=no MPI=no scripts/probe "$work/probed/config.mk"
says 'recognises it' 'missing: only libblas.so.3 (a reference BLAS) is here'
check 'it counts as lacking' grep -q '^LACKING := .*BLAS' "$work/probed/config.mk"
sed -i 's/^LACKING := .*/LACKING := BLAS/; s/^HAVE_CUBLASLT := .*/HAVE_CUBLASLT := yes/' "$work/probed/config.mk"
if [ -e /dev/nvidia0 ] || [ -e /dev/nvidiactl ]; then skip 'cuBLASLt without a GPU' 'this machine has a GPU'; else
    check 'cuBLASLt does not replace it without a GPU' env NO_INSTALL=1 scripts/setup --for bench --config "$work/probed/config.mk"
    says 'what follows is said' 'without a fast BLAS matmul shows far less than the CPU can do'
fi
for pair in 'openblas:BLIS' 'blis:OpenBLAS'; do
    if hidden "${pair%%:*} mkl nvpl armpl libblas libcblas" \
        "$build/matmul" --output none --shapes 64 -n 3 --phase burst >"$work/out" 2>"$work/err"; then
        says "without ${pair%%:*}" "by ${pair##*:}"
    else
        skip "without ${pair%%:*}" "${pair##*:} is not here"
    fi
done
