"""Overlays whose layers no name leads to, and what else is made of overlays: trees, devices."""

import os
import pathlib
import shutil

from scene import KERNEL, LIBC, Question, row


def relative(scene):
    """(overlay with layers that were named from a folder of their own, its upper folder), on a file system of its own"""
    base = scene.tmpfs("base")
    for name in "low", "copied":
        scene.write("base/l/" + name)
    for part in "u", "w":
        scene.folder("base/" + part)
    merged, here = scene.folder("m"), os.getcwd()
    os.chdir(base)
    # mount(8) would make whole names of them.
    failed = LIBC.mount(b"none", merged.encode(), b"overlay", 0, b"lowerdir=l,upperdir=u,workdir=w")
    os.chdir(here)
    if failed:
        raise RuntimeError("mount")
    pathlib.Path(merged, "copied").write_text("changed" * 999)
    pathlib.Path(merged, "new").write_text("new" * 999)
    return merged, base


@row("who")
def relative_upper_held(scene):
    "overlay with relative layers: a copied-up file, held as the upper file, asked by the overlay"
    merged, base = relative(scene)
    return Question(merged + "/copied", scene.hold_twice(base + "/u/copied"))


@row("who")
def relative_by_upper(scene):
    "overlay with relative layers: a copied-up file, held through the overlay, asked by the upper file"
    merged, base = relative(scene)
    return Question(base + "/u/copied", scene.hold_twice(merged + "/copied"))


@row("who")
def relative_copied_by_lower(scene):
    "overlay with relative layers: a copied-up file, held through the overlay, asked by the lower file: nobody"
    merged, base = relative(scene)
    scene.hold_twice(merged + "/copied")
    return Question(base + "/l/copied", set())


@row("who")
def relative_new_held(scene):
    "overlay with relative layers: a file of the upper layer only, held as the upper file, asked by the overlay"
    merged, base = relative(scene)
    return Question(merged + "/new", scene.hold_twice(base + "/u/new"))


@row("who")
def relative_low(scene):
    "overlay with relative layers: a lower file, held through the overlay, asked by the layer"
    merged, base = relative(scene)
    return Question(base + "/l/low", scene.hold_twice(merged + "/low"))


@row("who")
def relative_low_held(scene):
    "overlay with relative layers: a lower file, held in the layer, asked by the overlay"
    merged, base = relative(scene)
    return Question(merged + "/low", scene.hold_twice(base + "/l/low"))


@row("who")
def moved_layers(scene):
    "overlay whose layers were moved since: a copied-up file, held as the upper file, asked by the overlay"
    base = scene.tmpfs("base")
    scene.write("base/l/copied")
    merged = scene.overlay("m", base + "/l", scene.folder("base/up"))
    pathlib.Path(merged, "copied").write_text("changed" * 999)
    os.rename(base + "/up", base + "/moved")
    return Question(merged + "/copied", scene.hold_twice(base + "/moved/u/copied"))


def through_process(scene):
    """(overlay as seen through /proc by a path of a process that has it alone, lower and upper folder, the process)"""
    scene.tmpfs("one")
    scene.tmpfs("two")
    for name in "low", "copied":
        scene.write("one/l/" + name)
    lower, merged = scene.path("one/l"), scene.folder("m")
    upper, work = scene.folder("two/u"), scene.folder("two/w")
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    enter = scene.own_mounts(["mount", "-t", "overlay", "none", "-o", options, merged], ["touch", merged + "/copied"])
    holder = scene.hold("--open", merged + "/low", "--map", merged + "/copied", before=enter)
    return f"/proc/{holder}/root{merged}", lower, upper, holder


@row("who")
def low_through_process(scene):
    "an overlay of another mount namespace, asked by /proc/PID/root: a lower file, held in there and in the layer"
    merged, lower, _, holder = through_process(scene)
    return Question(merged + "/low", {holder} | scene.hold_twice(lower + "/low"))


