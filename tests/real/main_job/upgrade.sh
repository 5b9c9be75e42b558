#!/bin/bash
# Story: real Debian packages are reinstalled under restartctl run: one whose library is in use, and
# one whose own maintainer script restarts its service and waits for it.
. "$(dirname "$0")/story.sh"
[ -n "$debs" ] && ls "$debs"/memcached*.deb >/dev/null 2>&1 || {
  echo "SKIP: the packages that are reinstalled are not there: run tools/setup with a network"
  exit 77
}
export DEBIAN_FRONTEND=noninteractive
rm -f /usr/sbin/policy-rc.d
dpkg -i "$debs"/*.deb >/run/dpkg.log 2>&1 || cat /run/dpkg.log
systemctl restart nginx memcached
check "the packaged services run" all_active nginx memcached

ssl=$(readlink -f /usr/lib/*/libssl.so.3)
check "nginx uses libssl" grep -q "$ssl" "/proc/$(main_pid nginx)/maps"
before=$(main_pid nginx)
"$restartctl" run -f "$ssl" --leave-critical -- dpkg -i "$debs"/libssl3*.deb
same "reinstalling a library in use succeeds" 0 $?
check "its user runs again" is_active nginx
check "as a new process" test "$before" != "$(main_pid nginx)"
check "on the library that is there now" grep -q "$ssl\$" "/proc/$(main_pid nginx)/maps"

before=$(main_pid memcached)
check "its maintainer script asks for the service" grep -q deb-systemd-invoke /var/lib/dpkg/info/memcached.postinst
timeout 120 "$restartctl" run -f /usr/bin/memcached -- \
  bash -c 'dpkg -i "$0"/memcached*.deb && systemctl is-active memcached >/run/during' "$debs"
same "a package that restarts its own service does not wait for ever" 0 $?
same "the service was let through while the hold lasted" active "$(head -1 /run/during)"
check "its service runs" is_active memcached
check "as a new process" test "$before" != "$(main_pid memcached)"
# It counts as started before it is executed.
runs_what_is_there() { [ "$(readlink "/proc/$(main_pid memcached)/exe")" = /usr/bin/memcached ]; }
check "from the program that is there now" await 60 runs_what_is_there
finish
