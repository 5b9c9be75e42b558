"""Files of overlays: the same object is a file of a layer and one of each overlay over it."""

import os
import pathlib
import shutil

from scene import Lacks, Question, row


def layers(scene, several):
    """A lower layer with two files, and a folder for an upper layer: on the same file system or another."""
    scene.tmpfs("one")
    if several:
        scene.tmpfs("two")
    for name in "low", "copied":
        scene.write("one/l/" + name)
    return scene.path("one/l"), scene.folder("two/upper" if several else "one/upper")


def on(several):
    return "two file systems" if several else "one file system"


def add(several):
    """The rows for layers on one file system, or on two."""

    def name(title):
        def rename(function):
            function.__doc__ = f"overlay on {on(several)}: {title}"
            return row("who")(function)

        return rename

    @name("a lower file, held through the overlay, asked by it")
    def merged_low(scene):
        lower, upper = layers(scene, several)
        merged = scene.overlay("m", lower, upper)
        return Question(merged + "/low", scene.hold_twice(merged + "/low"))

    @name("a lower file, held through the overlay, asked by the layer")
    def lower_by_layer(scene):
        lower, upper = layers(scene, several)
        merged = scene.overlay("m", lower, upper)
        return Question(lower + "/low", scene.hold_twice(merged + "/low"))

    @name("a lower file, held in the layer, asked by the overlay")
    def lower_by_overlay(scene):
        lower, upper = layers(scene, several)
        merged = scene.overlay("m", lower, upper)
        return Question(merged + "/low", scene.hold_twice(lower + "/low"))

    @name("a lower file, held through the overlay of another mount namespace")
    def lower_elsewhere(scene):
        lower, upper = layers(scene, several)
        for part in "/u", "/w":
            os.mkdir(upper + part)
        merged = scene.folder("m")
        options = f"lowerdir={lower},upperdir={upper}/u,workdir={upper}/w"
        mount = scene.own_mounts(["mount", "-t", "overlay", "none", "-o", options, merged])
        return Question(lower + "/low", scene.hold_twice(merged + "/low", before=mount))

    @name("a lower file that two overlays share, held through the other one")
    def lower_shared(scene):
        lower, upper = layers(scene, several)
        first = scene.overlay("m", lower, upper)
        second = scene.overlay("n", lower, scene.folder(("two" if several else "one") + "/upper2"))
        return Question(first + "/low", scene.hold_twice(second + "/low") | scene.hold_twice(first + "/low"))

    @name("a copied-up file, asked by the overlay")
    def copied(scene):
        lower, upper = layers(scene, several)
        merged = scene.overlay("m", lower, upper)
        pathlib.Path(merged + "/copied").write_text("changed" * 999)
        return Question(merged + "/copied", scene.hold_twice(merged + "/copied"))

    @name("a copied-up file, held through the overlay, asked by the lower file: nobody")
    def copied_by_lower(scene):
        lower, upper = layers(scene, several)
        merged = scene.overlay("m", lower, upper)
        pathlib.Path(merged + "/copied").write_text("changed" * 999)
        scene.hold_twice(merged + "/copied")
        return Question(lower + "/copied", scene.hold_twice(lower + "/copied"))

    @name("a copied-up file, held through the overlay, asked by the upper file")
    def copied_by_upper(scene):
        lower, upper = layers(scene, several)
        merged = scene.overlay("m", lower, upper)
        pathlib.Path(merged + "/copied").write_text("changed" * 999)
        return Question(upper + "/u/copied", scene.hold_twice(merged + "/copied"))

    @name("a copied-up file in a new folder, held through the overlay, asked by the upper file")
    def moved_by_upper(scene):
        lower, upper = layers(scene, several)
        merged = scene.overlay("m", lower, upper)
        pathlib.Path(merged + "/copied").write_text("changed" * 999)
        pathlib.Path(merged + "/new").mkdir()
        pathlib.Path(merged + "/copied").rename(merged + "/new/moved")
        return Question(upper + "/u/new/moved", scene.hold_twice(merged + "/new/moved"))

    @name("a copied-up file, held as the upper file, asked by the overlay")
    def upper_held(scene):
        lower, upper = layers(scene, several)
        merged = scene.overlay("m", lower, upper)
        pathlib.Path(merged + "/copied").write_text("changed" * 999)
        return Question(merged + "/copied", scene.hold_twice(upper + "/u/copied"))

    @name("a file that two overlays copied up, held through the other one: nobody")
    def copied_twice(scene):
        lower, upper = layers(scene, several)
        first = scene.overlay("m", lower, upper)
        second = scene.overlay("n", lower, scene.folder(("two" if several else "one") + "/upper2"))
        for merged in first, second:
            pathlib.Path(merged + "/copied").write_text("changed" * 999)
        scene.hold_twice(second + "/copied")
        return Question(first + "/copied", set())

    @name("a file of the upper layer only, held through the overlay, asked by the upper file")
    def pure_upper(scene):
        lower, upper = layers(scene, several)
        merged = scene.overlay("m", lower, upper)
        scene.write("m/new")
        return Question(upper + "/u/new", scene.hold_twice(merged + "/new"))

    @name("a file of the upper layer only, held as the upper file, asked by the overlay")
    def pure_upper_held(scene):
        lower, upper = layers(scene, several)
        merged = scene.overlay("m", lower, upper)
        scene.write("m/new")
        return Question(merged + "/new", scene.hold_twice(upper + "/u/new"))


