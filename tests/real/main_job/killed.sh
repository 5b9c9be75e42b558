#!/bin/bash
# Story: restartctl, its hold and COMMAND are all killed in the middle; PID 1 brings everyone back.
. "$(dirname "$0")/story.sh"
prepare
everyone="mj-db mj-requires mj-partof mj-bindsto mj-second mj-always mj-stubborn mj-notify"
systemctl start mj-sock.socket $everyone
mkfifo /run/started
hold_pid() { main_pid "$(systemctl list-units --plain --no-legend 'rm-hold-*' | cut -d' ' -f1)"; }

begin() { # starts a run whose COMMAND says that it runs, and waits for ever
  check "everyone runs before" await 60 all_ready $everyone
  # A shell without job control has its background jobs ignore SIGINT.
  env --default-signal=INT "$restartctl" run -q -f $lib -- bash -c 'echo $$ >/run/started; exec sleep infinity' &
  runner=$!
  read -r command </run/started
}

begin
check "everyone is down while COMMAND runs" all_down $everyone
systemctl start mj-db --no-block
check "an administrator's start waits" all_down mj-db
kill -KILL "$runner" "$command" "$(hold_pid)"
wait "$runner" 2>/dev/null
check "PID 1 brings everyone back" await 60 all_active $everyone
check "the hold is gone" await 60 no_traces
"$restartctl" recover
same "recover has nothing left to do" 0 $?
same "no session is left" "[]" "$("$restartctl" session show --json | tr -d ' \n' | sed 's/.*"sessions":\(\[[^]]*\]\).*/\1/')"

begin
kill -KILL "$runner"
wait "$runner" 2>/dev/null
check "killing restartctl alone is enough" await 60 all_active $everyone
kill -KILL "$command"

begin
kill -KILL "$(hold_pid)"
check "killing the hold alone brings them back, too" await 60 all_active $everyone
kill -KILL "$command"
wait "$runner"
same "COMMAND's own end is told" 137 $?
check "everyone still runs" all_active $everyone

begin
kill -INT "$runner"
wait "$runner"
check "SIGINT ends COMMAND and brings everyone back" all_active $everyone
begin
kill -TERM "$runner"
wait "$runner"
same "SIGTERM is passed on to COMMAND" 143 $?
check "everyone is back after SIGTERM" all_active $everyone
check "no unit of ours is left over, none has failed" no_traces
finish
