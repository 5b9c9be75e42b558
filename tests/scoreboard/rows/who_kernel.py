"""What the kernel holds, for itself or on behalf of a process that has no descriptor."""

import ctypes
import os
import shutil
import sys

from scene import KERNEL, LIBC, Lacks, Question, row

MS_RDONLY = 1


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
def ring_covered(scene):
    "a file registered with an io_uring that no name leads to any more, asked by another link: said of whom it is"
    file, link = scene.write("file"), scene.path("link")
    os.link(file, link)
    holder = scene.hold("--io-uring", file)
    os.unlink(file)
    return Question(link, set(), unreadable={holder})


@row("who")
def loop_device(scene):
    "the image of a loop device"
    path = scene.image()
    scene.attach(path)
    return Question(path, {KERNEL})


@row("who")
def mounted_image(scene):
    "the image of a mounted file system"
    path = scene.image()
    scene.mount_image(path, scene.folder("mnt"))
    return Question(path, {KERNEL})


def erofs(scene, name="image"):
    if not shutil.which("mkfs.erofs"):
        raise Lacks("erofs-utils")
    path = scene.path(name)
    scene.run("mkfs.erofs", path, scene.folder("content of " + name))
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


def replace_erofs(scene):
    path = erofs(scene)
    key = scene.register(path)
    mount_without_loop(scene, path)
    os.rename(erofs(scene, "other image"), path)
    return path, key


@row("who")
def image_of_other(scene):
    "an image that was put in the place of that of a mounted erofs, without a loop device: nobody"
    path, _ = replace_erofs(scene)
    return Question(path, set())


@row("who")
def replaced_without_loop(scene):
    "previous content: the image of a mounted erofs, without a loop device, replaced"
    path, key = replace_erofs(scene)
    return Question(path, {KERNEL}, key)


@row("who")
def removed_without_loop(scene):
    "previous content: the image of a mounted erofs, without a loop device, removed"
    path = erofs(scene)
    key = scene.register(path)
    mount_without_loop(scene, path)
    os.unlink(path)
    return Question(path, {KERNEL}, key)


@row("who")
def replaced_image(scene):
    "previous content: the image of a mounted file system, replaced"
    path = scene.image()
    key = scene.register(path)
    scene.mount_image(path, scene.folder("mnt"))
    scene.replace(path)
    return Question(path, {KERNEL}, key)


@row("who")
def bound_image(scene):
    "the image of a mounted file system, asked by another name of it"
    path = scene.image()
    scene.mount_image(path, scene.folder("mnt"))
    os.link(path, scene.path("link"))
    return Question(scene.path("link"), {KERNEL})


