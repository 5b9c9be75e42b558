"""What looks like outdated code and is none."""

import os

from builds import Site
from scene import Outdated, row


@row("stale")
def memory_library(scene):
    "a library that was loaded from a memfd: nobody"
    site = Site(scene)
    pid = site.run("--memfd", site.library("lib.so"))
    return Outdated(set(), {pid: "transient"})


@row("stale")
def memory_program(scene):
    "a program that runs from a memfd: nobody"
    site = Site(scene)
    program = site.program("bin/server")

    def become():
        memory = os.memfd_create("server")
        with open(program, "rb") as file:
            os.write(memory, file.read())
        os.set_inheritable(memory, False)
        os.execve(memory, ["server"], os.environ)

    pid = scene.start("/bin/true", before=become)
    return Outdated(set(), {pid: "transient"})


@row("stale")
def generated(scene):
    "generated code in a file that was removed: nobody"
    site = Site(scene)
    pid = site.run("--generated", site.folder("home"))
    return Outdated(set(), {pid: "transient"})


@row("stale")
def unnamed(scene):
    "generated code in a file without a name (O_TMPFILE): nobody"
    site = Site(scene)
    pid = site.run("--unnamed", site.folder("home"))
    return Outdated(set(), {pid: "transient"})


@row("stale")
def copied(scene):
    "a library that the program wrote to /tmp, loaded and removed: nobody"
    site = Site(scene)
    program = site.program("bin/loader")
    site.scene.await_tick()
    pid = site.run("--copied", site.library("lib.so"), program=program)
    return Outdated(set(), {pid: "transient"})


@row("stale")
def shared_memory(scene):
    "System V shared memory, /dev/zero, anonymous shared memory: nobody"
    site = Site(scene)
    pid = site.run("--shared")
    return Outdated(set(), {pid: "transient"})


@row("stale")
def data(scene):
    "a data file that was removed, and one that was replaced: nobody"
    site = Site(scene)
    for name in "spool", "cache.db":
        scene.write("site/" + name)
    pid = site.run("--data", site.path("spool"), "--data", site.path("cache.db"))
    os.unlink(site.path("spool"))
    scene.replace(site.path("cache.db"))
    return Outdated(set(), {pid: "transient"})


@row("stale")
def data_library(scene):
    "a library that is only read as data was replaced: nobody"
    site = Site(scene)
    pid = site.run("--data", site.library("lib.so"))
    site.library("lib.so", 2)
    return Outdated(set(), {pid: "transient"})


@row("stale")
def nothing(scene):
    "nothing was replaced: nobody"
    site = Site(scene)
    site.loading(site.library("lib.so"))
    return Outdated(set())
