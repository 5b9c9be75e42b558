#!/bin/bash
# Does a machine with a hold in place shut down cleanly? poweroff.sh HARNESS UNITS BUILD PROGRAM
set -u
name=rm-poweroff-$$
"$1" up -n "$name" --ttl 120 --units "$2" --bind "$3" || exit 1
"$1" exec -n "$name" "$4" '--gtest_filter=PowerOff.*'
status=$?
told=$("$1" down -n "$name")
echo "$told"
[ $status = 0 ] && [[ $told == *down=clean* ]]
