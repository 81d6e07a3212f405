#!/bin/bash
# Keeps a container: starts it, and leaves nothing behind when it or whoever started this has ended.
#
#   keep.sh NAME TREE EMPTY CACHE [FOLDER…]
#
# NAME is what the machine is called; TREE is what debootstrap made and is not changed; EMPTY a folder that
# is covered by memory in the container; CACHE keeps what it downloads; the folders are what it sees of this
# machine. Everything is mounted in the container's own mount namespace, so it goes with its last process.
# Only its control groups are visible outside.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
groups=/sys/fs/cgroup
[ -e $groups/cgroup.procs ] || groups=$groups/unified
group=$groups/mailportal-install-$$

# Each is called after the process that keeps it. Of one that still does, none may be taken away: its
# systemd makes a group first and then puts somebody into it.
remove_groups() {
  local stale
  for stale in "$groups"/mailportal-install-*; do
    [ -d "$stale" ] || continue
    [ "$stale" = "$group" ] || [ ! -d "/proc/${stale##*-}" ] || continue
    find "$stale" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
}

remove_groups
mkdir "$group"
(
  echo "$BASHPID" >"$group/cgroup.procs"
  exec setpriv --pdeathsig KILL unshare --mount --pid --net --uts --ipc --cgroup \
    --fork --kill-child=KILL "$here/boot.sh" "$@"
) &
container=$!
trap 'kill -KILL $container 2>/dev/null' TERM INT HUP
wait $container || true
trap '' TERM INT HUP
# The kernel takes a moment to end everybody in it.
for _ in {1..100}; do
  remove_groups
  [ -d "$group" ] || break
  sleep 0.1
done
