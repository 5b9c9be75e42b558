#!/bin/bash
# boot-systemd.sh - boot the machine's own systemd as PID 1 of fresh
# pid+mount+cgroup+net+uts+ipc namespaces, on a throw-away copy of the machine's
# own root, with D-Bus, journald and logind; for tests of code that talks to systemd.
#
#   boot-systemd.sh with [OPTIONS] -- CMD...   up, exec CMD, down; exit status is CMD's
#   boot-systemd.sh up   [OPTIONS]             boot and wait; prints one line of facts
#   boot-systemd.sh exec [-n NAME] CMD...      CMD in the namespaces, outside any unit
#   boot-systemd.sh run  [-n NAME] CMD...      CMD as a transient .service (stdio piped)
#   boot-systemd.sh user [-n NAME] UID CMD...  CMD as that user, with its user manager's bus
#   boot-systemd.sh log  [-n NAME]             the journal
#   boot-systemd.sh down [-n NAME]             shut down cleanly (then by force)
#
# OPTIONS
#   -n NAME        instance name (default: rm$$ for `with`, `rm` otherwise)
#   --root MODE    overlay: whole / is an overlayfs, writes thrown away      (default)
#                  bind:    / is the real root read-only; /etc /var /home /root /opt /srv
#                           are overlays, /tmp /run tmpfs: files in /usr keep their real
#                           st_dev/st_ino
#   --bind PATH[:AT]  PATH of the host, read-write, at the same place or at AT (repeatable)
#   --units DIR    copy DIR/* to /etc/systemd/system (DIR/user/* to /etc/systemd/user)
#   --user UID     start user@UID.service at boot (repeatable; the user is made if there is none)
#   --net host     share the network namespace (default: private, loopback only)
#   --ttl SECONDS  everything is killed after this long whatever happens (default 1800)
#   --boot-timeout SECONDS (default 60)
#
# Needs: root (CAP_SYS_ADMIN), util-linux, systemd, dbus, dbus-user-session and libpam-systemd
# (for --user); a cgroup2 mount
# anywhere (hybrid /sys/fs/cgroup/unified or pure /sys/fs/cgroup). No docker, no
# systemd on the host, no loop device. Nothing is left in the host's mount table.
set -u
STATE_BASE=${RM_SYSTEMD_STATE:-/run/rm-systemd}
die() { echo "boot-systemd: $*" >&2; exit 125; }

