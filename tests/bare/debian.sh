#!/bin/bash
# Tests busbar on a bare system, as root on a Debian or Ubuntu host: debootstraps a system that has only make, git, a package manager and
# what PREPARE names, and clones HEAD of this repository there. Then runs, as root, `make bench`, `make test` and a comparison of matmul
# with the best BLAS that the packages offer, and `make bench` as an ordinary user. Prints the time of each step; `make bench` must complete
# every launch.
#   tests/bare/debian.sh [SUITE [FOLDER]]      SUITE: bookworm (default), trixie …, or Ubuntu's: jammy, noble …
# PREPARE, in this order: netlib (the reference BLAS, and a C compiler), cuda (a C++ compiler, and the host's /usr/local/cuda mounted
# read-only), mpich, openmpi; for instance PREPARE="mpich openmpi". BENCH: knobs of make bench, such as BENCH="TIME_BUDGET=60". The mirror
# is the one in the host's apt sources that has the suite, or MIRROR=URL; the proxy is that of the host's apt. Needs debootstrap. The folder
# is kept after a failure, or with KEEP=1. STEPS chooses the steps (`unpack` instead of `clone` uses the tarball of `make dist`). TIMED goes
# before the command of the timed comparison.
set -eu
suite=${1:-bookworm}
root=${2:-$(mktemp -d /tmp/busbar-bare.XXXXXX)}
steps=${STEPS:-bootstrap prepare clone bench test gemm user}
source=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$root" && chmod 755 "$root" # it becomes /, which the ordinary user must be able to read; mktemp makes folders for root alone
[ "$(id -u)" -eq 0 ] || { echo 'debian.sh: debootstrap and chroot need root' >&2; exit 5; }
command -v debootstrap >/dev/null || { echo 'debian.sh: debootstrap is missing' >&2; exit 5; }

