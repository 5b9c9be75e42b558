#!/bin/sh
# Replaces a file while programs use it, in a script:  replace.sh NEW FILE
#
# For one command, `restartctl run -f FILE -- mv NEW FILE` is all of this. A session is for scripts
# that register here, stop there, and replace in between.
set -eu
new=$1
file=$2

# The session belongs to this shell: if it dies, what was stopped comes back without it. So there is
# no trap that ends the session: whoever is stopped at that moment would stay down.
RESTART_MANAGER_SESSION=$(restartctl session start)
export RESTART_MANAGER_SESSION

restartctl session register -f "$file"
restartctl session list
stopped=0
restartctl session shutdown || stopped=$?
if [ "$stopped" = 0 ]; then
  mv "$new" "$file"
fi
# Also when not everybody could be stopped: the others have to come back.
restartctl session restart
restartctl session end
exit "$stopped"
