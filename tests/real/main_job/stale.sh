#!/bin/bash
# Story: a machine that has just booted runs nothing outdated; a library is replaced, and everyone who
# runs the old one is named until it is started again.
. "$(dirname "$0")/story.sh"
prepare
user=1000
as_user() {
  setpriv --reuid $user --regid $user --clear-groups env -i PATH="$PATH" HOME=/tmp \
    XDG_RUNTIME_DIR=/run/user/$user DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$user/bus "$@"
}
stale() { # sets said and status
  said=$("$restartctl" stale "$@" 2>/run/stale.err)
  status=$?
  echo "$said"
  cat /run/stale.err
}
lines_of() { grep -A 9 "^$1" <<<"$said" | sed -n '2,/^[^ ]/p' | grep '^ '; }

stale
same "nothing is outdated after a boot" 0 $status
same "and nothing is said to be" "" "$said"

nginx=
if [ -n "$debs" ] && ls "$debs"/nginx*.deb >/dev/null 2>&1; then
  rm -f /usr/sbin/policy-rc.d
  DEBIAN_FRONTEND=noninteractive dpkg -i "$debs"/nginx*.deb >/run/dpkg.log 2>&1 || cat /run/dpkg.log
  systemctl restart nginx
  nginx=nginx
fi
systemctl start mj-db mj-delegate mj-tmpl@a mj-tmpl@b mj-leaves
as_user systemctl --user start mj-user
theirs_maps() { # it counts as started before it is executed
  grep -q "$lib" "/proc/$(as_user systemctl --user show --property=MainPID --value mj-user)/maps"
}
await 60 theirs_maps
await 60 all_ready mj-db mj-delegate mj-tmpl@a mj-tmpl@b mj-leaves
LD_PRELOAD=$lib setsid /bin/sleep 1234567 </dev/null >/dev/null 2>&1 &
plain=$!
await 60 grep -q "$lib" "/proc/$plain/maps"
stale
same "nothing is outdated before the update" 0 $status

mv $new $lib
stale
same "something is outdated after it" 1 $status
for unit in mj-db mj-delegate mj-tmpl@a mj-tmpl@b; do
  check "$unit is named, with what renews it" \
    grep -q "^$unit.service.*: restart: systemctl restart $unit.service" <<<"$said"
  check "with the process and the library" \
    grep -q "pid .*$(main_pid $unit).*: library $lib: it was replaced" <<<"$(lines_of $unit)"
done
check "the user's service is named by its manager" grep -q "^user:$user/mj-user.service.*restart" <<<"$said"
check "the program is named" grep -q "^sleep (pid $plain)" <<<"$said"
check "what a restart would leave running is named" \
  grep -q "^mj-leaves.service.*KillMode=process leaves pid [0-9]* running" <<<"$said"
[ -z "$nginx" ] || check "so is nginx, which was started with it" grep -q '^nginx.service' <<<"$said"
same "nobody else is" "$((7 + ${#nginx} / 5))" "$(grep -c '^[^ ]' <<<"$said")"
check "JSON has the same" python3 -c '
import json, sys
apps = json.loads(sys.argv[1])["apps"]
app = next(app for app in apps if app["unit"] == "mj-db.service")
(file,) = app["files"]
assert app["cure"] == "restart" and file["freshness"] == "stale" and file["path"] == sys.argv[2], app
assert file["mapped_build_id"] != file["named_build_id"], file
' "$("$restartctl" stale --json)" $lib

seen=$(as_user "$restartctl" stale 2>/run/user.err)
same "the user is told of what is his" 1 $?
echo "$seen"
check "by the same name" grep -q "^user:$user/mj-user.service" <<<"$seen"
check "and of nothing else" test "$(grep -c '^[^ ]' <<<"$seen")" = 1
check "and that there is more" grep -q "^restartctl: unreadable: .*run as root" /run/user.err

systemctl restart mj-db mj-delegate mj-tmpl@a mj-tmpl@b mj-leaves $nginx
as_user systemctl --user restart mj-user
kill $plain
wait $plain
stale
check "who was left running is still named" grep -q "^mj-leaves.service" <<<"$said"
same "and nobody else" 1 "$(grep -c '^[^ ]' <<<"$said")"
systemctl kill --kill-whom=all mj-leaves
await 60 all_down mj-leaves
stale
same "nobody is any more when all are started again" 0 $status

if [ -n "$nginx" ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d # or its installation restarts it
  chmod +x /usr/sbin/policy-rc.d
  dpkg -i "$debs"/nginx_*.deb >/run/dpkg.log 2>&1 || cat /run/dpkg.log
  stale --all
  check "nginx was installed again" grep -q "refreshed, executable /usr/sbin/nginx" <<<"$said"
  same "which makes nothing outdated" 0 $status
fi
finish
