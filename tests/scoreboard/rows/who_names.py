"""Names that a parser stumbles over."""

import os

from scene import Question, row


def by_mapping_and_descriptor(scene, name):
    file = scene.write(name)
    return Question(file, {scene.hold("--map", file), scene.hold("--open", file)})


@row("who")
def blanks(scene):
    "a name with blanks"
    return by_mapping_and_descriptor(scene, " a  b ")


@row("who")
def newline(scene):
    "a name with a newline"
    return by_mapping_and_descriptor(scene, "a\nb")


@row("who")
def backslash(scene):
    "a name with \\012 written out"
    return by_mapping_and_descriptor(scene, "a\\012b")


@row("who")
def no_utf8(scene):
    "a name that is no UTF-8"
    return by_mapping_and_descriptor(scene, os.fsdecode(b"a\xff\xfe"))


@row("who")
def called_deleted(scene):
    'a name that ends in " (deleted)"'
    return by_mapping_and_descriptor(scene, "lib.so (deleted)")


@row("who")
def really_deleted(scene):
    'a name that ends in " (deleted)", while the file without it was deleted in use'
    plain, named = scene.write("lib.so"), scene.write("lib.so (deleted)")
    scene.hold("--map", plain)
    os.unlink(plain)
    return Question(named, {scene.hold("--map", named)})


@row("who")
def hard_link(scene):
    "held by another hard link"
    file = scene.write("file")
    os.link(file, scene.path("link"))
    return Question(file, {scene.hold("--map", scene.path("link")), scene.hold("--open", scene.path("link"))})


@row("who")
def symbolic_link(scene):
    "asked by a symbolic link"
    file = scene.write("lib.so.1.2")
    os.symlink("lib.so.1.2", scene.path("lib.so.1"))
    os.symlink("lib.so.1", scene.path("lib.so"))
    return Question(scene.path("lib.so"), {scene.hold("--map", file), scene.hold("--open", file)})


@row("who")
def linked_folder(scene):
    "asked by a path through a linked folder"
    file = scene.write("v2/lib/file")
    os.symlink("v2", scene.path("current"))
    return Question(scene.path("current/lib/file"), {scene.hold("--map", file)})


@row("who")
def renamed(scene):
    "held since before it was renamed"
    file = scene.write("before")
    holder = scene.hold("--map", file)
    os.rename(file, scene.path("after"))
    return Question(scene.path("after"), {holder})
