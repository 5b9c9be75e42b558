"""Code whose name leads to another version, though the old one was not replaced."""

import os

from builds import Site
from scene import Lacks, Outdated, row


def moved_aside(scene, to):
    site = Site(scene)
    old = site.loading(site.library("lib/libfoo.so.1"))
    os.rename(site.path("lib/libfoo.so.1"), site.path("lib/" + to))
    site.library("lib/libfoo.so.1", 2)
    return Outdated({old})


@row("stale")
def backup(scene):
    "moved aside as lib.so.bak, another version put in its place"
    return moved_aside(scene, "libfoo.so.1.bak")


@row("stale")
def rpm_leftover(scene):
    "moved aside as lib.so;5f3a9c21"
    return moved_aside(scene, "libfoo.so.1;5f3a9c21")


@row("stale")
def any_name(scene):
    "moved aside under a name that says nothing"
    return moved_aside(scene, "x")


@row("stale")
def nfs_leftover(scene):
    "moved aside as .nfs000000000b2c3d4e00000001"
    return moved_aside(scene, ".nfs000000000b2c3d4e00000001")


@row("stale")
def by_hand_and_aside(scene):
    "mapped without a loader and moved aside as plugin.dpkg-tmp"
    site = Site(scene)
    old = site.run("--map", site.library("lib/plugin"))
    os.rename(site.path("lib/plugin"), site.path("lib/plugin.dpkg-tmp"))
    site.library("lib/plugin", 2)
    return Outdated({old})


@row("stale")
def program_aside(scene):
    "a program moved aside as server.old, another version put in its place"
    site = Site(scene)
    old = site.run(program=site.program("bin/server"))
    os.rename(site.path("bin/server"), site.path("bin/server.old"))
    site.program("bin/server", 2)
    return Outdated({old})


# What ld.so(8) is called on x86-64, by which a program can be executed as by an interpreter.
LOADER = "/lib64/ld-linux-x86-64.so.2"


def through_loader(site, *options):
    if not os.path.exists(LOADER):
        raise Lacks(LOADER)
    return site.run(*options, program=LOADER)


@row("stale")
def program_of_loader_aside(scene):
    "a program that was started by ld.so, moved aside under a name that says nothing, another version put in its place"
    site = Site(scene)
    server = site.program("bin/server")
    old = through_loader(site, server)
    os.rename(server, site.path("bin/x"))
    site.program("bin/server", 2)
    through_loader(site, server)
    return Outdated({old})


@row("stale")
def soname_of_loader(scene):
    "the soname link was switched, and the program was started by ld.so"
    site = Site(scene)
    server = site.program("bin/server")
    site.library("lib/libfoo.so.1.1")
    link = site.link("lib/libfoo.so.1", "libfoo.so.1.1")
    old = through_loader(site, server, "--load", link)
    site.library("lib/libfoo.so.1.2", 2)
    site.link("lib/libfoo.so.1", "libfoo.so.1.2")
    through_loader(site, server, "--load", link)
    return Outdated({old})


@row("stale")
def loader_moved(scene):
    "a program that was started by ld.so under another name was moved away, and nothing took its place: nobody"
    site = Site(scene)
    server = site.program("bin/server")
    through_loader(site, "--argv0", "other", server)
    os.rename(server, site.path("bin/x"))
    return Outdated(set())


@row("stale")
def exchanged(scene):
    "two libraries exchanged their names: who has either"
    site = Site(scene)
    one, two = site.library("lib/one.so"), site.library("lib/two.so", 2)
    old = {site.loading(one), site.loading(two)}
    scene.exchange(one, two)
    return Outdated(old)


@row("stale")
def started_as_old(scene):
    "server.old was started, while there is another server: nobody"
    site = Site(scene)
    site.program("bin/server", 2)
    site.run(program=site.program("bin/server.old"))
    os.chdir(site.path("bin"))
    site.run(program="./server.old")
    return Outdated(set())


@row("stale")
def renamed(scene):
    "moved away, and nothing took its place: nobody"
    site = Site(scene)
    site.loading(site.library("lib/libfoo.so.1"))
    os.rename(site.path("lib/libfoo.so.1"), site.path("lib/libbar.so.1"))
    return Outdated(set())


@row("stale")
def chain(scene):
    "renamed to .1, that one to .2: both old versions"
    site = Site(scene)
    library = site.library("lib/libfoo.so")
    first = site.loading(library)
    os.rename(library, library + ".1")
    site.library("lib/libfoo.so", 2)
    second = site.loading(library)
    os.rename(library + ".1", library + ".2")
    os.rename(library, library + ".1")
    site.library("lib/libfoo.so", 3)
    site.loading(library)
    return Outdated({first, second})


