#!/bin/bash
# Story: what journald keeps of a session; read back with journalctl, as an administrator does.
. "$(dirname "$0")/story.sh"
prepare
everyone="mj-db mj-requires mj-partof mj-bindsto mj-second"
systemctl start $everyone
export RESTART_MANAGER_DIR=/run/journal-story
budget=$RESTART_MANAGER_DIR/journal-budget

heard() { # FIELD...: since the last cursor, one record a line; fields that come twice by comma
  journalctl --sync
  journalctl --quiet --no-pager --cursor-file=/run/cursor --output=json \
    --identifier=restart-manager "$@"
}
told() { # FIELD...: of the records on standard input
  python3 -c '
import json, sys
for line in sys.stdin:
    record = json.loads(line)
    values = [record.get(name, "-") for name in sys.argv[1:]]
    print(" ".join(",".join(value) if isinstance(value, list) else value for value in values))
' "$@"
}
events() { told RM_EVENT | tr '\n' ' ' | sed 's/ $//'; }

sleep infinity 3<$lib &
plain=$!
await 60 all_ready $everyone
heard >/run/records
key=$("$restartctl" session start)
"$restartctl" session register "$key" -f $lib -s mj-db
"$restartctl" session shutdown "$key"
"$restartctl" session restart "$key"
"$restartctl" session end "$key"
wait "$plain" 2>/dev/null
heard >/run/records
cat /run/records >&2
got=$(events </run/records)
stops=$(tr ' ' '\n' <<<"$got" | grep -c 10002)
starts=$(tr ' ' '\n' <<<"$got" | grep -c 10003)
same "a session's events come in the order of Windows" "10000 10004 10010 10002 10003 10001" \
  "$(tr ' ' '\n' <<<"$got" | uniq | tr '\n' ' ' | sed 's/ $//')"
same "one who cannot come back and $everyone are stopped" 6 "$stops"
same "$everyone are started" 5 "$starts"
same "all records are of one session" 1 "$(told RM_SESSION RM_SESSION_ID </run/records | sort -u | wc -l)"
same "every kind of record has a message id of its own" 6 \
  "$(told RM_EVENT MESSAGE_ID </run/records | sort -u | wc -l)"
same "priorities are info, and warning for who cannot come back" "4 6 " \
  "$(told PRIORITY </run/records | sort -u | tr '\n' ' ')"
of() { python3 -c '
import json, sys
for line in open("/run/records"):
    record = json.loads(line)
    if record["RM_EVENT"] == sys.argv[1] and sys.argv[2] in record.get("RM_UNIT", record.get("RM_PID")):
        print(line, end="")' "$1" "$2"; }
same "who cannot come back is told by pid, name, program, reason" \
  "$plain sleep $(readlink -f "$(command -v sleep)") 1" \
  "$(of 10010 "$plain" | told RM_PID RM_DISPLAY_NAME RM_FULL_PATH RM_REASON)"
same "the stop of a service has the fields of Windows" "3 0 1 1 $lib" \
  "$(of 10002 mj-second.service | told RM_APP_TYPE RM_APP_VERSION RM_STATUS RM_N_FILES RM_FILE)"
same "journalctl --unit shows who stopped a service" "10002 10003" \
  "$(journalctl --quiet --no-pager -o json -u mj-second | grep RM_EVENT | events)"
same "the registration counts" "1 0 1 $lib mj-db.service" \
  "$(grep '"10004"' /run/records | told RM_N_FILES RM_N_REG_PROCS RM_N_REG_SERVICES RM_FILES RM_REG_SERVICES)"

libc=$(sed -n 's,.* \(/[^ ]*/libc[.-][^ ]*so[^ ]*\)$,\1,p' /proc/self/maps | head -n 1)
"$restartctl" who "$libc" >/dev/null
heard >/run/records
same "a list that shows the need of a reboot" "10000 10004 10005 10001" "$(events </run/records)"
check "names who is in the way" grep -q 'RM_APPLICATIONS.*init.scope\|RM_APPLICATIONS.*systemd' /run/records
check "and why" test "$(grep '"10005"' /run/records | told RM_REBOOT_REASONS)" -gt 0

# Nothing waits at boot for what failed to come back; the messages do.
mkdir -p /run/systemd/system/mj-second.service.d
key=$("$restartctl" session start)
"$restartctl" session register "$key" -s mj-second
"$restartctl" session shutdown "$key"
printf '[Service]\nExecStartPre=/bin/false\n' >/run/systemd/system/mj-second.service.d/broken.conf
systemctl daemon-reload
"$restartctl" session restart "$key" 2>/dev/null
heard >/run/records
same "what does not come back is an error" "10000 10004 10002 10003 10007" "$(events </run/records)"
same "with priority err" 3 "$(grep '"10007"' /run/records | told PRIORITY)"
rm -r /run/systemd/system/mj-second.service.d
systemctl daemon-reload
systemctl reset-failed mj-second
"$restartctl" session end "$key"
systemctl start mj-second

# An installer that is killed.
mkfifo /run/started
await 60 all_ready $everyone
"$restartctl" run -q -f $lib -- bash -c 'echo $$ >/run/started; exec sleep infinity' &
runner=$!
read -r command </run/started
kill -KILL "$runner"
wait "$runner" 2>/dev/null
check "everyone is brought back" await 60 all_active $everyone
dead() { heard >>/run/dead; grep -q '"11000"' /run/dead; }
check "the guard tells that its installer has died" await 60 dead
kill -KILL "$command"
"$restartctl" recover
heard >/run/records
check "recovery ends the session in the journal" grep -q '"10001"' /run/records

# Who asks many times a second.
for _ in $(seq 120); do "$restartctl" who /etc/hostname >/dev/null; done
heard >/run/records
many=$(events </run/records | tr ' ' '\n' | grep -c 10000)
check "120 sessions that only look do not fill the journal ($many were told)" test "$many" -lt 118
# Nothing left in the budget: 24 bytes of credit, time and count.
python3 - "$budget" <<'NONE'
import struct, sys, time
now = int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000)
open(sys.argv[1], "wb").write(struct.pack("=qqQ", 0, now, 60))
NONE
"$restartctl" who $lib >/dev/null
heard >/run/records
same "one more that only looks is not heard of" "" "$(events </run/records)"
await 60 all_ready $everyone
"$restartctl" run -q -f $lib -- true
heard >/run/records
same "one that acts is told whole" "10000 10004 10002 10003 10001" \
  "$(events </run/records | tr ' ' '\n' | uniq | tr '\n' ' ' | sed 's/ $//')"
check "and the silent ones are counted" \
  test "$(python3 -c 'import struct; print(struct.unpack("=qqQ", open("'$budget'", "rb").read())[2])')" -ge 61

# No journald: nothing fails, nothing waits.
mount --bind /dev/null /run/systemd/journal/socket
"$restartctl" run -q -f $lib -- true
same "without a journal all goes on" 0 $?
umount /run/systemd/journal/socket
check "everyone runs" all_active $everyone
check "no unit of ours is left over, none has failed" no_traces
finish
