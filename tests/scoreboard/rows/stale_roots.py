"""Root directories of their own, while the same name leads to something else outside."""

import os
import shutil

from builds import Site
from scene import Outdated, row


def jailed(scene, inside=1, outside=1, before=None):
    """(site, function that starts the loader in the jail with options), where versions of a library have the same name."""
    site = Site(scene)
    jail = site.jail()
    site.library("jail/srv/lib.so", inside)
    site.library("lib.so", outside)

    def enter():
        if before:
            before()
        os.chroot(jail)
        os.chdir("/")

    return site, lambda *options: site.run(*options, program="/loader", before=enter)


@row("stale")
def replaced_inside(scene):
    "in a chroot, replaced there, while the version outside stays as it was"
    site, start = jailed(scene)
    old = start("--load", "/srv/lib.so")
    site.library("jail/srv/lib.so", 2)
    start("--load", "/srv/lib.so")
    return Outdated({old})


@row("stale")
def refreshed_inside(scene):
    "in a chroot, replaced there by the same build, while outside is another version: nobody"
    site, start = jailed(scene, outside=2)
    pid = start("--load", "/srv/lib.so")
    site.library("jail/srv/lib.so")
    return Outdated(set(), {pid: "refreshed"})


@row("stale")
def private_and_rooted(scene):
    "in a chroot of a private mount namespace, replaced there: loaded, and mapped without a loader"
    site, start = jailed(scene, before=scene.own_mounts())
    old = {start("--load", "/srv/lib.so"), start("--map", "/srv/lib.so")}
    site.library("jail/srv/lib.so", 2)
    start("--load", "/srv/lib.so")
    return Outdated(old)


@row("stale")
def aside_inside(scene):
    "in a chroot, moved aside there as plugin.bak, mapped without a loader"
    site, start = jailed(scene)
    old = start("--map", "/srv/lib.so")
    os.rename(site.path("jail/srv/lib.so"), site.path("jail/srv/lib.so.bak"))
    site.library("jail/srv/lib.so", 2)
    return Outdated({old})


@row("stale")
def removed_root(scene):
    "in a chroot that was removed, while the same version is outside"
    site, start = jailed(scene)
    old = start("--load", "/srv/lib.so")
    shutil.rmtree(site.path("jail"))
    return Outdated({old})


@row("stale")
def loaded_before(scene):
    "it changed its root to the folder that its library is in: who has the old version"
    site = Site(scene)
    library = site.library("jail/srv/lib.so")
    old = site.run("--load", library, "--root", site.path("jail"))
    site.library("jail/srv/lib.so", 2)
    site.run("--load", library, "--root", site.path("jail"))
    return Outdated({old})
