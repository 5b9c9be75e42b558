#!/bin/bash
# Story: an installer that wants no guard (RmxOptionGuard 0), and what it loses by that. And a whole
# directory that is registered as a tree, below which services have the library mapped.
. "$(dirname "$0")/story.sh"
prepare
everyone="mj-db mj-requires mj-second"
systemctl start $everyone mj-sock.socket

install_unguarded() {
  coproc installer { exec "$build/bin/unguarded" /srv/main-job; }
  installer_pid=$installer_PID to=${installer[1]} from=${installer[0]}
}
no_hold() { ! systemctl list-units --all --plain --no-legend 'rm-hold-*' 'rm-gate-*' 'rm-order-*' 'rm-relaunch-*' | grep -q .; }

await 60 all_ready $everyone
install_unguarded
read -r said <&"$from"
same "a tree is stopped without a guard" stopped "$said"
check "everyone is down" all_down $everyone
check "there is no hold, and nothing waits in PID 1" no_hold
systemctl start mj-db
check "an administrator's start is not held up" is_active mj-db
systemctl stop mj-db
cp $new $lib.new && mv $lib.new $lib
echo go >&"$to"
read -r said <&"$from"
same "and brought back" restarted "$said"
check "everyone is back" all_active $everyone
for unit in $everyone; do same "$unit runs version 2" 2 "$(version_of "$unit")"; done
echo go >&"$to"
wait "$installer_pid"
same "the installer ends well" 0 $?

install_unguarded
read -r said <&"$from"
kill -KILL "$installer_pid"
wait "$installer_pid" 2>/dev/null
check "nobody starts what a killed installer has stopped" all_down $everyone
check "what it owes is written down" grep -q mj-db <<<"$("$restartctl" session show)"
"$restartctl" recover
same "recover pays it" 0 $?
check "everyone is back" all_active $everyone

# The tree on the command line: what is moved away is remembered.
await 60 all_ready $everyone
"$restartctl" who --tree /srv/main-job >/run/who
for unit in $everyone; do check "who --tree names $unit" grep -q "$unit.service.*maps $lib" /run/who; done
"$restartctl" run -q --tree /srv/main-job -- mv $lib $lib.old
for unit in $everyone; do check "$unit was restarted" is_active "$unit"; done
check "nobody maps what was moved away" test -z "$(grep -ls "$lib.old" /proc/[0-9]*/maps 2>/dev/null)"
"$restartctl" explain mj-db >/run/explained
same "a service that comes back is explained with 0" 0 $?
check "its unit is why it is a service" grep -q 'type: *service, because .* mj-db.service' /run/explained
check "as a process of it is" test "$("$restartctl" explain "$(main_pid mj-db)" | sed 1d)" = "$(sed 1d /run/explained)"
check "and what goes along" grep -q 'goes along: ' <<<"$("$restartctl" explain mj-requires)"
"$restartctl" explain mj-down >/run/explained
same "one that is down, too" 0 $?
check "it is said to be down" grep -q 'mj-down.service does not run' /run/explained
"$restartctl" explain 1 >/run/explained
same "PID 1 needs a reboot" 121 $?
check "no unit of ours is left over, none has failed" no_traces
finish
