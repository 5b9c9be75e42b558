"""Roots, mounts and file systems under the code."""

import os
import shutil
import subprocess

from builds import Site
from dead_mount import DeadMount
from scene import Lacks, Outdated, row


@row("stale")
def covered(scene):
    "a mount covers the folder, with another version on it"
    site = Site(scene)
    old = site.loading(site.library("lib/libfoo.so.1"))
    scene.mount("-t", "tmpfs", "none", site.path("lib"))
    site.library("lib/libfoo.so.1", 2)
    return Outdated({old})


@row("stale")
def covered_by_same(scene):
    "a mount covers the folder, with the same version on it: nobody"
    site = Site(scene)
    pid = site.loading(site.library("lib/libfoo.so.1"))
    scene.mount("-t", "tmpfs", "none", site.path("lib"))
    site.library("lib/libfoo.so.1")
    return Outdated(set(), {pid: "refreshed"})


def swapped(scene, before=None):
    site = Site(scene)
    lib = site.folder("lib")
    scene.mount("-t", "tmpfs", "none", lib)
    site.library("lib/libfoo.so.1")
    old = site.run("--load", lib + "/libfoo.so.1", before=before)
    scene.run("umount", "--lazy", lib)
    scene.mount("-t", "tmpfs", "none", lib)
    site.library("lib/libfoo.so.1", 2)
    site.loading(lib + "/libfoo.so.1")
    return old


@row("stale")
def swapped_mount(scene):
    "its mount was swapped for another"
    return Outdated({swapped(scene)})


@row("stale")
def rebound(scene):
    "a bind mount was switched to another version"
    site = Site(scene)
    site.library("v1/lib.so")
    site.library("v2/lib.so", 2)
    place = site.folder("place")
    scene.mount("--bind", site.path("v1"), place)
    old = site.loading(place + "/lib.so")
    scene.run("umount", "--lazy", place)
    scene.mount("--bind", site.path("v2"), place)
    return Outdated({old})


@row("stale")
def chrooted(scene):
    "replaced inside of a chroot"
    site = Site(scene)
    jail = site.jail()
    site.library("jail/lib.so")
    enter = lambda: (os.chroot(jail), os.chdir("/"))  # noqa: E731
    old = site.run("--load", "/lib.so", program="/loader", before=enter)
    site.library("jail/lib.so", 2)
    site.run("--load", "/lib.so", program="/loader", before=enter)
    return Outdated({old})


@row("stale")
def replaced_outside(scene):
    "in a chroot, whose own version stays, while the one outside is replaced: nobody"
    site = Site(scene)
    jail = site.jail()
    site.library("jail/srv/lib.so")
    site.library("lib.so")
    site.run("--load", "/srv/lib.so", program="/loader", before=lambda: (os.chroot(jail), os.chdir("/")))
    site.library("lib.so", 2)
    return Outdated(set())


@row("stale")
def chrooted_later(scene):
    "it changed its root after it had loaded, and has a copy in there: who has the old version"
    site = Site(scene)
    library = site.library("lib.so")
    site.library("jail/srv/lib.so", 3)
    old = site.run("--load", library, "--root", site.path("jail"))
    site.library("lib.so", 2)
    site.run("--load", library, "--root", site.path("jail"))
    return Outdated({old})


@row("stale")
def private_mounts(scene):
    "replaced, and it lives in a private mount namespace"
    site = Site(scene)
    library = site.library("lib.so")
    old = site.loading(library, before=scene.own_mounts())
    site.library("lib.so", 2)
    return Outdated({old})


@row("stale")
def private_later(scene):
    "it made itself a private mount namespace after it had loaded: who has the old version"
    site = Site(scene)
    library = site.library("lib.so")
    old = site.run("--load", library, "--mounts")
    site.library("lib.so", 2)
    site.run("--load", library, "--mounts")
    return Outdated({old})


@row("stale")
def private_version(scene):
    "another version is mounted there in its private mount namespace, and stays: nobody"
    site = Site(scene)
    library, other = site.library("lib.so"), site.library("other.so", 3)
    site.loading(library, before=scene.own_mounts(["mount", "--bind", other, library]))
    site.library("lib.so.new", 2)
    return Outdated(set())


@row("stale")
def private_version_replaced(scene):
    "the version that is mounted in its private mount namespace was swapped in there"
    site = Site(scene)
    library, other, newer = site.library("lib.so"), site.library("other.so", 3), site.library("newer.so", 4)
    old = site.loading(library, before=scene.own_mounts(["mount", "--bind", other, library]))
    scene.run("nsenter", f"--mount=/proc/{old}/ns/mnt", "mount", "--bind", newer, library)
    return Outdated({old})


@row("stale")
def own_root(scene):
    "a container: a root and a pid namespace of its own, replaced inside"
    site = Site(scene)
    jail = site.jail("image")
    site.library("image/lib.so")
    os.makedirs(jail + "/proc")
    os.makedirs(jail + "/old")
    script = f"mount --bind {jail} {jail} && cd {jail} && pivot_root . old && exec /loader --load /lib.so"
    parent = scene.start("unshare", "--mount", "--pid", "--fork", "sh", "-c", script)
    inside = scene.child_of(parent)
    site.library("image/lib.so", 2)
    return Outdated({inside})