# ---------------------------------------------------------------- inner: PID 1 to be
inner() {
    set -eu
    local st=$1 mode=$2 units=$3 users=$4 net=$5; shift 5   # rest: binds
    # /proc is still the host's procfs here, so /proc/self/stat has the host's pid
    local hostpid; read -r hostpid _ </proc/self/stat
    if [ ! -e "$st/pid" ]; then
        # first into a cgroup of its own (with none of the outer helpers in it, or systemd
        # could not enable controllers), then root a cgroup namespace there
        echo 0 >"$(cat "$st/cgroup")/payload/cgroup.procs"; echo "$hostpid" >"$st/pid"
        exec unshare --cgroup bash "$0" __inner "$st" "$mode" "$units" "$users" "$net" "$@"
    fi
    mount --make-rprivate /
    local w=$st/w; mount -t tmpfs -o mode=755,size=75% rmroot "$w"
    local r=$w/root; mkdir -p "$r" "$w/upper" "$w/index"
    ovl() { # ovl LOWER NAME TARGET
        mkdir -p "$w/upper/$2" "$w/index/$2"
        mount -t overlay rmroot -o "lowerdir=$1,upperdir=$w/upper/$2,workdir=$w/index/$2" "$3"
    }
    case $mode in
      overlay) ovl / root "$r" ;;
      bind)    mount --bind / "$r"; mount -o remount,ro,bind "$r"
               for d in etc var home root opt srv; do [ -d "/$d" ] && ovl "/$d" "$d" "$r/$d"; done ;;
      *) echo "bad --root $mode" >&2; exit 125 ;;
    esac
    for d in proc sys dev run tmp; do [ -d "$r/$d" ] || mkdir "$r/$d"; done
    mount -t proc  -o nosuid,nodev,noexec proc "$r/proc"
    # as nspawn does: systemd, tmpfiles and sysctl must not touch the host's kernel settings
    mount --bind "$r/proc/sys" "$r/proc/sys"; mount -o remount,ro,bind "$r/proc/sys"
    # each boot has an id of its own
    cat "$r/proc/sys/kernel/random/uuid" >"$w/boot_id"; chmod 444 "$w/boot_id"
    mount --bind "$w/boot_id" "$r/proc/sys/kernel/random/boot_id"
    [ ! -e "$r/proc/sysrq-trigger" ] || { mount --bind /dev/null "$r/proc/sysrq-trigger"; }
    mount -t sysfs -o nosuid,nodev,noexec,ro sysfs "$r/sys"      # read-only: udev stays off
    mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$r/sys/fs/cgroup"
    mount -t tmpfs -o mode=755,nosuid,noexec tmpfs "$r/dev"
    local n
    for n in null zero full random urandom tty fuse; do
        [ -e "/dev/$n" ] || continue
        : >"$r/dev/$n"; mount --bind "/dev/$n" "$r/dev/$n"
    done
    mkdir "$r/dev/pts" "$r/dev/shm" "$r/dev/mqueue"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5,nosuid,noexec devpts "$r/dev/pts"
    ln -s pts/ptmx "$r/dev/ptmx"; ln -s /proc/self/fd "$r/dev/fd"
    ln -s fd/0 "$r/dev/stdin"; ln -s fd/1 "$r/dev/stdout"; ln -s fd/2 "$r/dev/stderr"
    mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$r/dev/shm"
    mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$r/run"
    mount -t tmpfs -o mode=1777 tmpfs "$r/tmp"
    mkdir "$r/run/rm-harness"; mount --bind "$st/share" "$r/run/rm-harness"
    local b
    for b in "$@"; do
        local at=${b#*:}; b=${b%%:*}
        if [ -d "$b" ]; then mkdir -p "$r$at"; else mkdir -p "$r${at%/*}"; : >>"$r$at"; fi
        mount --rbind "$b" "$r$at"
    done

    # ---- configuration, all in the throw-away layer
    local S=$r/etc/systemd/system u
    # start from nothing that this machine happens to have enabled
    rm -rf "$S"; mkdir -p "$S/rm-harness.target.wants" "$r/etc/systemd/user"
    # mask by tmpfs-side links: hardware, console, time, kernel settings, slow generators
    for u in systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket \
             systemd-udev-trigger.service systemd-udev-settle.service systemd-hwdb-update.service \
             systemd-modules-load.service systemd-sysctl.service systemd-binfmt.service \
             systemd-random-seed.service systemd-pstore.service systemd-firstboot.service \
             systemd-repart.service systemd-sysusers.service systemd-machine-id-commit.service \
             systemd-timesyncd.service systemd-networkd.service systemd-resolved.service \
             systemd-update-utmp.service systemd-update-utmp-runlevel.service \
             systemd-journal-flush.service systemd-remount-fs.service systemd-tmpfiles-setup.service \
             systemd-tmpfiles-setup-dev.service systemd-pcrphase.service systemd-pcrphase-sysinit.service \
             systemd-ask-password-console.path systemd-ask-password-wall.path systemd-initctl.socket \
             systemd-journald-audit.socket kmod-static-nodes.service getty.target console-getty.service \
             dev-hugepages.mount dev-mqueue.mount sys-fs-fuse-connections.mount sys-kernel-config.mount \
             sys-kernel-debug.mount sys-kernel-tracing.mount proc-sys-fs-binfmt_misc.automount tmp.mount \
             systemd-tmpfiles-clean.timer apt-daily.timer apt-daily-upgrade.timer ; do
        ln -s /dev/null "$S/$u"
    done
    mkdir -p "$r/etc/systemd/system-generators" "$r/etc/systemd/system.conf.d" "$r/etc/systemd/user.conf.d" \
             "$r/etc/systemd/journald.conf.d" "$r/etc/systemd/logind.conf.d"
    local g
    for g in "$r"/lib/systemd/system-generators/*; do ln -sf /dev/null "$r/etc/systemd/system-generators/${g##*/}"; done
    printf '[Manager]\nDefaultTimeoutStopSec=10s\nDefaultTimeoutStartSec=20s\nShowStatus=no\nStatusUnitFormat=name\n' \
        >"$r/etc/systemd/system.conf.d/rm.conf"
    cp "$r/etc/systemd/system.conf.d/rm.conf" "$r/etc/systemd/user.conf.d/rm.conf"
    printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\nForwardToSyslog=no\nRateLimitIntervalSec=0\n' >"$r/etc/systemd/journald.conf.d/rm.conf"
    cat >"$S/rm-harness.target" <<-UNIT
	[Unit]
	Description=Test harness target
	Requires=basic.target dbus.socket
	Wants=dbus.service systemd-logind.service systemd-user-sessions.service
	After=basic.target dbus.socket dbus.service systemd-logind.service
	AllowIsolate=yes
	UNIT
    ln -s rm-harness.target "$S/default.target"
    head -c16 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$r/etc/machine-id"; echo >>"$r/etc/machine-id"
    echo rmtest >"$r/etc/hostname"
    mkdir -p "$r/run/lock" "$r/var/lib/systemd/linger" "$r/run/user"
    rm -f "$r/var/lib/systemd/linger"/* "$r/run/nologin"
    for u in $users; do
        if ! grep -q "^[^:]*:[^:]*:$u:" "$r/etc/passwd"; then
            echo "rmuser$u:x:$u:$u::/home/rmuser$u:/bin/bash" >>"$r/etc/passwd"
            echo "rmuser$u:x:$u:" >>"$r/etc/group"
            echo "rmuser$u:*:19000:0:99999:7:::" >>"$r/etc/shadow"
            mkdir -p "$r/home/rmuser$u"; chown "$u:$u" "$r/home/rmuser$u"
        fi
        ln -s /lib/systemd/system/user@.service "$S/rm-harness.target.wants/user@$u.service"
    done
    if [ -n "$units" ]; then
        cp -a "$units"/. "$S"/; rm -rf "$S/user"
        [ ! -d "$units/user" ] || cp -a "$units/user"/. "$r/etc/systemd/user"/
    fi
    # ready flag for the outside: written by a unit once the boot transaction is done
    cat >"$S/rm-harness-ready.service" <<-UNIT
	[Unit]
	After=rm-harness.target
	DefaultDependencies=no
	[Service]
	Type=idle
	ExecStart=/bin/sh -c 'systemctl is-system-running --wait >/run/rm-harness/state.new; mv /run/rm-harness/state.new /run/rm-harness/state'
	UNIT
    mkdir -p "$S/rm-harness.target.wants"
    ln -s ../rm-harness-ready.service "$S/rm-harness.target.wants/rm-harness-ready.service"

    cd "$r"; pivot_root . .; umount -l .; cd /
    hostname rmtest 2>/dev/null || true
    exec env -i container=rmtest container_uuid= PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        LANG=C.UTF-8 SYSTEMD_LOG_LEVEL="${RM_SYSTEMD_LOG_LEVEL:-info}" \
        /lib/systemd/systemd --system --unit=rm-harness.target
}

# ---------------------------------------------------------------- outer
cg2mount() { awk '$3=="cgroup2"{print $2; exit}' /proc/mounts; }
stat_of() { # "STATE STARTTIME" of a pid; a zombie counts as gone (a host's PID 1 may reap slowly)
    local s; s=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    s=${s##*) }; set -- $s; [ "$1" != Z ] && [ "$1" != X ] && echo "${20}"
}
alive() { # PID [STARTTIME]
    local t; [ -n "${1:-}" ] && t=$(stat_of "$1") && { [ -z "${2:-}" ] || [ "$t" = "$2" ]; }
}

sweep() { # what instances left whose harness was killed: a directory and an empty cgroup
    local d cg
    for d in "$STATE_BASE"/*; do
        [ -e "$d/outer" ] && [ -e "$d/start" ] && cg=$(cat "$d/cgroup") && [ -n "$cg" ] || continue
        if alive "$(cat "$d/outer")" || grep -qs '^populated 1' "$cg/cgroup.events"; then continue; fi
        find "$cg" -depth -type d -exec rmdir {} + 2>/dev/null; rm -rf "$d"
    done
}
up() {
    sweep
    local st=$STATE_BASE/$NAME
    [ "$(id -u)" = 0 ] || die "must be root"
    [ -x /lib/systemd/systemd ] || die "install: systemd dbus libpam-systemd"
    if [ -e "$st/pid" ] && alive "$(cat "$st/pid")"; then die "instance $NAME is already up"; fi
    local cg; cg=$(cg2mount); [ -n "$cg" ] || die "no cgroup2 mount"
    # twice: another instance's `down` may take the empty base away in between
    mkdir -p "$st/w" "$st/share" 2>/dev/null || mkdir -p "$st/w" "$st/share" || die "cannot make $st"
    rm -f "$st"/pid "$st"/share/*
    # an own cgroup, so that the new cgroup namespace is rooted there
    cg=$cg/rm-systemd-$NAME; mkdir -p "$cg/outer" "$cg/exec" "$cg/payload"; echo "$cg" >"$st/cgroup"
    local t0=$EPOCHREALTIME self; self=$(readlink -f "$0")
    local netopt=--net; [ "$NET" = host ] && netopt=
    (
        echo "$BASHPID" >"$cg/outer/cgroup.procs"
        exec setsid timeout -k 5 "$TTL" unshare --fork --kill-child=KILL --pid --mount $netopt --uts --ipc \
            --propagation private bash "$self" __inner "$st" "$ROOT" "$UNITS" "$USERS" "$NET" "${BINDS[@]}" \
            </dev/null >"$st/log" 2>&1
    ) & disown
    echo $! >"$st/outer"
    local i limit=$((BOOT_TIMEOUT * 50))
    for ((i = 0; i < limit; i++)); do
        [ -e "$st/share/state" ] && break
        alive "$(cat "$st/outer")" || { cat "$st/log" >&2; die "init died while booting"; }
        sleep 0.02
    done
    [ -e "$st/share/state" ] || { cat "$st/log" >&2; log_ >&2; down; die "boot timed out"; }
    stat_of "$(cat "$st/pid")" >"$st/start"
    local t1=$EPOCHREALTIME
    printf 'name=%s pid=%s state=%s boot=%d.%03ds\n' "$NAME" "$(cat "$st/pid")" "$(cat "$st/share/state")" \
        $(( (${t1/./} - ${t0/./}) / 1000000 )) $(( (${t1/./} - ${t0/./}) / 1000 % 1000 ))
}
killcg() { # everything below a cgroup (cgroup.kill: Linux 5.14)
    if [ -e "$1/cgroup.kill" ]; then echo 1 >"$1/cgroup.kill" 2>/dev/null
    else find "$1" -name cgroup.procs -exec cat {} + 2>/dev/null | xargs -r kill -KILL 2>/dev/null; fi
}
initpid() { local p st=$STATE_BASE/$NAME; p=$(cat "$st/pid" 2>/dev/null) && alive "$p" "$(cat "$st/start" 2>/dev/null)" || die "instance $NAME is not up"; echo "$p"; }
there() { # the current directory if the instance has it (its /tmp is its own: use --bind), else /
    local p; p=$(initpid) && [ -d "/proc/$p/root$PWD" ] && echo "$PWD" || echo /
}
enter() { # in all namespaces, at the same directory if it exists there
    local p; p=$(initpid) || exit 125
    local d; d=$(there)
    # In a cgroup that `down` empties first (see there).
    echo "$BASHPID" >"$(cat "$STATE_BASE/$NAME/cgroup")/exec/cgroup.procs"
    exec nsenter -t "$p" -a --wd="/proc/$p/root$d" -- env -u DBUS_SESSION_BUS_ADDRESS -u XDG_RUNTIME_DIR "$@"
}
run_() { ( enter systemd-run -q --wait --pipe --collect --working-directory="$(there)" -p KillMode=mixed -- "$@" ); }
user_() { local u=$1; shift
    ( enter systemd-run -q --wait --pipe --collect --uid="$u" -E XDG_RUNTIME_DIR="/run/user/$u" \
        -E DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$u/bus" --working-directory=/ -- "$@" ); }
log_() { ( enter journalctl --no-pager -o short-monotonic -b ); }
down() {
    local st=$STATE_BASE/$NAME p o cg i s t0=$EPOCHREALTIME how=clean
    [ -d "$st" ] || die "no instance $NAME"
    p=$(cat "$st/pid" 2>/dev/null); o=$(cat "$st/outer" 2>/dev/null); cg=$(cat "$st/cgroup" 2>/dev/null)
    s=$(cat "$st/start" 2>/dev/null)
    # First what was entered from outside and still runs, and in this order: the processes in
    # the namespace, so that their nsenter, outside, reaps them. Else systemd-shutdown's
    # SIGSTOP makes nsenter stop itself (waitpid WUNTRACED) or an orphaned zombie waits for the
    # host's PID 1, which may be slow at it: the pid namespace cannot end before they are reaped.
    if [ -n "$cg" ] && [ -d "$cg/exec" ]; then
        for ((i = 0; i < 100; i++)); do
            local q any=
            while read -r q; do
                any=1; [ "$(readlink "/proc/$q/ns/pid")" = "$(readlink /proc/self/ns/pid)" ] || kill -KILL "$q"
            done <"$cg/exec/cgroup.procs" 2>/dev/null
            [ -n "$any" ] || break; sleep 0.02
        done
        killcg "$cg/exec"
    fi
    if alive "$p" "$s"; then
        kill -RTMIN+4 "$p"                        # systemd: start poweroff.target
        for ((i = 0; i < DOWN_TIMEOUT * 50; i++)); do alive "$p" "$s" || break; sleep 0.02; done
        if alive "$p" "$s"; then how=forced; kill -KILL "$p"; fi   # takes the whole pid namespace along
    fi
    for ((i = 0; i < 250; i++)); do alive "$o" || break; sleep 0.02; done
    if [ -n "$cg" ] && [ -d "$cg" ]; then
        killcg "$cg"
        for ((i = 0; i < 100; i++)); do
            find "$cg" -depth -type d -exec rmdir {} + 2>/dev/null; [ -d "$cg" ] || break; sleep 0.02
        done
    fi
    rm -rf "$st"; rmdir "$STATE_BASE" 2>/dev/null
    local t1=$EPOCHREALTIME
    printf 'name=%s down=%s in %d.%03ds\n' "$NAME" "$how" $(( (${t1/./} - ${t0/./}) / 1000000 )) $(( (${t1/./} - ${t0/./}) / 1000 % 1000 ))
}

[ $# -ge 1 ] || die "usage: $0 with|up|exec|run|user|log|down ..."
VERB=$1; shift
[ "$VERB" = __inner ] && { inner "$@"; exit 125; }
NAME=rm; [ "$VERB" = with ] && NAME=rm$$
ROOT=overlay UNITS= USERS= NET=private TTL=1800 BOOT_TIMEOUT=60 DOWN_TIMEOUT=30 BINDS=()
while [ $# -gt 0 ]; do
    case $1 in
        -n) NAME=$2; shift 2 ;;         --root) ROOT=$2; shift 2 ;;
        --bind) at=; [[ $2 != *:* ]] || at=:${2#*:}
                BINDS+=("$(readlink -f "${2%%:*}")$at"); shift 2 ;;
        --units) UNITS=$(readlink -f "$2"); shift 2 ;;
        --user) USERS+=" $2"; shift 2 ;; --net) NET=$2; shift 2 ;;
        --ttl) TTL=$2; shift 2 ;;       --boot-timeout) BOOT_TIMEOUT=$2; shift 2 ;;
        --) shift; break ;;             -*) die "unknown option $1" ;;
        *) break ;;
    esac
done
case $VERB in
    up) up ;;
    exec) enter "$@" ;;
    run) run_ "$@" ;;
    user) user_ "$@" ;;
    log) log_ ;;
    down) down ;;
    with) up >&2; trap 'down >&2' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM
          # in the background, or a signal's trap would wait for CMD to end
          ( enter "$@" ) <&0 & wait $!; exit $? ;;
    *) die "unknown verb $VERB" ;;
esac
