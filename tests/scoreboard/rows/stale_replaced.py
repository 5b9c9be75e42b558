"""Code that another version took the place of."""

import os
import shutil
import sys

from builds import Site, execute
from scene import Outdated, row


@row("stale")
def library_replaced(scene):
    "a library was replaced, as dpkg does it"
    site = Site(scene)
    library = site.library("lib/libfoo.so.1")
    old = site.loading(library)
    site.library("lib/libfoo.so.1", 2)
    site.loading(library)
    return Outdated({old})


@row("stale")
def linked_library_replaced(scene):
    "a library that the program is linked to was replaced"
    site = Site(scene)
    program = site.program("bin/linked", library=site.library("lib/libfoo.so.1"))
    old = site.run(program=program)
    site.library("lib/libfoo.so.1", 2)
    site.run(program=program)
    return Outdated({old})


# Moves the code of a library, and what it has besides, to memory of its own, as is done to have it in huge pages.
MOVED = """
import ctypes, mmap, signal, sys
library = ctypes.CDLL(sys.argv[1])
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
MAP_FIXED, NOBODY = 0x10, -1
for line in open("/proc/self/maps").readlines():
    if line.rstrip().endswith(sys.argv[1]) and line.split()[1] == "r-xp":
        begin, end = (int(word, 16) for word in line.split()[0].split("-"))
        code = ctypes.string_at(begin, end - begin)
        how = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_FIXED
        libc.mmap(begin, end - begin, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC, how, NOBODY, 0)
        ctypes.memmove(begin, code, end - begin)
print("ready", flush=True)
signal.pause()
"""


@row("stale")
def code_moved(scene):
    "a library was replaced whose code the process had moved to other memory (huge pages)"
    site = Site(scene)
    library = site.library("lib/libfoo.so.1")
    old = scene.start(sys.executable, "-S", "-c", MOVED, library)
    site.library("lib/libfoo.so.1", 2)
    return Outdated({old})


@row("stale")
def data_library(scene):
    "a library that has none but data, as ICU's, was replaced"
    site = Site(scene)
    library = site.data_library("lib/libdata.so.1")
    old = site.loading(library)
    site.data_library("lib/libdata.so.1", 2)
    return Outdated({old})


@row("stale")
def program_replaced(scene):
    "a program was replaced"
    site = Site(scene)
    old = site.run(program=site.program("bin/server"))
    site.run(program=site.program("bin/server", 2))
    return Outdated({old})


@row("stale")
def static_program_replaced(scene):
    "a static program was replaced"
    site = Site(scene)
    old = site.run(program=site.program("bin/server", static=True))
    site.run(program=site.program("bin/server", 2, static=True))
    return Outdated({old})


@row("stale")
def relative_name(scene):
    "a program that was started by a relative name was replaced"
    site = Site(scene)
    site.program("bin/server")
    os.chdir(site.path("bin"))
    old = site.run(program="./server")
    site.program("bin/server", 2)
    return Outdated({old})


@row("stale")
def program_removed(scene):
    "a program was removed"
    site = Site(scene)
    old = site.run(program=site.program("bin/server"))
    os.unlink(site.path("bin/server"))
    return Outdated({old})


@row("stale")
def library_removed(scene):
    "a library was removed"
    site = Site(scene)
    old = site.loading(site.library("lib/libfoo.so.1"))
    os.unlink(site.path("lib/libfoo.so.1"))
    return Outdated({old})


@row("stale")
def mapped_by_hand(scene):
    "code that was mapped without a loader was replaced"
    site = Site(scene)
    old = site.run("--map", site.library("lib/plugin"))
    site.library("lib/plugin", 2)
    return Outdated({old})


@row("stale")
def twice(scene):
    "replaced twice: both old versions"
    site = Site(scene)
    library = site.library("lib/libfoo.so.1")
    first = site.loading(library)
    site.library("lib/libfoo.so.1", 2)
    second = site.loading(library)
    site.library("lib/libfoo.so.1", 3)
    site.loading(library)
    return Outdated({first, second})


@row("stale")
def without_build_id(scene):
    "replaced, neither version with a build-id"
    site = Site(scene)
    old = site.loading(site.library("lib/libfoo.so.1", build_id=False))
    site.library("lib/libfoo.so.1", 2, build_id=False)
    return Outdated({old})


