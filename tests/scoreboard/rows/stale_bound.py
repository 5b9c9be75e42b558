"""Files that are mounted by themselves, as into a container: what was mounted stays when another one takes its place outside."""

import os
import pathlib

from builds import Site
from scene import Outdated, row


def bound(scene, private=True):
    """(site, the file, where it is mounted, `before` of a process that sees it there)"""
    site = Site(scene)
    source, point = site.library("image/lib.so"), site.path("lib.so")
    pathlib.Path(point).touch()
    command = ["mount", "--bind", source, point]
    if not private:
        scene.mount(*command[1:])
    return site, source, point, scene.own_mounts(command) if private else None


@row("stale")
def replaced(scene):
    "it was mounted by itself into a private mount namespace, and replaced outside: loaded, and mapped without a loader"
    site, _, point, enter = bound(scene)
    old = {site.loading(point, before=enter), site.run("--map", point, before=enter)}
    site.library("image/lib.so", 2)
    site.loading(point, before=enter)
    return Outdated(old)


@row("stale")
def replaced_here(scene):
    "it was mounted by itself, and replaced where it was mounted from"
    site, _, point, _ = bound(scene, private=False)
    old = site.loading(point)
    site.library("image/lib.so", 2)
    return Outdated({old})


@row("stale")
def refreshed(scene):
    "it was mounted by itself, and replaced by the same build where it was mounted from: nobody"
    site, _, point, enter = bound(scene)
    pid = site.loading(point, before=enter)
    site.library("image/lib.so")
    return Outdated(set(), {pid: "refreshed"})


@row("stale")
def removed(scene):
    "it was mounted by itself, and removed where it was mounted from: nobody"
    site, source, point, enter = bound(scene)
    site.loading(point, before=enter)
    os.unlink(source)
    return Outdated(set())
