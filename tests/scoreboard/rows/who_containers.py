"""Overlays as rootless containers have them: mounted in a user namespace, where nothing may note what was copied up from what."""

import pathlib
import shutil
import subprocess

from scene import CLONE_NEWNS, KERNEL, Question, row, unshare

CLONE_NEWUSER = 0x10000000


def container(scene, *commands):
    """(lower folder, upper folder, overlay, `before` of hold) of an overlay of a user namespace, in which commands are run."""
    scene.tmpfs("base")
    lower, upper, work = (scene.folder("base/" + part) for part in ("l", "u", "w"))
    for name in "low", "d/copied":
        scene.write("base/l/" + name)
    merged = scene.folder("m")

    def enter():
        unshare(CLONE_NEWUSER | CLONE_NEWNS)
        for name, text in ("setgroups", "deny"), ("uid_map", "0 0 1"), ("gid_map", "0 0 1"):
            pathlib.Path("/proc/self", name).write_text(text)
        options = f"lowerdir={lower},upperdir={upper},workdir={work},userxattr"
        for command in (["mount", "-t", "overlay", "none", "-o", options, merged], *commands):
            subprocess.run(command, check=True)

    return lower, upper, merged, enter


def touch(name):
    return ["touch", name]


@row("who")
def lower(scene):
    "a rootless container (overlay in a user namespace): a lower file, held in there, asked by the layer"
    lower, _, merged, enter = container(scene)
    return Question(lower + "/low", scene.hold_twice(merged + "/low", before=enter))


@row("who")
def copied(scene):
    "a rootless container (overlay in a user namespace): a copied-up file, held in there, asked by the upper file"
    _, upper, merged, enter = container(scene, touch(scene.path("m/d/copied")))
    return Question(upper + "/d/copied", {scene.hold("--open", merged + "/d/copied", "--map", merged + "/d/copied", before=enter)})


@row("who")
def copied_by_lower(scene):
    "a rootless container (overlay in a user namespace): a copied-up file, held in there, asked by the lower file: nobody"
    lower, _, merged, enter = container(scene, touch(scene.path("m/d/copied")))
    scene.hold("--open", merged + "/d/copied", "--map", merged + "/d/copied", before=enter)
    return Question(lower + "/d/copied", set())


@row("who")
def tree(scene):
    "a rootless container (overlay in a user namespace): its upper folder with everything below it, of which it has a file open"
    _, upper, merged, enter = container(scene, touch(scene.path("m/d/copied")))
    holder = scene.hold("--open", merged + "/d/copied", "--map", merged + "/low", before=enter)
    return Question(upper, {holder}, scene.register("--tree", upper))


@row("who")
def image(scene):
    "the image of a loop device, which a rootless container (overlay in a user namespace) has copied up"
    _, upper, merged, enter = container(scene, touch(scene.path("m/image")))
    shutil.move(scene.image(), scene.path("base/l/image"))
    holder = scene.hold("--open", merged + "/image", before=enter)
    scene.attach(f"/proc/{holder}/root{merged}/image")
    return Question(upper + "/image", {holder, KERNEL})
