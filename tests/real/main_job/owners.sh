#!/bin/bash
# Story: the owners of one library are a user's service, a delegated cgroup, an application's scope,
# and programs of root and of a user; the administrator and the user each see and do what they may.
. "$(dirname "$0")/story.sh"
prepare
user=1000
as_user() {
  setpriv --reuid $user --regid $user --clear-groups env -i PATH="$PATH" HOME=/tmp \
    XDG_RUNTIME_DIR=/run/user/$user DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$user/bus "$@"
}
user_pid() { as_user systemctl --user show --property MainPID --value "$1"; }
user_active() { as_user systemctl --user is-active --quiet "$1"; }

systemctl start mj-delegate mj-db
as_user systemctl --user start mj-user
as_user systemd-run --quiet --user --scope --unit=app-mj-1.scope \
  env LD_PRELOAD=$lib /bin/sleep infinity </dev/null >/dev/null 2>&1 &
await 60 user_active app-mj-1.scope
LD_PRELOAD=$lib setsid /bin/sleep 1234567 </dev/null >/dev/null 2>&1 &
plain=$!
as_user env LD_PRELOAD=$lib setsid /bin/sleep 7654321 </dev/null >/dev/null 2>&1 &
again() { pgrep -x --uid "$1" -f "/bin/sleep $2"; } # UID SECONDS: the program that sleeps so long
theirs_maps() { grep -qs "$lib\$" "/proc/$(again $user 7654321)/maps"; }
await 60 theirs_maps
theirs=$(again $user 7654321)
await 60 grep -q "$lib" "/proc/$plain/maps"
await 60 all_ready mj-delegate mj-db
# What is active was started; it uses the library a little later.
all_use_it() {
  who=$("$restartctl" who $lib)
  grep -q "user:$user/mj-user.service" <<<"$who" && grep -q "app-mj-1.scope" <<<"$who"
}
await 60 all_use_it
echo "$who"
check "who names the user's service by its manager" grep -q "user:$user/mj-user.service" <<<"$who"
check "who names the application's scope" grep -q "app-mj-1.scope" <<<"$who"
same "a delegated cgroup belongs to its service" 1 "$(grep -c mj-delegate.service <<<"$who")"
check "who names root's program" grep -q "pid $plain" <<<"$who"
check "who names the user's program" grep -q "pid $theirs" <<<"$who"

export -f as_user
seen=$(as_user "$restartctl" who $lib)
check "a user sees his own program" grep -q "pid $theirs" <<<"$seen"
said=$(as_user "$restartctl" run -f $lib --relaunch -- true 2>&1)
same "a user stops and brings back what is his" 0 $?
echo "$said"
check "and is told that there is more" grep -q unreadable <<<"$said"
check "root's program still runs" kill -0 "$plain"
check "root's service still runs" is_active mj-db
check "the user's program is a new process" test "$theirs" != "$(again $user 7654321)"
check "the user's service runs" user_active mj-user
as_user "$restartctl" run -s mj-db -- true
same "he may not stop a service of the system" 121 $?
check "which still runs" is_active mj-db
as_user "$restartctl" run -s user:$user/mj-user -- true
same "he may restart his own service" 0 $?
check "which runs again" user_active mj-user

before=$(user_pid mj-user)
"$restartctl" run -f $lib --relaunch -- mv $new $lib
same "root stops and brings back all of them" 0 $?
check "the user's service is a new process" test "$before" != "$(user_pid mj-user)"
check "the delegated service runs" is_active mj-delegate
check "nobody runs the old content" nobody_holds_old
check "root's program was relaunched" again 0 1234567
check "the user's program was relaunched as the user" again $user 7654321
check "on the new library" await 60 theirs_maps
# A relaunched program's unit keeps the name of the hold that it waited for in memory.
left=$(systemctl list-units --all --plain --no-legend 'rm-hold-*' 'rm-gate-*' 'rm-order-*' | grep -v inactive)
same "no hold and no gate is left" "" "$left"
finish