def swap_file(scene, name="swap file", on=True):
    path = scene.path(name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    scene.run("dd", "if=/dev/zero", "of=" + path, "bs=64k", "count=16")
    os.chmod(path, 0o600)
    scene.run("mkswap", path)
    if not on:
        return path
    scene.later("swapoff", path)
    try:
        scene.run("swapon", path)
    except Exception as trouble:
        raise Lacks("swap files") from trouble
    return path


@row("who")
def number_reused(scene):
    "previous content: deleted, and the image of a loop device got its inode number: nobody"
    scene.mount_image(scene.image(), scene.folder("mnt"))
    file = scene.write("mnt/file")
    key, number = scene.register(file), os.stat(file).st_ino
    os.unlink(file)
    other = scene.write("mnt/other")
    if os.stat(other).st_ino != number:
        raise Lacks("a file system that gives a number away at once")
    scene.attach(other)
    return Question(file, set(), key)


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


def send(scene, *files):
    """Starts who sends himself descriptors of each, in a message for each, and receives none; its pid."""
    code = """
import os, signal, socket, sys
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
for name in sys.argv[1:]:
    file = os.open(name, 0)
    socket.send_fds(a, [b"x"], [file, file])
    os.close(file)
print("ready", flush=True)
signal.pause()
"""
    return scene.start(sys.executable, "-S", "-c", code, *files)


@row("who")
def others_in_flight(scene):
    "descriptors of another file in a message that nobody has received: nobody"
    file = scene.write("file")
    send(scene, scene.write("other"))
    return Question(file, set())


@row("who")
def later_in_flight(scene):
    "descriptors in a message that comes after one of other files: said of whom they wait for"
    file = scene.write("file")
    return Question(file, set(), in_flight={send(scene, scene.write("other"), file)})


@row("who")
def in_flight_nested(scene):
    "a descriptor in a message on a socket that is in a message itself: said of whom it waits for"
    code = """
import os, signal, socket, sys
(a, b), (c, d) = socket.socketpair(), socket.socketpair()
file = os.open(sys.argv[1], 0)
socket.send_fds(a, [b"x"], [file])
socket.send_fds(c, [b"x"], [b.fileno()])
os.close(file)
b.close()
print("ready", flush=True)
signal.pause()
"""
    file = scene.write("file")
    return Question(file, set(), in_flight={scene.start(sys.executable, "-S", "-c", code, file)})


@row("who")
def in_flight_to_nobody(scene):
    "a descriptor in a message to a server that has not accepted the connection: said of whom it waits for"
    code = """
import os, signal, socket, sys
path, file = sys.argv[1:]
server, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen()
if os.fork() == 0:
    server.close()
    client.connect(path)
    socket.send_fds(client, [b"x"], [os.open(file, 0)])
    os._exit(0)
os.wait()
print("ready", flush=True)
signal.pause()
"""
    file = scene.write("file")
    return Question(file, set(), in_flight={scene.start(sys.executable, "-S", "-c", code, scene.path("socket"), file)})


@row("who")
def renamed_without_loop(scene):
    "the image of a mounted erofs, without a loop device, renamed since"
    path = erofs(scene)
    mount_without_loop(scene, path)
    os.rename(path, path + ".old")
    return Question(path + ".old", {KERNEL})


@row("who")
def moved_aside_without_loop(scene):
    "the image of a mounted erofs, without a loop device, renamed since, and another one put in its place"
    path = erofs(scene)
    mount_without_loop(scene, path)
    os.rename(path, path + ".old")
    os.rename(erofs(scene, "other image"), path)
    return Question(path + ".old", {KERNEL})


@row("who")
def without_loop_elsewhere(scene):
    "the image of an erofs that is mounted in a private mount namespace alone, without a loop device"
    path = erofs(scene)
    own = scene.own_mounts()

    def enter():
        own()
        mount_without_loop(scene, path)

    scene.hold(before=enter)
    return Question(path, {KERNEL})


@row("who")
def swap_moved(scene):
    "a swap file in use, whose folder was renamed since"
    swap_file(scene, "d/swap file")
    os.rename(scene.path("d"), scene.path("e"))
    scene.later("swapoff", scene.path("e/swap file"))
    return Question(scene.path("e/swap file"), {KERNEL})


@row("who")
def swap_elsewhere(scene):
    "a swap file in use, by a name that it has in a private mount namespace alone"
    path, folder = swap_file(scene, "d/swap file", on=False), scene.folder("m")
    scene.later("swapoff", path)
    scene.hold(before=scene.own_mounts(["mount", "--bind", scene.path("d"), folder], ["swapon", folder + "/swap file"]))
    return Question(path, {KERNEL})


@row("who")
def swap_linked(scene):
    "a swap file in use, asked by another hard link of it"
    path = swap_file(scene)
    os.link(path, scene.path("link"))
    return Question(scene.path("link"), {KERNEL})


@row("who")
def ring_with_thread(scene):
    "a file registered with an io_uring that a thread of the kernel polls (SQPOLL), its descriptor closed"
    file = scene.write("file")
    code = """
import array, ctypes, os, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
SETUP, REGISTER, SQPOLL, FILES = 425, 427, 2, 2
params = (ctypes.c_uint32 * 30)(0, 0, SQPOLL, 0, 3_600_000)  # it does not fall asleep
ring = libc.syscall(SETUP, 4, params)
fd = os.open(sys.argv[1], 0)
if ring < 0 or libc.syscall(REGISTER, ring, FILES, ctypes.byref(ctypes.c_int32(fd)), 1):
    sys.exit(os.strerror(ctypes.get_errno()))
os.close(fd)
print("ready", flush=True)
signal.pause()
"""
    return Question(file, {scene.start(sys.executable, "-S", "-c", code, file)})