@row("stale")
def hard_linked(scene):
    "replaced, while the old content has another hard link"
    site = Site(scene)
    old = site.loading(site.library("lib/libfoo.so.1"))
    os.link(site.path("lib/libfoo.so.1"), site.path("backup"))
    site.library("lib/libfoo.so.1", 2)
    return Outdated({old})


@row("stale")
def called_deleted_and_replaced(scene):
    'a library whose name ends in " (deleted)" was replaced'
    site = Site(scene)
    old = site.loading(site.library("lib/libfoo.so (deleted)"))
    site.library("lib/libfoo.so (deleted)", 2)
    return Outdated({old})


@row("stale")
def odd_name(scene):
    "a library with blanks and a newline in its name was replaced"
    site = Site(scene)
    old = site.loading(site.library("lib/lib foo\nbar.so"))
    site.library("lib/lib foo\nbar.so", 2)
    return Outdated({old})


@row("stale")
def other_user(scene):
    "the process of another user"
    site = Site(scene)
    os.chmod(scene.directory, 0o755)
    old = site.loading(site.library("lib/libfoo.so.1"), before=lambda: os.setresuid(65534, 65534, 65534))
    site.library("lib/libfoo.so.1", 2)
    return Outdated({old})


@row("stale")
def leader_exited(scene):
    "a process whose first thread has exited"
    site = Site(scene)
    old = site.run("--load", site.library("lib/libfoo.so.1"), "--leader-exits")
    site.library("lib/libfoo.so.1", 2)
    return Outdated({old})


@row("stale")
def became_new(scene):
    "it executed the new version since, with the same pid: nobody"
    site = Site(scene)
    server = site.program("bin/server")
    pid = site.run("--execute", server, program=server)
    site.program("bin/server", 2)
    # The name of the executable is the same, so its object tells.
    was = os.stat(f"/proc/{pid}/exe").st_ino
    os.kill(pid, 10)
    while os.stat(f"/proc/{pid}/exe").st_ino == was:
        os.sched_yield()
    return Outdated(set())


@row("stale")
def became_old(scene):
    "it executed another program, which was replaced since"
    site = Site(scene)
    server = site.program("bin/server")
    pid = site.run("--execute", server)
    execute(pid)
    site.program("bin/server", 2)
    return Outdated({pid})


@row("stale")
def overwritten(scene):
    "a library was written anew in place; who loaded it since is not meant"
    site = Site(scene)
    library = site.library("lib/libfoo.so.1")
    old = site.loading(library)
    site.scene.await_tick()
    site.library("lib/libfoo.so.1", 2, kind="copy")
    site.loading(library)
    return Outdated({old})


@row("stale")
def overwritten_before(scene):
    "written anew in place since the process started, but before it was loaded: nobody"
    site = Site(scene)
    library = site.library("lib/libfoo.so.1")
    pid = site.run("--execute", site.program("bin/linked", library=library))
    site.scene.await_tick()
    site.library("lib/libfoo.so.1", 2, kind="copy")
    execute(pid)
    return Outdated(set(), {pid: "unknown"})


@row("stale")
def same_build(scene):
    "replaced by the same build: nobody"
    site = Site(scene)
    pid = site.loading(site.library("lib/libfoo.so.1"))
    site.library("lib/libfoo.so.1")
    return Outdated(set(), {pid: "refreshed"})


@row("stale")
def same_bytes(scene):
    "replaced by the same bytes, without a build-id: nobody"
    site = Site(scene)
    pid = site.loading(site.library("lib/libfoo.so.1", build_id=False))
    site.library("lib/libfoo.so.1", build_id=False)
    return Outdated(set(), {pid: "refreshed"})


@row("stale")
def same_program(scene):
    "a program was replaced by the same build: nobody"
    site = Site(scene)
    pid = site.run(program=site.program("bin/server"))
    site.program("bin/server")
    return Outdated(set(), {pid: "refreshed"})


@row("stale")
def went_back(scene):
    "replaced, and back to the first version: nobody"
    site = Site(scene)
    pid = site.loading(site.library("lib/libfoo.so.1"))
    site.library("lib/libfoo.so.1", 2)
    site.library("lib/libfoo.so.1", 1)
    return Outdated(set(), {pid: "refreshed"})


@row("stale")
def touched(scene):
    "mode, owner and times were changed: nobody"
    site = Site(scene)
    library = site.library("lib/libfoo.so.1")
    site.loading(library)
    site.scene.await_tick()
    os.chmod(library, 0o700)
    os.utime(library)
    os.link(library, site.path("link"))
    shutil.chown(library, 1)
    return Outdated(set())
