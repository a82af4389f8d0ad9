#!/bin/bash
# The bare-machine proof, as root on a Debian or Ubuntu host: a debootstrapped system with nothing but make, git and a
# package manager; a fresh clone of this repository's HEAD; then, as root, `make bench` and `make test`, and `make bench`
# as an ordinary user. Times each step.
#   tests/bare/debian.sh [SUITE [FOLDER]]      SUITE: bookworm (default), trixie …, or Ubuntu's: jammy, noble …
# The mirror is that of the host's apt that has the suite, or MIRROR=URL; the proxy is that of the host's apt. Needs debootstrap.
# The folder is kept when something fails, or with KEEP=1; STEPS chooses steps.
set -eu
suite=${1:-bookworm}
root=${2:-$(mktemp -d /tmp/busbar-bare.XXXXXX)}
steps=${STEPS:-bootstrap clone bench test user}
source=$(cd "$(dirname "$0")/../.." && pwd)
[ "$(id -u)" -eq 0 ] || { echo 'debian.sh: debootstrap and chroot need root' >&2; exit 5; }
command -v debootstrap >/dev/null || { echo 'debian.sh: debootstrap is missing' >&2; exit 5; }

# The first archive in the host's apt sources that has the suite.
# shellcheck disable=SC2016 # apt's own format
mirror=${MIRROR:-$(apt-get indextargets --format '$(SITE) $(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    awk -v s="$suite" '$3 == s { print $2; exit }')}
[ -n "$mirror" ] || { echo "debian.sh: no archive in this host's apt sources has '$suite' (MIRROR=URL names one)" >&2; exit 5; }

# Ubuntu has most of what is needed in universe, which its own installer enables. A suite newer than this debootstrap is like the others.
components=main like=sid
case $mirror in *ubuntu*) components=main,universe like=gutsy ;; esac
[ -e "/usr/share/debootstrap/scripts/$suite" ] && like=$suite

mounts() {
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev" && mount --make-rslave "$root/dev"
    mount --rbind /sys "$root/sys" && mount --make-rslave "$root/sys"
}
unmounts() {
    for m in proc dev sys; do
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
    # The host's way out: proxy settings of apt and certificates that it trusts; the sources are debootstrap's.
    cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
    cp -r /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/" 2>/dev/null || :
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    chroot "$root" useradd --create-home newcomer
}
clone() {
    for user in root newcomer; do
        home=$(chroot "$root" sh -c "echo ~$user")
        git clone -q --bare --no-hardlinks "$source" "$root$home/origin"
        chroot "$root" chown -R "$user:$user" "$home/origin"
        in_chroot $user "git clone -q ~/origin ~/busbar"
    done
}
bench() { in_chroot root 'cd ~/busbar && make bench && ls -R results | tail -n 40'; }
user() { in_chroot newcomer 'cd ~/busbar && make bench && ls -R results | tail -n 40'; }
run_tests() { in_chroot root 'cd ~/busbar && make test'; }

for step in $steps; do
    if [ "$step" != bootstrap ] && ! mountpoint -q "$root/proc"; then mounts; fi
    case $step in
    bootstrap) mkdir -p "$root" && timed bootstrap bootstrap ;;
    clone) timed clone clone ;;
    bench) timed 'make bench as root, installation included' bench ;;
    test) timed 'make test as root' run_tests ;;
    user) timed 'make bench as an ordinary user' user ;;
    *) echo "debian.sh: unknown step '$step'" >&2 && exit 2 ;;
    esac
done
echo "bare machine ($suite): $steps: all passed"