@row("who")
def copied_through_process(scene):
    "an overlay of another mount namespace, asked by /proc/PID/root: a copied-up file, held in there and as the upper file"
    merged, lower, upper, holder = through_process(scene)
    scene.hold_twice(lower + "/copied")
    return Question(merged + "/copied", {holder} | scene.hold_twice(upper + "/copied"))


def several_trees(scene, file_systems):
    """(overlay, lower folder, upper folder) with a folder in which one file was copied up"""
    scene.tmpfs("one")
    if file_systems > 1:
        scene.tmpfs("two")
    for name in "low", "copied":
        scene.write("one/l/d/" + name)
    upper = scene.folder("two/up" if file_systems > 1 else "one/up")
    merged = scene.overlay("m", scene.path("one/l"), upper)
    pathlib.Path(merged, "d/copied").write_text("changed" * 999)
    pathlib.Path(merged, "d/new").write_text("new" * 999)
    return merged, scene.path("one/l"), upper + "/u"


def add(file_systems):
    on = f"{file_systems} file system" + "s" * (file_systems > 1)

    def name(title):
        def rename(function):
            function.__doc__ = f"a folder with everything below it, layers on {on}: {title}"
            return row("who")(function)

        return rename

    @name("an overlay, held in its layers")
    def overlay_held_below(scene):
        merged, lower, upper = several_trees(scene, file_systems)
        key = scene.register("--tree", merged)
        scene.hold_twice(lower + "/d/copied")
        return Question(merged, scene.hold_twice(lower + "/d/low") | scene.hold_twice(upper + "/d/copied") | scene.hold_twice(upper + "/d/new"), key)

    @name("the upper layer of an overlay, held through that")
    def upper_held_above(scene):
        merged, _, upper = several_trees(scene, file_systems)
        key = scene.register("--tree", upper)
        scene.hold_twice(merged + "/d/low")
        return Question(upper, scene.hold_twice(merged + "/d/copied") | scene.hold_twice(merged + "/d/new"), key)

    @name("the lower layer of an overlay, held through that")
    def lower_held_above(scene):
        merged, lower, _ = several_trees(scene, file_systems)
        key = scene.register("--tree", lower)
        scene.hold_twice(merged + "/d/copied")
        return Question(lower, scene.hold_twice(merged + "/d/low"), key)

    @name("previous content: an overlay, held in its layers, of which files were removed")
    def overlay_removed(scene):
        merged, lower, upper = several_trees(scene, file_systems)
        key = scene.register("--tree", merged)
        holders = scene.hold_twice(lower + "/d/low") | scene.hold_twice(upper + "/d/copied") | scene.hold_twice(merged + "/d/low")
        for file in "low", "copied":
            os.unlink(f"{merged}/d/{file}")
        return Question(merged, holders, key, previous=holders)


for file_systems in 1, 2:
    add(file_systems)


def image_on_overlay(scene, *options):
    """The folder with the layers of an overlay that is mounted in a private mount namespace alone; a loop device there is made of `image`."""
    base = scene.tmpfs("base")
    for part in "l", "u", "w":
        scene.folder("base/" + part)
    shutil.move(scene.image(), base + "/l/image")
    merged = scene.folder("m")
    layers = f"lowerdir={base}/l,upperdir={base}/u,workdir={base}/w"
    inside = scene.hold(before=scene.own_mounts(["mount", "-t", "overlay", "none", "-o", layers, merged]))
    scene.attach_inside(inside, merged + "/image", *options)
    return base


@row("who")
def loop_elsewhere(scene):
    "the image of a loop device, which was made of it through an overlay of another mount namespace"
    return Question(image_on_overlay(scene, "--read-only") + "/l/image", {KERNEL})


@row("who")
def loop_of_copy_elsewhere(scene):
    "the image of a loop device, which an overlay of another mount namespace has copied up for that"
    return Question(image_on_overlay(scene) + "/u/image", {KERNEL})


@row("who")
def loop_of_lower_elsewhere(scene):
    "an image that an overlay of another mount namespace has copied up for a loop device: nobody"
    return Question(image_on_overlay(scene) + "/l/image", set())
