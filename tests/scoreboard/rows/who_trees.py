"""Folders that were registered with everything below them."""

import sys

from dead_mount import DeadMount
from scene import Question, row


@row("who")
def below(scene):
    "a folder with everything below it: a file in a folder of it, and one that came later"
    folder = scene.folder("d")
    file = scene.write("d/e/file")
    key = scene.register("--tree", folder)
    return Question(folder, {scene.hold("--open", file), scene.hold("--map", scene.write("d/later"))}, key)


def with_mount(scene):
    """(folder, session that knows it with what is mounted below, mount, holders of a file of each)"""
    file, mount = scene.write("d/file"), DeadMount(scene.folder("d/fuse"))
    folder = scene.path("d")
    key = scene.register("--tree", folder, "--mounts")
    return folder, key, mount, {scene.hold("--open", file), scene.hold("--open", mount.file)}


@row("who")
def mount_died(scene):
    "a folder with everything below it, where a FUSE mount has died since"
    folder, key, mount, holders = with_mount(scene)
    mount.die()
    return Question(folder, holders, key, previous=set())


@row("who")
def dies_meanwhile(scene):
    "a folder with everything below it, where a FUSE mount dies while it is looked through"
    folder, key, mount, holders = with_mount(scene)
    mount.die_when_listed()
    return Question(folder, holders, key, previous=set())


@row("who")
def server_killed(scene):
    "a folder with everything below it, where the server of a FUSE mount was killed since"
    folder, key, mount, holders = with_mount(scene)
    mount.kill()
    return Question(folder, holders, key, previous=set())


@row("who")
def of_a_layer(scene):
    "a folder with everything below it, which is a layer of an overlay: held through that"
    scene.tmpfs("one")
    scene.write("one/lower/file")
    merged = scene.overlay("m", scene.path("one/lower"), scene.folder("one/upper"))
    key = scene.register("--tree", scene.path("one/lower"))
    return Question(scene.path("one/lower"), {scene.hold("--open", merged + "/file"), scene.hold("--map", merged + "/file")}, key)


# Has an automount point that nobody serves, and a process that waits there for ever.
AUTOMOUNT = """
import ctypes, os, signal, sys
os.setpgid(0, 0)
out, into = os.pipe()
options = f"fd={into},pgrp={os.getpgrp()},minproto=5,maxproto=5,direct"
if ctypes.CDLL(None).mount(b"none", sys.argv[1].encode(), b"autofs", 0, options.encode()):
    sys.exit("mount")
if os.fork() == 0:
    os.setpgid(0, 0)
    os.stat(sys.argv[1] + "/file")
os.read(out, 1)  # it is asked for
print("ready", flush=True)
signal.pause()
"""


def beside_automount(scene, *options):
    file = scene.write("tree/file")
    scene.start(sys.executable, "-S", "-c", AUTOMOUNT, scene.folder("tree/auto"))
    key = scene.register("--tree", scene.path("tree"), *options)
    return Question(scene.path("tree"), scene.hold_twice(file), key)


@row("who")
def automount(scene):
    "a folder with everything below it, where somebody waits for an automount that never comes"
    return beside_automount(scene)


@row("who")
def automount_too(scene):
    "a folder with everything below it, also what is mounted there, where somebody waits for an automount that never comes"
    return beside_automount(scene, "--mounts")
