"""What keeps others waiting for ever: dead servers, processes that the kernel has stopped, and a storm of them."""

import os
import pathlib
import signal
import sys

from dead_mount import DeadMount
from scene import Lacks, Question, row


def await_sleep(pid):
    """Until it is in uninterruptible sleep, or waits for a server."""
    while pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "DS":
        os.sched_yield()


@row("who")
def beside(scene):
    "a local file, while a FUSE mount is dead"
    file = scene.write("file")
    holder = scene.hold("--open", file)
    DeadMount(scene.folder("fuse")).die()
    return Question(file, {holder})


@row("who")
def also_open(scene):
    "a local file of a process that also has a file of a dead FUSE mount open and mapped"
    mount, file = DeadMount(scene.folder("fuse")), scene.write("file")
    holder = scene.hold("--open", mount.file, "--map", mount.file, "--open", file, "--map", file)
    mount.die()
    return Question(file, {holder})


@row("who")
def working_directory(scene):
    "a local file of a process whose working directory is on a dead FUSE mount"
    mount, file = DeadMount(scene.folder("fuse")), scene.write("file")
    holder = scene.hold("--cwd", mount.path, "--open", file)
    mount.die()
    return Question(file, {holder})


@row("who")
def reads(scene):
    "a local file of a process that waits for ever to read from a dead FUSE mount"
    mount, file = DeadMount(scene.folder("fuse")), scene.write("file")
    mount.die()
    code = "import os, sys; os.open(sys.argv[1], 0); print('ready', flush=True); os.open(sys.argv[2], 0)"
    holder = scene.start(sys.executable, "-c", code, file, mount.file)
    await_sleep(holder)
    return Question(file, {holder})


@row("who")
def runs(scene):
    "a local file of a process that waits for ever to execute a program of a dead FUSE mount"
    mount, file = DeadMount(scene.folder("fuse")), scene.write("file")
    mount.die()
    code = ("import os, sys; os.set_inheritable(os.open(sys.argv[1], 0), True); print('ready', flush=True);"
            "os.execv(sys.argv[2], ['x'])")
    holder = scene.start(sys.executable, "-c", code, file, mount.file)
    await_sleep(holder)
    return Question(file, {holder})


@row("who")
def below(scene):
    "a file of a dead FUSE mount itself: said to be out of reach"
    mount = DeadMount(scene.folder("fuse"))
    scene.hold("--open", mount.file)
    mount.die()
    return Question(mount.file, set(), unreachable={mount.file})


@row("who")
def below_linked(scene):
    "a link to a file of a dead FUSE mount: said to be out of reach"
    mount, link = DeadMount(scene.folder("fuse")), scene.path("link")
    os.symlink(mount.file, link)
    mount.die()
    return Question(link, set(), unreachable={link})


@row("who")
def died_since(scene):
    "a file of a FUSE mount that has died since it was registered"
    mount = DeadMount(scene.folder("fuse"))
    key = scene.register(mount.file)
    holder = scene.hold("--open", mount.file)
    mount.die()
    return Question(mount.file, {holder}, key, unreachable={mount.file})


@row("who")
def dead_elsewhere(scene):
    "a file of a FUSE mount of another mount namespace that is dead, asked by /proc/PID/root: said to be out of reach"
    mount = DeadMount(scene.folder("fuse"))
    pid = scene.hold(before=scene.own_mounts())
    scene.run("umount", "--lazy", mount.path)
    mount.die()
    file = f"/proc/{pid}/root{mount.file}"
    return Question(file, set(), unreachable={file})


@row("who")
def killed(scene):
    "a file of a FUSE mount whose server was killed: said to be out of reach"
    mount = DeadMount(scene.folder("fuse"))
    scene.hold("--open", mount.file)
    mount.kill()
    return Question(mount.file, set(), unreachable={mount.file})


@row("who")
def killed_since(scene):
    "a file of a FUSE mount whose server was killed since it was registered"
    mount = DeadMount(scene.folder("fuse"))
    key = scene.register(mount.file)
    holder = scene.hold("--open", mount.file)
    mount.kill()
    return Question(mount.file, {holder}, key, unreachable={mount.file}, previous=set())


@row("who")
def vfork(scene):
    "a process in vfork, in uninterruptible sleep"
    file = scene.write("file")
    code = """
import ctypes, os, sys
os.open(sys.argv[1], 0)
print("ready", flush=True)
# Its child never executes anything, and the parent is not woken before that: CLONE_VFORK.
libc = ctypes.CDLL(None)
if libc.syscall(56, 0x4000 | 17, 0, 0, 0, 0) == 0:
    while True:
        libc.pause()
"""
    holder = scene.start(sys.executable, "-c", code, file)
    while not pathlib.Path(f"/proc/{holder}/task/{holder}/children").read_text():
        os.sched_yield()
    return Question(file, {holder, scene.child_of(holder)})


@row("who")
def storm(scene):
    "a holder in a storm of processes that come and go"
    file = scene.write("file")
    holder = scene.hold("--open", file, "--map", file)
    scene.start("sh", "-c", "echo ready; while :; do /bin/true; done")
    scene.start("sh", "-c", "echo ready; while :; do (:) & wait; done")
    return Question(file, {holder})


@row("who")
def arguments(scene):
    "a local file of a process whose arguments cannot be read, for they lie on a dead FUSE mount"
    mount, file = DeadMount(scene.folder("fuse")), scene.write("file")
    code = """
import ctypes, os, sys
os.open(sys.argv[1], 0)
fields = open("/proc/self/stat").read().rsplit(")", 1)[1].split()
page = int(fields[45]) + 4095 & ~4095  # arg_start, field 48
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap(ctypes.c_void_p(page), ctypes.c_size_t(4096), 1, 0x12, os.open(sys.argv[2], 0), ctypes.c_long(0))
print("ready", flush=True)
libc.pause()
"""
    holder = scene.start(sys.executable, "-c", code, file, mount.file, "x" * 20000)
    mount.die()
    return Question(file, {holder})


@row("who")
def changes_memory(scene):
    "a local file of a process whose memory is locked, for it waits for a dead FUSE mount"
    mount, file = DeadMount(scene.folder("fuse")), scene.write("file")
    holder = scene.hold("--open", file, "--change-map", mount.file)
    mount.die()
    os.kill(holder, signal.SIGUSR1)
    await_sleep(holder)
    return Question(file, {holder})


@row("who")
def permission(scene):
    "a file that may be opened only when a scanner permits it (fanotify), which never answers"
    file = scene.write("file")
    holder = scene.hold("--open", file, "--map", file)
    code = """
import ctypes, sys
libc = ctypes.CDLL(None)
group = libc.fanotify_init(4, 0)  # FAN_CLASS_CONTENT
mask = ctypes.c_uint64(0x10000)  # FAN_OPEN_PERM
marked = libc.fanotify_mark(group, 1, mask, -100, sys.argv[1].encode())
print("ready" if group >= 0 and marked == 0 else "refused", flush=True)
libc.pause()
"""
    try:
        scene.start(sys.executable, "-c", code, file)
    except RuntimeError as trouble:
        raise Lacks("fanotify with permissions") from trouble
    return Question(file, {holder})
