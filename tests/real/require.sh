#!/bin/bash
# Runs a command if a systemd can be booted here, else says what is missing: require.sh CMD...
skip() { echo "SKIP: $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "root is needed to boot a systemd in namespaces"
[ -x /lib/systemd/systemd ] || skip "the package systemd is not installed"
command -v dbus-daemon >/dev/null || skip "the package dbus is not installed"
[ -e /usr/lib/systemd/user/dbus.socket ] || skip "the package dbus-user-session is not installed"
grep -q ' cgroup2 ' /proc/mounts || skip "no cgroup2 is mounted"
unshare --mount --pid --fork true 2>/dev/null || skip "no CAP_SYS_ADMIN: namespaces cannot be made"
exec "$@"
