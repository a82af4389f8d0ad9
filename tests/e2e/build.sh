#!/usr/bin/env bash
# The build itself, in a copy of the tree: nothing is rebuilt without a reason; a changed header or knob rebuilds exactly the
# objects that depend on it; missing parts are named; a missing part that the user requires is an error.
. "$(dirname "$0")/../lib.sh"
here=$PWD
tree=$work/tree
mkdir "$tree"
tar -cf - --exclude='./build*' --exclude=./.git --exclude=./results/[a-z0-9]*/ . | tar -xf - -C "$tree"
cd "$tree" || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL B CFLAGS MPIRUN
# busbar and all_gather represent all programs; the probe for CUDA and the plug-ins take long and are tested elsewhere.
targets='build/busbar build/all_gather'
build() { make --no-print-directory -j2 CFLAGS=-O0 CUDA=no "$@"; }

if ! build MPI=yes build/config.mk >/dev/null 2>"$work/probe" || ! grep -q '^  MPI .*MPI' "$work/probe"; then
    targets=build/busbar
    skip 'drivers are rebuilt rightly' 'no MPI here'
fi
# shellcheck disable=SC2086 # a list
check 'a first build' build $targets
mpirun_here=$(sed -n 's/^MPI_MPIRUN := //p' build/config.mk)
objects() { sed -n 's/^  CC *//p' "$work/out" | sort; }
# rebuilds NAME PATTERN COMMAND…: the command compiles at least one file, and all files that it compiles match the pattern.
rebuilds() {
    local name=$1 pattern=$2
    shift 2
    check "$name: builds" "$@" || return
    local others
    others=$(objects | grep -vE "$pattern")
    if [ -z "$others" ] && [ -n "$(objects)" ]; then ok "$name"; else
        not_ok "$name: compiled $(objects | tr '\n' ' ')"
    fi
}
nothing() {
    check "$1: builds" "${@:2}" || return
    if [ ! -s "$work/out" ]; then ok "$1"; else not_ok "$1: $(cat "$work/out")"; fi
}
# shellcheck disable=SC2086
{
    check 'every object has its dependencies' test "$(find build/obj -name '*.o' | wc -l)" = "$(find build/obj -name '*.d' | wc -l)"
    nothing 'nothing changed, nothing is done' build -s $targets
    sleep 1
    touch bench/base/tsv.h
    users=$(grep -l '"base/tsv.h"' bench/*/*.[ch] bench/analysis/*/*.[ch] | sed 's,.*/,,; s,\..*,,' | sort -u | paste -sd'|')
    rebuilds 'a header rebuilds its users' "/($users|limits)\.o" build $targets
    says 'its own source among them' 'base/tsv.o'
    nothing 'and then nothing' build -s $targets
    rebuilds 'a flag rebuilds all' '.' build CFLAGS='-O0 -g0' $targets
    compiled=$(objects | wc -l)
    check 'all, not some' test "$compiled" = "$(find build/obj -name '*.o' | wc -l)"
    check 'back again' build $targets
    if [ "$targets" != build/busbar ]; then
        rebuilds 'another MPI rebuilds what uses MPI' 'bench/(backend|launch|measure|matmul|overlap|step|drivers)/|tests/' \
            build HWLOC_HOME=/usr $targets
        check 'back again' build $targets
    fi
    for target in help '-n clean' '-n dist' uninstall; do make --no-print-directory DESTDIR=/nowhere $target >/dev/null 2>&1; done
    nothing 'after targets that need no probe, nothing' build -s $targets
    check 'another probe' build probe
    nothing 'that finds the same, and then nothing' build -s $targets
    nothing 'another place for CUDA rebuilds no C' build -s CUDA_HOME=/nowhere $targets
}