@row("stale")
def soname(scene):
    "the soname link was switched, the old version stays"
    site = Site(scene)
    site.library("lib/libfoo.so.1.1")
    link = site.link("lib/libfoo.so.1", "libfoo.so.1.1")
    old = site.loading(link)
    site.library("lib/libfoo.so.1.2", 2)
    site.link("lib/libfoo.so.1", "libfoo.so.1.2")
    site.loading(link)
    return Outdated({old})


@row("stale")
def other_soname(scene):
    "loaded by its full version, while the soname link leads to another: nobody"
    site = Site(scene)
    site.library("lib/libfoo.so.1.2", 2)
    site.link("lib/libfoo.so.1", "libfoo.so.1.2")
    site.loading(site.library("lib/libfoo.so.1.1"))
    return Outdated(set())


@row("stale")
def current_folder(scene):
    "the link of a folder above was switched (/opt/current): library and program"
    site = Site(scene)
    site.library("v1/lib.so")
    site.program("v1/server")
    site.library("v2/lib.so", 2)
    site.program("v2/server", 2)
    site.link("current", "v1")
    loads = site.loading(site.path("current/lib.so"))
    runs = site.run(program=site.path("current/server"))
    site.link("current", "v2")
    site.loading(site.path("current/lib.so"))
    return Outdated({loads, runs})


@row("stale")
def alternative(scene):
    "an alternative was switched"
    site = Site(scene)
    site.program("bin/server-1")
    site.program("bin/server-2", 2)
    site.link("bin/alternative", site.path("bin/server-1"))
    link = site.link("bin/server", site.path("bin/alternative"))
    old = site.run(program=link)
    site.link("bin/alternative", site.path("bin/server-2"))
    return Outdated({old})


@row("stale")
def moved_folder(scene):
    "the folder was moved away and a new one put in its place"
    site = Site(scene)
    old = site.loading(site.library("app/lib.so"))
    os.rename(site.path("app"), site.path("app.old"))
    site.library("app/lib.so", 2)
    return Outdated({old})


@row("stale")
def called_deleted(scene):
    'a library whose name ends in " (deleted)": nobody'
    site = Site(scene)
    site.loading(site.library("lib/libfoo.so (deleted)"))
    site.run(program=site.program("bin/server (deleted)"))
    return Outdated(set())


@row("stale")
def script(scene):
    "a script was replaced: nobody"
    site = Site(scene)
    for version in 1, 2:
        path = site.path("script")
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\necho ready\nsleep 600\n: {version}\n")
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)
        if version == 1:
            site.run(program=path)
    return Outdated(set())


@row("stale")
def script_no_more(scene):
    "a script was replaced by a program: nobody"
    site = Site(scene)
    interpreter, script = site.program("bin/interpreter"), site.path("bin/tool")
    with open(script, "w", encoding="utf-8") as file:
        file.write(f"#!{interpreter}\n")
    os.chmod(script, 0o755)
    site.run("--shared", program=script)
    site.program("bin/tool", 2)
    return Outdated(set())


@row("stale")
def interpreter_aside(scene):
    "the interpreter of a script was replaced, and the script by a program"
    site = Site(scene)
    interpreter, script = site.program("bin/interpreter"), site.path("bin/tool")
    with open(script, "w", encoding="utf-8") as file:
        file.write(f"#!{interpreter}\n")
    os.chmod(script, 0o755)
    old = site.run("--shared", program=script)
    site.program("bin/interpreter", 2)
    site.program("bin/tool", 2)
    return Outdated({old})


def script_of(site, interpreter, name):
    """A script with this interpreter."""
    script = site.path(name)
    with open(script, "w", encoding="utf-8") as file:
        file.write(f"#!{interpreter} --mounts\n")
    os.chmod(script, 0o755)
    return script


@row("stale")
def interpreter_switched(scene):
    "the interpreter of a script is a link, which was switched; that of another one was moved aside under a name that says nothing"
    site = Site(scene)
    site.program("bin/interpreter3.11")
    link, plain = site.link("bin/interpreter3", "interpreter3.11"), site.program("bin/plain")
    scripts = [script_of(site, link, "bin/one"), script_of(site, plain, "bin/two")]
    old = {site.run("--mounts", program=script) for script in scripts}
    site.program("bin/interpreter3.12", 2)
    site.link("bin/interpreter3", "interpreter3.12")
    os.rename(plain, site.path("bin/x"))
    site.program("bin/plain", 2)
    return Outdated(old)


@row("stale")
def interpreter_linked(scene):
    "the interpreter of a script is a link, and the script was replaced by a program: nobody"
    site = Site(scene)
    site.program("bin/interpreter3.11")
    script = script_of(site, site.link("bin/interpreter3", "interpreter3.11"), "bin/tool")
    site.run("--mounts", program=script)
    site.program("bin/tool", 2)
    return Outdated(set())
