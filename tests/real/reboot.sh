#!/bin/bash
# Does what was stopped come back when the machine goes down in the middle of an update?
#   reboot.sh HARNESS UNITS BUILD SOURCE
# Each machine below is a new one with an empty /run; only /var/lib/restart-manager stays, as on a disk.
set -u
harness=$1 units=$2 build=$3 source=$4
name=rm-reboot-$$
state=$(mktemp -d) work=$(mktemp -d)
failed=0
trap '"$harness" down -n "$name" >/dev/null 2>&1; rm -rf "$state" "$work"' EXIT

check() { # WHAT COMMAND...
  local what=$1
  shift
  if "$@"; then echo "ok: $what"; else echo "NOT OK: $what"; failed=$((failed + 1)); fi
}
inside() { "$harness" exec -n "$name" "$@"; }
active() { inside systemctl is-active --quiet "$1"; }
down() { ! active "$1"; }
starts() { [ "$(inside sh -c "wc -l <$1" 2>/dev/null || echo 0)" = "$2" ]; } # FILE COUNT
owed() { ls "$state" | grep -c '^owed-'; }
sleepers_are() { [ "$(inside pgrep -fc '^sleep infinity$')" = "$1" ]; }
owed_are() { [ "$(owed)" = "$1" ]; }
await() { # COMMAND...
  local end=$((SECONDS + 60))
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    read -r -t 0.05 <>"$work/tick" || :
  done
}
mkfifo "$work/tick"

# What `cmake --install` installs, and two units that the boot starts by itself.
cp -a "$units/." "$work/units"
mkdir -p "$work/units/rm-harness.target.wants" "$work/units/multi-user.target.wants"
sed "s,@bindir@,$build/bin," "$source/packaging/restart-manager-recover.service.in" \
  >"$work/units/restart-manager-recover.service"
ln -s /lib/systemd/system/multi-user.target "$work/units/rm-harness.target.wants/multi-user.target"
for unit in restart-manager-recover rb-enabled rb-job; do
  ln -s "../$unit.service" "$work/units/multi-user.target.wants/$unit.service"
done
echo data >"$work/data"

boot() {
  "$harness" up -n "$name" --ttl 240 --units "$work/units" --bind "$build" \
    --bind "$state:/var/lib/restart-manager" --bind "$work/data:/srv/reboot.data" || exit 1
}
# Three services and an editor run, and one service does not; then an update stops those that run.
# HOW: what the installer's unit is started with.
begin_update() { # HOW...
  inside systemctl start rb-plain
  inside touch /run/work
  inside systemctl start --no-block rb-job
  inside systemd-run -q --unit=an-editor --scope \
    sh -c 'exec </srv/reboot.data >/dev/null 2>&1; echo >>/run/editor.starts; exec sleep infinity' &
  disown
  check "three services and an editor run before" await inside sh -c \
    'test -s /run/rb-plain.starts -a -s /run/rb-enabled.starts -a -s /run/editor.starts &&
     [ "$(systemctl is-active rb-job)" = activating ]'
  inside mkfifo /run/started
  inside systemd-run -q --unit=installer "$@" -- "$build/bin/restartctl" run --relaunch \
    -f /srv/reboot.data -- sh -c 'echo >/run/started; exec sleep infinity'
  inside cat /run/started >/dev/null
  check "they are down while COMMAND runs" down rb-plain
  check "the next boot would know" owed_are 1
}
# After the boot: each as it was, and nobody twice.
check_back() {
  check "what was not enabled, but ran, is back" active rb-plain
  # It is active before it has noted its start.
  check "once" await starts /run/rb-plain.starts 1
  check "what is enabled is back" active rb-enabled
  check "once" await starts /run/rb-enabled.starts 1
  check "a job that the boot has done is not done again" starts /run/rb-job.starts 1
  check "what was down stays down" down rb-down
  check "nothing is owed any more" owed_are 0
  check "recover has nothing left to do" test "$(inside "$build/bin/restartctl" recover)" = "nothing was owed"
  check "no unit has failed" test -z "$(inside systemctl --failed --plain --no-legend)"
}
check_editor() {
  check "the program is told of" await inside sh -c \
    'journalctl -u restart-manager-recover -o cat | grep -q "no service: start /usr/bin/sleep by hand"'
  check "and not started" await sleepers_are 2 # the two services
}
power_off() { check "the machine goes down cleanly" grep -q down=clean <("$harness" down -n "$name"); }
power_cut() {
  kill -KILL "$(cat "${RM_SYSTEMD_STATE:-/run/rm-systemd}/$name/pid")"
  "$harness" down -n "$name" >/dev/null
}

echo "--- the power fails"
boot
begin_update
power_cut
boot
check_back
check_editor

echo "--- the machine is shut down, and the installer brings back what it still can"
begin_update
power_off
boot
check_back

echo "--- the machine is shut down, and the installer is killed"
begin_update -p KillSignal=SIGKILL
power_off
boot
check_back
check_editor

echo "--- an update that has ended owes the next boot nothing"
inside systemctl start rb-plain
inside "$build/bin/restartctl" run -q -f /srv/reboot.data -- true
check "nothing is kept for the next boot" owed_are 0
power_cut
boot
check "what is not enabled stays down after a boot" down rb-plain

echo "--- what a crash has damaged is told, and kept"
echo "restart-manager owed 2" >"$state/owed-00000000000000aa"
chmod 600 "$state/owed-00000000000000aa"
power_off
boot
check "the recover unit says so" await inside sh -c \
  'systemctl is-failed -q restart-manager-recover &&
   journalctl -u restart-manager-recover -o cat | grep -q "kept as /var/lib/restart-manager/damaged-00000000000000aa"'
[ $failed = 0 ] || inside journalctl --no-pager -o verbose
check "the file is there" test -e "$state/damaged-00000000000000aa"
check "only once" test "$(inside "$build/bin/restartctl" recover)" = "nothing was owed"
power_off
[ $failed = 0 ]