expect_status 'CUDA=yes without CUDA fails' 2 make CUDA=yes CUDA_HOME=/nowhere NVCC= build/busbar
says 'and says what is missing' 'MISSING, though it was asked for: no nvcc at /nowhere/bin/nvcc'
expect_status 'a compiler that is none' 2 make CC=/bin/false build/busbar
says 'is named' "MISSING: '/bin/false'"
expect_status 'a knob with another value' 2 make MPI=maybe build/busbar
says 'is named with what was expected' "MPI='maybe': auto, yes or no was expected"

expect_status 'setup without permission to install' 5 env NO_INSTALL=1 CC=/bin/false scripts/setup --for bench
says 'names the compiler' 'C-compiler: a C11 compiler'
# setup_line MANAGER REGEX: the last command printed the one line that installs all that is missing, and the line matches.
setup_line() {
    if grep -qxE "setup: as root: $2" "$work/err"; then ok "$1: one line installs all that is missing"; else
        not_ok "$1: one line installs all that is missing"
        cat "$work/err"
    fi
}
if command -v apt-get >/dev/null; then setup_line apt-get 'apt-get update && apt-get install -y gcc libc6-dev .*openmpi-bin .*libjansson-dev.*'; fi
# A stand-in for dnf records its arguments: this tests the calls, not whether the packages exist.
mkdir -p "$work/bin"
cat >"$work/bin/dnf" <<'DNF'
#!/bin/sh
echo "$*" >>"${0%/*}/asked"
case "$*" in *repolist*) echo 'crb    CodeReady Builder' ;; esac
DNF
printf '#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n' >"$work/bin/sudo"
chmod +x "$work/bin/dnf" "$work/bin/sudo"
expect_status 'setup by dnf that brings nothing' 5 env PATH="$work/bin:$PATH" SETUP_MANAGERS=dnf CC=/bin/false scripts/setup --for bench
says 'still names what is missing' 'still missing:'
setup_line dnf 'dnf install -y --enablerepo=crb gcc glibc-devel make .*openmpi-devel .*jansson-devel.*'
if grep -q '^install -y -q --enablerepo=crb gcc glibc-devel make .*openmpi-devel .*jansson-devel' "$work/bin/asked"; then
    ok 'dnf is asked for the packages, with the repository that has the headers'
else
    not_ok 'dnf is asked for the packages, with the repository that has the headers'
fi
expect_status 'setup: wrong usage' 2 scripts/setup --for fun

# A cluster without gnuplot and without root can still measure. If another part is missing, too, only that one is named.
expect_status 'a bench without gnuplot' 0 env NO_INSTALL=1 CUDA=no GNUPLOT=/bin/false scripts/setup --for bench
says 'says what it goes without' 'without gnuplot no plots are drawn'
expect_status 'tests without gnuplot' 5 env NO_INSTALL=1 CUDA=no GNUPLOT=/bin/false scripts/setup --for test

# A stand-in for apt-get of a release that lacks one package: setup requests the others.
cat >"$work/bin/apt-get" <<'APT'
#!/bin/sh
echo "$*" >>"${0%/*}/asked"
APT
printf '#!/bin/sh\ncase $* in *libcriterion*) exit 100 ;; esac\n' >"$work/bin/apt-cache"
chmod +x "$work/bin/apt-get" "$work/bin/apt-cache"
rm "$work/bin/asked"
expect_status 'setup by apt-get of a release without Criterion' 5 env PATH="$work/bin:$PATH" SETUP_MANAGERS=apt-get CC=/bin/false scripts/setup --for test
if grep -q '^install .* gcc .*libhwloc-dev' "$work/bin/asked" && ! grep -q libcriterion "$work/bin/asked"; then
    ok 'the other packages are asked for'
else
    not_ok 'the other packages are asked for'
    cat "$work/bin/asked"
fi

