#!/usr/bin/env bash
# The build itself, in a copy of the tree: nothing is rebuilt without a reason, a header or a knob rebuilds what depends
# on it and nothing else, parts that are missing are named, a part that was asked for fails loudly.
. "$(dirname "$0")/../lib.sh"
here=$PWD
tree=$work/tree
mkdir "$tree"
tar -cf - --exclude='./build*' --exclude=./.git --exclude=./results/[a-z0-9]*/ . | tar -xf - -C "$tree"
cd "$tree" || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL B CFLAGS
# busbar and all_gather stand for all programs; CUDA's probe and plug-ins take long and are tested where CUDA is.
targets='build/busbar build/all_gather'
build() { make --no-print-directory -j2 CFLAGS=-O0 CUDA=no "$@"; }

if ! build MPI=yes build/config.mk >/dev/null 2>"$work/probe" || ! grep -q '^  MPI .*MPI' "$work/probe"; then
    targets=build/busbar
    skip 'drivers are rebuilt rightly' 'no MPI here'
fi
# shellcheck disable=SC2086 # a list
check 'a first build' build $targets
objects() { sed -n 's/^  CC *//p' "$work/out" | sort; }
# rebuilds NAME PATTERN COMMAND…: what was compiled matches the pattern, all of it, and it is not nothing.
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
        rebuilds 'another MPI rebuilds what uses MPI' 'bench/(measure|backend|gemm|drivers)/|tests/' \
            build HWLOC_HOME=/usr $targets
        check 'back again' build $targets
    fi
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
# dnf by a stand-in that writes down what it is asked for: this shows the calls, not that the packages exist.
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
if grep -q '^install -y -q --enablerepo=crb gcc glibc-devel make .*openmpi-devel .*jansson-devel' "$work/bin/asked"; then
    ok 'dnf is asked for the packages, with the repository that has the headers'
else
    not_ok 'dnf is asked for the packages, with the repository that has the headers'
fi
expect_status 'setup: wrong usage' 2 scripts/setup --for fun

# A cluster without gnuplot and without root measures all the same; with another part missing too, that one is named.
expect_status 'a bench without gnuplot' 0 env NO_INSTALL=1 CUDA=no GNUPLOT=/bin/false scripts/setup --for bench
says 'says what it goes without' 'without gnuplot no plots are drawn'
expect_status 'tests without gnuplot' 5 env NO_INSTALL=1 CUDA=no GNUPLOT=/bin/false scripts/setup --for test

# apt-get by a stand-in whose release lacks one package: the others are asked for.
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
