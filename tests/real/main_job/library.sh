#!/bin/bash
# Story: one library, used by services of every kind, is replaced under restartctl run.
. "$(dirname "$0")/story.sh"
prepare

family="mj-db mj-requires mj-partof mj-bindsto mj-second"
everyone="$family mj-always mj-stubborn mj-tmpl@a mj-tmpl@b mj-notify"
systemctl start mj-sock.socket $everyone mj-plain-dependent
nginx=
if [ -n "$debs" ] && ls "$debs"/nginx*.deb >/dev/null 2>&1; then
  rm -f /usr/sbin/policy-rc.d
  DEBIAN_FRONTEND=noninteractive dpkg -i "$debs"/nginx*.deb >/run/dpkg.log 2>&1 || cat /run/dpkg.log
  systemctl restart nginx
  nginx=nginx
fi
check "a packaged server with workers runs (nginx)" is_active nginx
forking=$nginx
coproc client { exec python3 "$source/tests/real/main_job/client.py" /run/mj-sock; }
client_pid=$client_PID client_output=${client[0]}
read -r _ <&"$client_output"
same "the socket's service runs version 1" 1 "$(version_of mj-sock)"
for unit in $everyone; do same "$unit starts on version 1" 1 "$(version_of "$unit")"; done
check "nginx and its workers map the library" maps_current nginx

who=$("$restartctl" who $lib)
for unit in $everyone $forking mj-sock; do
  check "who names $unit" grep -q "$unit.service" <<<"$who"
done
same "who has one line per service" 1 "$(grep -c 'nginx.service' <<<"$who")"
plan=$("$restartctl" run -f $lib --dry-run -- true)
check "the dry run names the stubborn one" grep -q mj-stubborn <<<"$plan"
check "the dry run stops nobody" all_active $everyone

declare -A before
for unit in $everyone $forking mj-sock; do before[$unit]=$(main_pid "$unit"); done
"$restartctl" run -f $lib -- cp $new $lib
same "run ends with COMMAND's status" 0 $?
for unit in $everyone; do
  check "$unit runs again" is_active "$unit"
  same "$unit runs version 2" 2 "$(version_of "$unit")"
done
for unit in $everyone $forking mj-sock; do
  await 60 is_active "$unit"
  check "$unit is a new process" test "${before[$unit]}" != "$(main_pid "$unit")"
done
check "nginx and its workers map the new library" maps_current nginx
same "the socket's service runs version 2" 2 "$(version_of mj-sock)"
check "a dependent that does not use the library runs too" is_active mj-plain-dependent
check "who was down is still down" all_down mj-down
kill "$client_pid"
read -r _ served _ refused <&"$client_output"
same "no connection was refused" 0 "$refused"
check "connections were served ($served)" test "$served" -gt 0
check "no unit of ours is left over, none has failed" no_traces

# The same by rename: the old content lives on in whoever is forgotten.
cp "$build/lib/tests/libshared-1.so" $new
"$restartctl" run -f $lib --json -- mv $new $lib 2>/run/events
same "run --json ends with COMMAND's status" 0 $?
for unit in $everyone; do same "$unit runs version 1 again" 1 "$(version_of "$unit")"; done
check "nginx and its workers map version 1 again" maps_current nginx
check "nobody runs the old content" nobody_holds_old
check "every line of --json is JSON" python3 -c 'import json,sys
[json.loads(line) for line in open("/run/events")]'

"$restartctl" run -f $lib -- false
same "the status of a failing COMMAND is kept" 1 $?
check "everyone is back after a failing COMMAND" all_active $everyone $forking
"$restartctl" run -f $lib -- bash -c 'kill -KILL $$'
same "a killed COMMAND is told as 128+9" 137 $?
check "everyone is back after a killed COMMAND" all_active $everyone
"$restartctl" run -f $lib -- /nonexistent
same "a COMMAND that is not there is told as 127" 127 $?
check "everyone is back after a missing COMMAND" all_active $everyone

# What cannot be done, and whom that leaves running.
running=$(for unit in $everyone; do main_pid "$unit"; done)
said=$("$restartctl" run -s no-such -f $lib -- true 2>&1)
same "an unknown unit is a usage error" 124 $?
check "which is named ($said)" grep -q "no-such: there is no such unit" <<<"$said"
libc=$(sed -n 's,.* \(/[^ ]*/libc[.-][^ ]*so[^ ]*\)$,\1,p' /proc/self/maps | head -n 1)
said=$("$restartctl" run --force -f "$libc" -- true 2>&1)
same "what PID 1 uses is told as 121, even with --force" 121 $?
check "PID 1 is named" grep -q "in the way: .*pid 1)" <<<"$said"
check "nobody was stopped" test "$running" = "$(for unit in $everyone; do main_pid "$unit"; done)"
finish
