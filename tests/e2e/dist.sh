#!/usr/bin/env bash
# make dist: the tarball contains the files that git tracks; it builds and passes tests without git.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
has_mpi=$([ -x "$build/all_reduce" ] && echo yes)
unset MAKEFLAGS MFLAGS MAKELEVEL B CFLAGS
if ! git rev-parse --git-dir >/dev/null 2>&1; then
    mkdir "$work/copy"
    cp -r Makefile bench scripts tests "$work/copy"
    expect_status 'make dist outside of a git checkout' 2 make --no-print-directory -C "$work/copy" dist
    says 'says why' 'dist: this is no git checkout'
    skip 'make dist' 'not a git checkout'
    exit
fi
check 'make dist' make --no-print-directory B="$work/build" dist
tarball=$(cat "$work/out")
name=$(basename "$tarball" .tar.gz)
if [[ $name =~ ^busbar-[0-9]+\.[0-9]+\.[0-9]+$ ]]; then ok 'its name holds the version'; else not_ok "its name is '$name'"; fi
tar -tzf "$tarball" | LC_ALL=C sort >"$work/has"
{ git ls-files; echo git-hash; } | sed "s,^,$name/," | LC_ALL=C sort >"$work/wanted"
check 'it holds what git knows, and the hash' diff "$work/wanted" "$work/has"
cp "$tarball" "$work/first.tar.gz"
check 'made again' make --no-print-directory B="$work/build" dist
check 'it is the same to the byte' cmp "$work/first.tar.gz" "$tarball"

cd "$work" || exit 1
tar -xzf first.tar.gz
cd "$name" || exit 1
hash=$(cat git-hash)
# An enclosing checkout has another hash.
git init -q "$work"
expect_status 'make dist in the unpacked tarball' 2 make --no-print-directory dist
says 'says why' 'dist: this is no git checkout'
programs=build/busbar
[ -z "$has_mpi" ] || programs="$programs build/all_reduce"
# shellcheck disable=SC2086 # a list
check 'it builds' make --no-print-directory -j2 CFLAGS=-O0 CUDA=no MPIRUN="$mpirun" $programs
if [ -n "$has_mpi" ]; then
    check 'a driver measures' ranks 2 build/all_reduce --backend mpi --sizes 8 -n 5 --output records --run r --launch l
    check "the record has the tarball's hash, $hash" grep -qF "\"git\":\"$hash\"" records/r/l.jsonl
fi
BUILD=build
export BUILD
for test in limits export includes; do check "tests/e2e/$test.sh passes there" tests/run tests/e2e/$test.sh; done