def overlay(scene, site, upper):
    site.folder("low")
    scene.mount("-t", "tmpfs", "none", site.path("low"))
    os.makedirs(site.path("low/root"))
    for name in "lib.so", "copied.so":
        shutil.copy(site.library("made.so"), site.path("low/root/" + name))
    if upper:
        scene.mount("-t", "tmpfs", "none", site.folder("up"))
    up = site.path("up") if upper else site.path("low/up")
    for part in "/u", "/w":
        os.makedirs(up + part)
    merged = site.folder("merged")
    options = f"lowerdir={site.path('low/root')},upperdir={up}/u,workdir={up}/w"
    scene.mount("-t", "overlay", "none", "-o", options, merged)
    return merged


def on_overlay(scene, upper):
    site = Site(scene)
    merged = overlay(scene, site, upper)
    for name in "lib.so", "copied.so":
        site.loading(f"{merged}/{name}")
    site.library("merged/upper.so")
    site.loading(f"{merged}/upper.so")
    site.run(program=site.program("merged/server"))
    os.chmod(f"{merged}/copied.so", 0o700)
    site.loading(f"{merged}/copied.so")
    return Outdated(set())


@row("stale")
def overlay_one(scene):
    "an overlay, both layers on one file system: nobody"
    return on_overlay(scene, False)


@row("stale")
def overlay_two(scene):
    "an overlay, its layers on two file systems: nobody"
    return on_overlay(scene, True)


@row("stale")
def overlay_replaced(scene):
    "replaced on an overlay"
    site = Site(scene)
    merged = overlay(scene, site, True)
    old = site.loading(f"{merged}/lib.so")
    site.library("merged/lib.so", 2)
    site.loading(f"{merged}/lib.so")
    return Outdated({old})


def btrfs(scene, site):
    if not shutil.which("mkfs.btrfs"):
        raise Lacks("btrfs-progs")
    image = scene.path("image")
    scene.run("truncate", "-s", "128M", image)
    scene.run("mkfs.btrfs", "-q", image)
    scene.mount_image(image, site.folder("mnt"))
    scene.run("btrfs", "subvolume", "create", site.path("mnt/a"))
    return image


@row("stale")
def btrfs_fresh(scene):
    "btrfs: code in subvolumes: nobody"
    site = Site(scene)
    btrfs(scene, site)
    site.loading(site.library("mnt/a/lib.so"))
    site.loading(site.library("mnt/lib.so"))
    site.run(program=site.program("mnt/a/server"))
    return Outdated(set())


@row("stale")
def btrfs_replaced(scene):
    "btrfs: replaced in a subvolume"
    site = Site(scene)
    btrfs(scene, site)
    old = site.loading(site.library("mnt/a/lib.so"))
    site.library("mnt/a/lib.so", 2)
    site.loading(site.path("mnt/a/lib.so"))
    return Outdated({old})


@row("stale")
def btrfs_rolled_back(scene):
    "btrfs: a snapshot, in which the same inode number is another version, was mounted in its place"
    site = Site(scene)
    image = btrfs(scene, site)
    site.library("mnt/a/lib.so")
    scene.run("btrfs", "subvolume", "snapshot", site.path("mnt/a"), site.path("mnt/b"))
    site.library("mnt/b/lib.so", 2, kind="copy")
    place = site.folder("place")
    device = scene.device(image)
    scene.mount("-o", "subvol=a", device, place)
    old = site.loading(place + "/lib.so")
    scene.run("umount", "--lazy", place)
    scene.mount("-o", "subvol=b", device, place)
    scene.later("umount", "--lazy", place)
    site.loading(place + "/lib.so")
    return Outdated({old})


def with_dead_mount(scene, site):
    mount = DeadMount(site.folder("server"), "lib.so", site.library("made.so"))
    return mount, site.loading(mount.file)


@row("stale")
def dead_mount(scene):
    "a library on a mount whose server is dead: nobody"
    mount, _ = with_dead_mount(scene, Site(scene))
    mount.die()
    return Outdated(set())


@row("stale")
def beside_dead_mount(scene):
    "a library was replaced, in a process that also has one on a mount whose server is dead"
    site = Site(scene)
    mount, _ = with_dead_mount(scene, site)
    old = site.run("--load", mount.file, "--load", site.library("lib.so"))
    site.library("lib.so", 2)
    mount.die()
    return Outdated({old})


@row("stale")
def lazily_gone(scene):
    "the mount with the dead server was taken away, and another version put in its place"
    site = Site(scene)
    mount, old = with_dead_mount(scene, site)
    mount.die()
    scene.run("umount", "--lazy", site.path("server"))
    site.library("server/lib.so", 2)
    return Outdated({old})


@row("stale")
def uncached_beside_server(scene):
    "the links of a folder and of the soname were switched, neither is in a cache, and a server is dead elsewhere"
    disk = scene.folder("disk")
    scene.mount_image(scene.image(), disk)
    site = Site(scene, disk)
    mount = DeadMount(scene.folder("server"), "lib.so", site.library("made.so"))
    links = {"v1/libfoo.so.1": "current/libfoo.so.1", "lib/libbar.so.1.1": "lib/libbar.so.1"}
    for file in links:
        site.library(file)
    site.link("current", "v1")
    site.link("lib/libbar.so.1", "libbar.so.1.1")
    old = {site.loading(site.path(name)) for name in links.values()}
    for file in "v2/libfoo.so.1", "lib/libbar.so.1.2":
        site.library(file, 2)
    site.link("current", "v2")
    site.link("lib/libbar.so.1", "libbar.so.1.2")
    mount.die()
    scene.mount("-o", "remount", disk)  # has the kernel forget names that nobody uses
    return Outdated(old)
