"""Code in places that tools leave out: all of /home, /opt, /var and /tmp."""

import os

from builds import Site
from scene import Outdated, row


def add(place, name):
    def site_of(scene):
        return Site(scene, place or scene.folder("site"))

    def titled(what):
        def decorate(play):
            play.__doc__ = f"{what} {name} was replaced"
            return row("stale")(play)

        return decorate

    @titled("a library")
    def library(scene):
        site = site_of(scene)
        old = site.loading(site.library("app/lib/libfoo.so.1"))
        site.library("app/lib/libfoo.so.1", 2)
        site.loading(site.path("app/lib/libfoo.so.1"))
        return Outdated({old})

    @titled("a program")
    def program(scene):
        site = site_of(scene)
        old = site.run(program=site.program("app/server"))
        site.run(program=site.program("app/server", 2))
        return Outdated({old})


for place, name in ("/home", "below /home"), ("/opt", "below /opt"), ("/var/local", "below /var"), (None, "below /tmp"):
    add(place, name)


@row("stale")
def updates_itself(scene):
    "an application below /home that updates itself, its folder put in place of the old one: library and program"
    site = Site(scene, "/home")
    for version in 1, 2:
        site.library(f"user/v{version}/libfoo.so", version)
        site.program(f"user/v{version}/app", version)
    os.rename(site.path("user/v1"), site.path("user/App"))
    old = site.run("--load", site.path("user/App/libfoo.so"), program=site.path("user/App/app"))
    os.rename(site.path("user/App"), site.path("user/App.old"))
    os.rename(site.path("user/v2"), site.path("user/App"))
    site.run("--load", site.path("user/App/libfoo.so"), program=site.path("user/App/app"))
    return Outdated({old})


@row("stale")
def removed_program(scene):
    "a program below /tmp was removed"
    site = Site(scene, scene.folder("site"))
    old = site.run(program=site.program("app/server"))
    os.unlink(site.path("app/server"))
    return Outdated({old})


@row("stale")
def removed_library(scene):
    "a library below /tmp, older than the process, was removed"
    site = Site(scene, scene.folder("site"))
    library = site.library("app/libfoo.so")
    scene.await_tick()
    old = site.loading(library)
    os.unlink(library)
    return Outdated({old})
