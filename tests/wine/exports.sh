#!/bin/sh
# Has the DLL the twelve exports with the ordinals that Windows' has, undecorated, and needs it nothing that Windows
# lacks?   exports.sh DLL IMPORT_LIBRARY
set -eu
dll=$1
imports=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
objdump=x86_64-w64-mingw32-objdump
$objdump -p "$dll" >"$work/all"

cat >"$work/want" <<'LIST'
1 RmAddFilter
2 RmCancelCurrentTask
3 RmEndSession
4 RmGetFilterList
5 RmGetList
6 RmJoinSession
7 RmRegisterResources
8 RmRemoveFilter
9 RmReserveHeap
10 RmRestart
11 RmShutdown
12 RmStartSession
LIST
# Behind "[Ordinal/Name Pointer] Table": "[   0] RmAddFilter" or "[   0] +base[   1]  0000 RmAddFilter".
base=$(sed -n 's/^Ordinal Base[^0-9]*\([0-9]*\).*/\1/p' "$work/all")
sed -n '/Name Pointer. Table/,/^$/s/^[^[]*\[ *\([0-9]*\)\].* \([A-Za-z]\w*\)$/\1 \2/p' "$work/all" |
  awk -v base="$base" '{print $1 + base, $2}' >"$work/have"
diff -u "$work/want" "$work/have"

sed -n 's/^.*DLL Name: //p' "$work/all" | tr A-Z a-z | sort >"$work/needs"
for needed in $(cat "$work/needs"); do
  case $needed in
    advapi32.dll | bcrypt.dll | kernel32.dll | msvcrt.dll | ntdll.dll | user32.dll | version.dll) ;;
    *)
      echo "exports: $dll needs $needed, which is no part of Windows"
      exit 1
      ;;
  esac
done

# Programs that are linked with it ask for the names without decoration.
nm=x86_64-w64-mingw32-nm
[ "$($nm "$imports" 2>/dev/null | grep -c ' I _*imp__*Rm')" -eq 12 ] || {
  echo "exports: $imports does not have the twelve functions"
  exit 1
}
echo "exports: $(basename "$(dirname "$(dirname "$dll")")"): 12 functions, needs $(tr '\n' ' ' <"$work/needs")"
