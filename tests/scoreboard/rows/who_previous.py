"""Who has what the path was before? The others can only be asked about what it is now."""

import os
import pathlib

from scene import Lacks, Question, row


@row("who")
def replaced(scene):
    "previous content: replaced by rename"
    file = scene.write("file")
    key = scene.register(file)
    holders = {scene.hold("--map", file), scene.hold("--open", file)}
    scene.replace(file)
    return Question(file, holders, key)


@row("who")
def replaced_program(scene):
    "previous content: a running program that was replaced"
    program = scene.program()
    key = scene.register(program)
    holder = scene.hold(program=program)
    os.unlink(program)
    scene.program()
    return Question(program, {holder}, key)


@row("who")
def both(scene):
    "previous content and current content, one process each"
    file = scene.write("file")
    key = scene.register(file)
    before = scene.hold("--map", file)
    scene.replace(file)
    return Question(file, {before, scene.hold("--map", file)}, key, previous={before})


@row("who")
def deleted(scene):
    "previous content: deleted"
    file = scene.write("file")
    key = scene.register(file)
    holder = scene.hold("--map", file)
    os.unlink(file)
    return Question(file, {holder}, key)


def give_number_away(scene, inode_size, *what):
    """Question about a file that was registered so, or with its folder, and whose number another one has got since."""
    image = scene.path("image")
    scene.run("truncate", "-s", "8M", image)
    scene.run("mkfs.ext4", "-q", "-I", inode_size, image)
    scene.mount_image(image, scene.folder("mnt"))
    file = scene.write("mnt/folder/file")
    key, number = scene.register(*what, file if not what else os.path.dirname(file)), os.stat(file).st_ino
    os.unlink(file)
    other = scene.write("mnt/other")
    if os.stat(other).st_ino != number:
        raise Lacks("a file system that gives a number away at once")
    scene.hold("--open", other)
    scene.hold("--map", other)
    return Question(file, set(), key)


@row("who")
def number_reused(scene):
    "previous content: deleted, and another file got its inode number: nobody"
    return give_number_away(scene, "256")


@row("who")
def number_reused_unborn(scene):
    "previous content: deleted, and another file got its inode number, on a file system without birth times (ext4 -I 128): nobody"
    return give_number_away(scene, "128")


@row("who")
def number_reused_in_tree(scene):
    "a folder with everything below it, of which a file was deleted, and one elsewhere got its inode number, without birth times: nobody"
    return give_number_away(scene, "128", "--tree")


@row("who")
def moved_aside(scene):
    "previous content: moved aside, another one put in its place"
    file = scene.write("file")
    key = scene.register(file)
    holder = scene.hold("--map", file)
    os.rename(file, file + ".bak")
    scene.write("file")
    return Question(file, {holder}, key)


@row("who")
def overwritten(scene):
    "previous content: overwritten in place"
    file = scene.write("file")
    key = scene.register(file)
    before = scene.hold("--map", file)
    scene.await_tick()
    pathlib.Path(file).write_text("y" * 6000)
    scene.await_tick()
    after = scene.hold("--map", file)
    return Question(file, {before, after}, key, previous={before})


@row("who")
def switched_link(scene):
    "previous content: its symbolic link was switched"
    scene.write("lib.so.1.1")
    scene.write("lib.so.1.2")
    link = scene.path("lib.so.1")
    os.symlink("lib.so.1.1", link)
    key = scene.register(link)
    holder = scene.hold("--map", link)
    os.symlink("lib.so.1.2", link + ".new")
    os.rename(link + ".new", link)
    return Question(link, {holder}, key)


@row("who")
def switched_folder(scene):
    "previous content: the link of a folder above was switched"
    scene.write("v1/file")
    scene.write("v2/file")
    os.symlink("v1", scene.path("current"))
    file = scene.path("current/file")
    key = scene.register(file)
    holder = scene.hold("--map", file)
    os.unlink(scene.path("current"))
    os.symlink("v2", scene.path("current"))
    return Question(file, {holder}, key)


@row("who")
def covered_mount(scene):
    "previous content: a mount covered it"
    file = scene.write("d/file")
    key = scene.register(file)
    holder = scene.hold("--map", file)
    scene.mount("-t", "tmpfs", "none", scene.path("d"))
    scene.write("d/file")
    return Question(file, {holder}, key)


@row("who")
def swapped_mount(scene):
    "previous content: its mount was swapped for another"
    scene.tmpfs("d")
    file = scene.write("d/file")
    key = scene.register(file)
    holder = scene.hold("--map", file)
    scene.run("umount", "--lazy", scene.path("d"))
    scene.mount("-t", "tmpfs", "none", scene.path("d"))
    scene.write("d/file")
    return Question(file, {holder}, key)


@row("who")
def exchanged(scene):
    "previous content: two files exchanged their names"
    file, other = scene.write("file"), scene.write("other")
    key = scene.register(file)
    before, after = scene.hold("--map", file), scene.hold("--map", other)
    scene.exchange(file, other)
    return Question(file, {before, after}, key, previous={before})


@row("who")
def linked_elsewhere(scene):
    "previous content: replaced, and opened since by a hard link in another folder"
    file, link = scene.write("file"), scene.folder("d") + "/link"
    key = scene.register(file)
    os.link(file, link)
    scene.replace(file)
    holder = scene.hold("--open", link)
    return Question(file, {holder}, key, previous={holder})