for several in False, True:
    add(several)


@row("who")
def alike(scene):
    "overlays made alike over other layers, where all numbers are the same: nobody"
    files = []
    for name in "a", "b":
        scene.tmpfs(name)
        scene.write(f"{name}/l/low")
        scene.folder(f"{name}/up")
        files.append(scene.overlay("m" + name, scene.path(name + "/l"), scene.path(name + "/up")) + "/low")
    scene.hold_twice(files[1])
    return Question(files[0], set())


@row("who")
def replaced_in_overlay(scene):
    "previous content: a lower file replaced through the overlay"
    lower, upper = layers(scene, False)
    file = scene.overlay("m", lower, upper) + "/low"
    key = scene.register(file)
    holders = scene.hold_twice(file)
    scene.replace(file)
    return Question(file, holders, key)


def stacked(scene):
    """The same file in the layer at the bottom, in an overlay over it, and in one over that."""
    lower, upper = layers(scene, True)
    inner = scene.overlay("m", lower, scene.folder("one/upper"))
    return lower + "/low", inner + "/low", scene.overlay("n", inner, upper) + "/low"


@row("who")
def over_overlay(scene):
    "overlay over an overlay: held through the topmost, asked by it"
    _, _, outer = stacked(scene)
    return Question(outer, scene.hold_twice(outer))


@row("who")
def over_overlay_by_inner(scene):
    "overlay over an overlay: held through the topmost, asked by the one below"
    _, inner, outer = stacked(scene)
    return Question(inner, scene.hold_twice(outer))


@row("who")
def over_overlay_by_bottom(scene):
    "overlay over an overlay: held through the topmost, asked by the layer at the bottom"
    bottom, _, outer = stacked(scene)
    return Question(bottom, scene.hold_twice(outer))


@row("who")
def over_overlay_by_outer(scene):
    "overlay over an overlay: held in the layer at the bottom and through the overlay below, asked by the topmost"
    bottom, inner, outer = stacked(scene)
    return Question(outer, scene.hold_twice(bottom) | scene.hold_twice(inner))


def two_images(scene):
    """Two file systems on which everything has the same numbers and no birth time, and a folder for upper layers."""
    if not shutil.which("mkfs.erofs"):
        raise Lacks("erofs-utils")
    for name in "a", "b":
        scene.write(f"content-{name}/file", name * 5000)
        scene.run("mkfs.erofs", scene.path(name), scene.path("content-" + name))
        scene.mount_image(scene.path(name), scene.folder("image-" + name))
    scene.tmpfs("up")
    return scene.path("image-a"), scene.path("image-b")


@row("who")
def same_numbers(scene):
    "two images in which all numbers are the same: who has the file of this one"
    a, b = two_images(scene)
    scene.hold_twice(b + "/file")
    return Question(a + "/file", scene.hold_twice(a + "/file"))


@row("who")
def same_numbers_below(scene):
    "overlays over two images in which all numbers are the same, asked by an overlay: who has the file of this one"
    a, b = two_images(scene)
    first, second = scene.overlay("m", a, scene.folder("up/a")), scene.overlay("n", b, scene.folder("up/b"))
    scene.hold_twice(second + "/file")
    return Question(first + "/file", scene.hold_twice(first + "/file") | scene.hold_twice(a + "/file"))


@row("who")
def same_numbers_by_layer(scene):
    "overlays over two images in which all numbers are the same, in private mount namespaces, asked by an image"
    a, b = two_images(scene)
    merged = scene.folder("m")
    before = {}
    for image in a, b:
        upper = scene.path("up/" + image[-1])
        for part in "/u", "/w":
            os.makedirs(upper + part)
        before[image] = scene.own_mounts(["mount", "-t", "overlay", "none", "-o", f"lowerdir={image},upperdir={upper}/u,workdir={upper}/w", merged])
    scene.hold_twice(merged + "/file", before=before[b])
    return Question(a + "/file", scene.hold_twice(merged + "/file", before=before[a]))
