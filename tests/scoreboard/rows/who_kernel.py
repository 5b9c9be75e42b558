"""What the kernel holds, for itself or on behalf of a process that has no descriptor."""

import ctypes
import os
import shutil

from scene import KERNEL, LIBC, Lacks, Question, row

MS_RDONLY = 1


def image(scene):
    path = scene.path("image")
    scene.run("truncate", "-s", "8M", path)
    scene.run("mkfs.ext4", "-q", path)
    return path


@row("who")
def ring(scene):
    "a file registered with an io_uring, its descriptor closed"
    file = scene.write("file")
    return Question(file, {scene.hold("--io-uring", file)})


@row("who")
def ring_alone(scene):
    "a file registered with an io_uring whose descriptor is closed, too: said of whom it is"
    file = scene.write("file")
    return Question(file, set(), unreadable={scene.hold("--mapped-ring", file)})


@row("who")
def loop_device(scene):
    "the image of a loop device"
    path = image(scene)
    scene.attach(path)
    return Question(path, {KERNEL})


@row("who")
def mounted_image(scene):
    "the image of a mounted file system"
    path = image(scene)
    scene.mount_image(path, scene.folder("mnt"))
    return Question(path, {KERNEL})


def erofs(scene):
    if not shutil.which("mkfs.erofs"):
        raise Lacks("erofs-utils")
    path = scene.path("image")
    scene.run("mkfs.erofs", path, scene.folder("content"))
    return path


def mount_without_loop(scene, path):
    """mount(8) would take a loop device."""
    if LIBC.mount(path.encode(), scene.folder("mnt").encode(), b"erofs", MS_RDONLY, None):
        raise Lacks("an erofs that mounts files: " + os.strerror(ctypes.get_errno()))


@row("who")
def image_without_loop(scene):
    "the image of a mounted erofs, without a loop device (Linux 6.12)"
    path = erofs(scene)
    mount_without_loop(scene, path)
    return Question(path, {KERNEL})


@row("who")
def replaced_image(scene):
    "previous content: the image of a mounted file system, replaced"
    path = image(scene)
    key = scene.register(path)
    scene.mount_image(path, scene.folder("mnt"))
    scene.replace(path)
    return Question(path, {KERNEL}, key)


@row("who")
def bound_image(scene):
    "the image of a mounted file system, asked by another name of it"
    path = image(scene)
    scene.mount_image(path, scene.folder("mnt"))
    os.link(path, scene.path("link"))
    return Question(scene.path("link"), {KERNEL})


def swap_file(scene):
    path = scene.path("swap file")
    scene.run("dd", "if=/dev/zero", "of=" + path, "bs=64k", "count=16")
    os.chmod(path, 0o600)
    scene.run("mkswap", path)
    scene.later("swapoff", path)
    try:
        scene.run("swapon", path)
    except Exception as trouble:
        raise Lacks("swap files") from trouble
    return path


@row("who")
def swap(scene):
    "a swap file in use"
    return Question(swap_file(scene), {KERNEL})


@row("who")
def linked_swap(scene):
    "a swap file in use, asked by a bind mount of it"
    path = swap_file(scene)
    other = scene.write("other")
    scene.mount("--bind", path, other)
    return Question(other, {KERNEL})


@row("who")
def in_flight(scene):
    "a descriptor in a message that nobody has received: said of whom it waits for"
    file = scene.write("file")
    return Question(file, set(), in_flight={scene.hold("--in-flight", file)})
