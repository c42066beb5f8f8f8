#!/usr/bin/env bash
# installed.sh WORK CONSUMERS PACKAGE...: installs the packages, uses them, and
# removes them, in a copy of this machine's file system that only this process
# sees: an overlay, whose changes are in the folder WORK. Prints the files that
# are left of the packages. Needs root, or user namespaces.
set -euo pipefail

# Has chroot; Bazel's PATH for tests does not have it.
PATH+=:/usr/sbin:/sbin

if [[ ${1-} != --inside ]]; then
  as_root=()
  ((EUID == 0)) || as_root=(--user --map-root-user)
  exec unshare "${as_root[@]}" --mount --propagation private \
    "${BASH_SOURCE[0]}" --inside "$@"
fi

work=$2
consumers=$3
shift 3

# The layers of the overlay may not be within each other.
mount -t tmpfs tmpfs "$work"
mkdir "$work"/{upper,work,root}
mount -t overlay overlay "$work/root" \
  -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work"
root=$work/root
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mkdir "$root/consumers"
cp "$@" "$consumers"/*.cc "$root/consumers"

inside() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    DEBIAN_FRONTEND=noninteractive bash -euo pipefail -c "$1" >&2
}

# shellcheck disable=SC2016
inside '
  cd /consumers
  dpkg --install ./*.deb
  dpkg --audit
  ldconfig --print-cache | grep libappcache-lmdb.so.0
  [[ $(appcache --version) == *" $(pkg-config --modversion appcache)" ]]
  appcache exec --cache runs.db --ttl 1h -- echo word
  man --where appcache appcache-exec
  compile() {
    # shellcheck disable=SC2046
    c++ -std=c++20 -Wall -Wextra -Werror "$1.cc" -o "$1" \
      $(pkg-config --cflags --libs "${@:2}")
  }
  compile embed appcache
  ./embed embed.db
  compile open_by_uri appcache-open appcache-lmdb appcache-tiered
  ./open_by_uri sqlite:by_uri.db memory:consumer lmdb:entries \
    "tiered:memory:local|sqlite:remote.db"
  compile redis appcache-redis
  dpkg --purge appcache libappcache-dev libappcache0
'
# What was added, except by this script and to the records of dpkg. A character
# device stands for a removed file.
cd "$work/upper"
find . -path '*appcache*' -not -type c -not -path './consumers/*' \
  -not -path './var/lib/dpkg/*' -not -path './var/log/*'
