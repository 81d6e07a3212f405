#!/bin/bash
# The first process of a container: makes its root, and becomes systemd. See keep.sh.
set -euo pipefail

name=$1 tree=$2 empty=$3 cache=$4
shift 4

# As this machine counts, whose /proc it still is.
read -r pid _ </proc/self/stat

mount --make-rprivate /
mount -t tmpfs -o mode=755,size=75% tmpfs "$empty"
mkdir "$empty"/{root,upper,work}
mount -t overlay -o "lowerdir=$tree,upperdir=$empty/upper,workdir=$empty/work" overlay "$empty/root"
cd "$empty/root"

mkdir -p mnt/cache
mount --bind "$cache" mnt/cache
for folder in "$@"; do
  mkdir -p ".$folder"
  mount --bind "$folder" ".$folder"
  mount -o remount,bind,ro ".$folder"
done

mount -t proc proc proc
# Read-only: then nobody in it takes this machine's devices for its own.
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
  IFS=: read -r node major minor <<<"$device"
  mknod -m 666 "dev/$node" c "$major" "$minor"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for stream in 0:stdin 1:stdout 2:stderr; do
  ln -s "/proc/self/fd/${stream%:*}" "dev/${stream#*:}"
done

ip link set lo up
# The machine itself, its webmail, and three mail programs elsewhere.
for address in 203.0.113.5 192.0.2.10 198.51.100.{7,8,9}; do
  ip address add $address/32 dev lo
done
echo "$name" >etc/hostname
echo "127.0.0.1 localhost $name" >etc/hosts
hostname "$name"

mkdir -p mnt/old
pivot_root . mnt/old
umount -l /mnt/old
echo "$pid"
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /sbin/init --log-target=console --log-level=info </dev/null >&2