# A part counts only if it works: stand-ins that come first in PATH have the right name, but do not work.
mkdir "$work/broken"
# broken PART PROGRAM TEXT BODY: with a PROGRAM of this BODY first in PATH, scripts/works says that PART does not work, and why (TEXT).
broken() {
    rm -f "$work"/broken/*
    printf '#!/bin/sh\n%s\n' "$4" >"$work/broken/$2"
    chmod +x "$work/broken/$2"
    expect_status "$1: $3" 1 env PATH="$work/broken:$PATH" scripts/works "$1"
    says "$1: it is said what is wrong" "$3"
}
real_gnuplot=$(command -v gnuplot || echo /bin/false)
broken gnuplot gnuplot 'draws no png' "case \$1 in --version) echo gnuplot 5.4; exit ;; esac
grep -q pngcairo \"\$1\" && { echo 'unknown or ambiguous terminal type' >&2; exit 1; }
exec $real_gnuplot \"\$@\""
[ "$real_gnuplot" = /bin/false ] && skip 'gnuplot: draws no png' 'gnuplot is not here'
broken python3 python3 'older than 3.8 or cannot run a script' 'echo SyntaxError >&2; exit 1'
broken YAML python3 'cannot read YAML' 'echo "ModuleNotFoundError: yaml" >&2; exit 1'
broken pgrep pgrep 'does not find a process by its command line' 'echo 1'
broken ip tc 'tc does not start' 'exit 1'
broken cross-compiler aarch64-linux-gnu-gcc 'builds no program' exit
broken qemu qemu-aarch64-static 'does not start' 'exit 1'
broken shellcheck shellcheck 'finds no fault in a script that has one' exit
broken groff groff 'formats no man page' exit
broken Chromium chromium 'opens no page: requires the chromium snap' 'echo "requires the chromium snap" >&2; exit 1'
broken libFuzzer clang 'builds no fuzzer that runs' exit
rm -f "$work"/broken/*
for name in clang-format clang-format-14; do printf '#!/bin/sh\necho clang-format version 18.1.3\n' >"$work/broken/$name"; done
chmod +x "$work"/broken/*
expect_status 'clang-format: another version' 1 env PATH="$work/broken:$PATH" scripts/works clang-format
expect_status 'works: an unknown part' 2 scripts/works nothing
rm -f "$work"/broken/*
printf '#!/bin/sh\nexit 1\n' >"$work/broken/python3"
chmod +x "$work/broken/python3"
mkdir "$work/answers"
printf 'LACKING :=\nHAVE_BLAS := fast\n' >"$work/answers/config.mk"
expect_status 'setup where python3 is broken' 5 env PATH="$work/broken:$PATH" NO_INSTALL=1 scripts/setup --for test --config "$work/answers/config.mk"
says 'names it' 'python3: python3 3.8 or later'
parts=$(sed -n '3s/^# *//p' scripts/works)
check 'scripts/works names its parts' test "$(wc -w <<<"$parts")" -gt 10
for part in $parts; do
    if grep -q "^ci) parts='.* ${part}[ ']" scripts/setup; then ok "CI has $part"; else not_ok "CI has $part"; fi
done

# probes PART TEXT VARIABLE=VALUE…: the probe counts the part as missing, and TEXT says why.
probes() {
    local name=$1 text=$2
    shift 2
    env CUDA=no "$@" scripts/probe "$work/answers/probed.mk" >"$work/out" 2>&1
    says "$name: $text" "$text"
    check "$name: it is lacking" grep -q "^LACKING := .*$name" "$work/answers/probed.mk"
}
# Makes a fake library in a prefix from the text of its header and the C source of its shared object.
prefix() { # NAME HEADER C
    mkdir -p "$work/$1/include/criterion" "$work/$1/lib"
    printf '%s\n' "$2" >"$work/$1/include/$1.h"
    printf '%s\n' "$3" | cc -shared -fPIC -w -x c -o "$work/$1/lib/lib$1.so" -
}
prefix jansson '#define JANSSON_VERSION "2.4"
typedef int json_t; json_t *json_pack(const char *, ...); int json_object_size(json_t *); void json_decref(json_t *);' \
    'void *json_pack(const char *f) { return 0; } int json_object_size(int *j) { return 0; } void json_decref(int *j) { }'
probes JSON 'jansson 2.8 or later' JANSSON_HOME="$work/jansson" MPI=no
prefix hwloc '#define HWLOC_API_VERSION 0x20000
typedef void *hwloc_topology_t; enum { HWLOC_OBJ_PU };
int hwloc_topology_init(hwloc_topology_t *), hwloc_topology_load(hwloc_topology_t), hwloc_get_nbobjs_by_type(hwloc_topology_t, int);
void hwloc_topology_destroy(hwloc_topology_t);' 'int hwloc_topology_init(void **t) { return 0; } int hwloc_topology_load(void *t) { return -1; }
int hwloc_get_nbobjs_by_type(void *t, int k) { return 0; } void hwloc_topology_destroy(void *t) { }'
probes hwloc 'hwloc.h, -lhwloc' HWLOC_HOME="$work/hwloc" MPI=no
prefix criterion '' ''
cat >"$work/criterion/include/criterion/criterion.h" <<'H'
#define Test(suite, name) __attribute__((unused)) static void suite##name(void)
#define cr_redirect_stderr()
#define cr_assert_stderr_eq_str(text)
#define cr_expect_float_eq(...)
int main(void) { return 0; }
H
: >"$work/criterion/include/criterion/redirect.h"
probes Criterion 'with which a test builds and runs' CRITERION_HOME="$work/criterion" MPI=no
if [ "$targets" != build/busbar ]; then
    # Two launchers that do not fit: one starts no rank; one starts each rank alone, as the launcher of another MPI library does.
    mkdir "$work/mpi"
    cat >"$work/mpi/dead" <<'END'
#!/bin/sh
[ "$1" = --version ] && { echo 'mpirun (Open MPI) 4.1.4'; exit; }
echo 'orterun: not enough slots' >&2
exit 1
END
    cat >"$work/mpi/alone" <<'END'
#!/bin/sh
[ "$1" = --version ] && { echo 'HYDRA build details:'; exit; }
while [ "$1" != localhost ]; do shift; done
shift
"$@" && "$@"
END
    chmod +x "$work"/mpi/*
    probes MPI 'dead does not start two ranks: orterun: not enough slots' MPIRUN="$work/mpi/dead"
    probes MPI 'alone does not start two ranks: 1 ranks, sum 1' MPIRUN="$work/mpi/alone"
    probes MPI "flags do not build a program" MPICC=/bin/true
    # Two libraries, as Debian installs them: plain mpicc leads to one, plain mpirun to the other. The probe takes the mpirun that has the
    # wrapper's suffix.
    printf '#!/bin/sh\nexec %s "$@"\n' "$(command -v "${MPICC:-mpicc}")" >"$work/mpi/mpicc.mine"
    printf '#!/bin/sh\nexec %s "$@"\n' "$mpirun_here" >"$work/mpi/mpirun.mine"
    ln -s mpicc.mine "$work/mpi/mpicc"
    cp "$work/mpi/alone" "$work/mpi/mpirun"
    chmod +x "$work"/mpi/*
    PATH="$work/mpi:$PATH" MPICC='' check 'with two MPI libraries' env CUDA=no scripts/probe "$work/answers/two.mk"
    check 'the launcher is that of the compiler wrapper' grep -qx "MPI_MPIRUN := $work/mpi/mpirun.mine" "$work/answers/two.mk"
fi

rm -rf build
unit=''
if grep -q 'Criterion *yes' "$work/probe"; then unit=build/unit; fi
# shellcheck disable=SC2086 # empty or one word
check 'without MPI: busbar and the unit tests build' build MPI=no all $unit
says 'and MPI is not looked for' 'not wanted (MPI=no)'
check 'busbar builds where MPI is missing' build MPI_HOME=/nowhere build/busbar
says 'and the drivers are named as not built' 'no mpicc in /nowhere; the drivers are not built'
check 'and busbar runs' build/busbar --version
cd "$here" || exit 1
