#!/bin/bash
# Builds scripts/container/Containerfile, as root on a Debian or Ubuntu host and without a daemon: by buildah with chroot isolation, on a
# debootstrapped base in place of NVIDIA's image, and without CUDA. Then runs in it what an MPIJob runs: sshd's configuration and a sweep.
#   tests/bare/container.sh [SUITE]      SUITE, MIRROR: as for tests/bare/debian.sh. Needs buildah and debootstrap.
set -eu
suite=${1:-bookworm}
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
for tool in buildah debootstrap; do command -v $tool >/dev/null || { echo "container.sh: $tool is missing" >&2; exit 5; }; done
work=$(mktemp -d /tmp/busbar-container.XXXXXX)
export TMPDIR=$work
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
storage() {
    local command=$1
    shift
    buildah --storage-driver vfs --root "$work/storage" --runroot "$work/run" "$command" "$@"
}

STEPS=bootstrap KEEP=1 "$here/debian.sh" "$suite" "$work/base"
container=$(storage from scratch)
storage copy -q "$container" "$work/base" / >/dev/null
storage commit -q --rm "$container" base >/dev/null
rm -rf --one-file-system "$work/base"

# A fresh clone of HEAD, plus files of a build and of results, which must not get into the image.
git clone -q --no-hardlinks "$source" "$work/context"
mkdir -p "$work/context/build" "$work/context/results/2026-01-01-000000"
touch "$work/context/build/stale" "$work/context/results/2026-01-01-000000/stale"
storage bud --isolation chroot --build-arg BASE=localhost/base --build-arg CUDA=no --build-arg NCCL=no --build-arg NCCL_PACKAGES= \
    -f "$work/context/scripts/container/Containerfile" -t busbar "$work/context" >"$work/log" 2>&1 || { tail -n 30 "$work/log"; exit 1; }
echo "ok - the image is built"

container=$(storage from localhost/busbar)
inside() { storage run --isolation chroot "$container" -- "$@"; }
inside sh -c '! ls build/stale results/2* 2>/dev/null'
echo "ok - nothing of the host's build or runs is in it"
inside /usr/sbin/sshd -t
echo "ok - sshd takes its configuration"
inside scripts/sweep --launcher mpirun --collect --results /results --run r --drivers all_reduce,matmul --sizes 8,64K --shapes 128 --launches 1 \
    --max-seconds 0.2 --ranks-per-node 2
inside build/busbar show /results/r
inside build/busbar plot /results/r --output /results/r/plots >/dev/null
echo "ok - a sweep measures in it, its table and plots are made"