# The first archive in the host's apt sources that has the suite.
# shellcheck disable=SC2016 # apt's own format
mirror=${MIRROR:-$(apt-get indextargets --format '$(SITE) $(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk -v s="$suite" '$3 == s { print $2; exit }')}
[ -n "$mirror" ] || { echo "debian.sh: no archive in this host's apt sources has '$suite' (MIRROR=URL names one)" >&2; exit 5; }

# On Ubuntu, universe has most of what is needed; its installer enables it, debootstrap does not. debootstrap's scripts for nearly all suites
# are links to that for sid or gutsy, so these serve for suites that this debootstrap does not know.
components=main like=sid
case $mirror in *ubuntu*) components=main,universe like=gutsy ;; esac
[ -e "/usr/share/debootstrap/scripts/$suite" ] && like=$suite

mounts() {
    if [ -d "$root/usr/local/cuda" ] && ! mountpoint -q "$root/usr/local/cuda"; then
        mount --bind -o ro "$(readlink -f /usr/local/cuda)" "$root/usr/local/cuda"
    fi
    mountpoint -q "$root/proc" && return
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev" && mount --make-rslave "$root/dev"
    mount --rbind /sys "$root/sys" && mount --make-rslave "$root/sys"
}
unmounts() {
    for m in proc dev sys usr/local/cuda; do
        if mountpoint -q "$root/$m"; then umount -l "$root/$m"; fi
    done
}
finish() {
    status=$?
    unmounts
    if [ $status -eq 0 ] && [ -z "${KEEP:-}" ]; then rm -rf --one-file-system "$root"; else echo "kept: $root"; fi
    exit $status
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# in_chroot USER COMMAND: a clean environment and no standard input.
in_chroot() {
    chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        su -l "$1" -s /bin/bash -c "$2" </dev/null
}
timed() {
    local name=$1 start=$SECONDS
    shift
    echo "=== $name"
    "$@"
    echo "=== $name: $((SECONDS - start)) s"
}

bootstrap() {
    debootstrap --variant=minbase --components=$components --include=make,git,ca-certificates "$suite" "$root" "$mirror" \
        "/usr/share/debootstrap/scripts/$like" >"$root.log" 2>&1 ||
        { tail -n 20 "$root.log"; return 5; }
    rm -f "$root.log"
    # Network access as on the host: apt's proxy settings and the certificates that the host trusts.
    cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
    cp -r /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/" 2>/dev/null || :
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    chroot "$root" useradd --create-home newcomer
}
packages() { in_chroot root "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $* >/tmp/log 2>&1 || { tail /tmp/log; exit 1; }"; }
prepare() {
    for what in ${PREPARE:-}; do
        case $what in
        netlib) packages libblas3 gcc libc6-dev ;; # with a compiler, so that the BLAS itself is judged
        mpich) packages mpich libmpich-dev ;;
        openmpi) packages openmpi-bin libopenmpi-dev ;;
        cuda)
            [ -d /usr/local/cuda ] || { echo 'debian.sh: this host has no /usr/local/cuda' >&2; return 5; }
            packages g++
            mkdir -p "$root/usr/local/cuda"
            mounts
            ;;
        *) echo "debian.sh: PREPARE: '$what' is none of netlib, cuda, mpich, openmpi" >&2; return 2 ;;
        esac
    done
}
clone() {
    for user in root newcomer; do
        home=$(chroot "$root" sh -c "echo ~$user")
        git clone -q --bare --no-hardlinks "$source" "$root$home/origin"
        chroot "$root" chown -R "$user:$user" "$home/origin"
        in_chroot $user "git clone -q ~/origin ~/busbar"
    done
}
unpack() {
    local tarball
    tarball=$(make --no-print-directory -s -C "$source" dist) && tarball=$(cd "$source" && realpath "$tarball") || return 5
    for user in root newcomer; do
        home=$(chroot "$root" sh -c "echo ~$user")
        mkdir "$root$home/busbar"
        tar -xzf "$tarball" -C "$root$home/busbar" --strip-components 1
        chroot "$root" chown -R "$user:$user" "$home/busbar"
    done
}
# measure USER: make bench ends well, with every launch of its plan complete.
measure() {
    in_chroot "$1" "cd ~/busbar && make bench ${BENCH:-} && ls -R results | tail -n 40" 2>&1 | tee "$root/tmp/bench.log"
    [ "${PIPESTATUS[0]}" -eq 0 ] || { echo "not ok - make bench of $1 failed"; return 1; }
    if ! grep -qE 'sweep: ([0-9]+) of \1 launches complete' "$root/tmp/bench.log"; then echo "not ok - launches are missing"; return 1; fi
    echo "ok - make bench of $1: every launch is complete"
}
run_tests() { in_chroot root 'cd ~/busbar && make test'; }
# The packages that matmul is compared with are unpacked aside: it knows only what `make bench` installed.
gemm() {
    in_chroot root 'mkdir -p /tmp/offer && cd /tmp/offer && apt-get download -qq libopenblas0-pthread libblis4-pthread libgfortran5 2>/dev/null &&
        for deb in *.deb; do dpkg -x "$deb" x || exit; done; cd ~/busbar && make -s all build/benchmark/bare_gemm'
    local offer
    offer=$(cd "$root" && find tmp/offer/x -name 'libopenblas.so.0' -o -name 'libblis.so.4' -o -name 'libgfortran.so.5' | sed 's,^\(.*\)/[^/]*$,/\1,' | sort -u | paste -sd:)
    # shellcheck disable=SC2086 # a command with its arguments, or nothing
    ${TIMED:-} chroot "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/root bash -c \
        "cd ~/busbar && BARE_LIBRARY_PATH=$offer TARGET=0.9 ROUNDS=${ROUNDS:-5} tests/benchmark/blas.sh" </dev/null
}

for step in $steps; do
    if [ "$step" != bootstrap ]; then mounts; fi
    case $step in
    bootstrap) mkdir -p "$root" && timed bootstrap bootstrap ;;
    prepare) timed "prepare: ${PREPARE:-nothing}" prepare ;;
    clone) timed clone clone ;;
    unpack) timed 'unpack the tarball' unpack ;;
    bench) timed 'make bench as root, installation included' measure root ;;
    gemm) timed "matmul against the packages' best" gemm ;;
    test) timed 'make test as root' run_tests ;;
    user) timed 'make bench as an ordinary user' measure newcomer ;;
    *) echo "debian.sh: unknown step '$step'" >&2 && exit 2 ;;
    esac
done
echo "bare machine ($suite${PREPARE:+, $PREPARE}): $steps: all passed"
