"""Block devices, and the images that they are made of."""

import ctypes
import fcntl
import os
import shutil
import stat
import struct
import sys

from scene import KERNEL, LIBC, Lacks, Question, row

BLKPG, BLKPG_ADD_PARTITION = 0x1269, 1


@row("who")
def mounted_device(scene):
    "a block device that is mounted, and a process that has a file of it: the kernel"
    scene.mount_image(scene.image(), scene.folder("mnt"))
    scene.hold("--open", scene.write("mnt/file"))
    return Question(scene.device(scene.path("image")), {KERNEL})


@row("who")
def opened_device(scene):
    "a block device that is not mounted: the process that has it open, and not who has its image"
    path = scene.image()
    device = scene.attach(path)
    scene.hold("--open", path)
    return Question(device, {scene.hold("--open", device)})


@row("who")
def opened_by_other_node(scene):
    "a block device that a process has open by another node of it"
    device = scene.attach(scene.image())
    os.mknod(scene.path("node"), stat.S_IFBLK | 0o600, os.stat(device).st_rdev)
    return Question(device, {scene.hold("--open", scene.path("node"))})


@row("who")
def character_device(scene):
    "a character device that a process has open by another node of it, as in a container"
    nodes = [scene.path("node"), scene.path("other")]
    for node in nodes:
        os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(1, 8))  # random(4)
    return Question(nodes[0], {scene.hold("--open", node) for node in nodes})


# Opens the first terminal of a devpts, and of that one its own end.
TERMINAL = """
import fcntl, os, signal, struct, sys
TIOCSPTLCK = 0x40045431
master = os.open(sys.argv[1] + "/ptmx", os.O_RDWR | os.O_NOCTTY)
fcntl.ioctl(master, TIOCSPTLCK, struct.pack("i", 0))
os.open(sys.argv[1] + "/0", os.O_RDWR | os.O_NOCTTY)
print("ready", flush=True)
signal.pause()
"""


@row("who")
def terminal(scene):
    "a terminal: who has it open, and not who has that of the same number in a container (devpts)"
    folders = [scene.folder("ours"), scene.folder("theirs")]
    for folder in folders:
        scene.mount("-t", "devpts", "-o", "newinstance,ptmxmode=0600", "none", folder)
    holder, _ = (scene.start(sys.executable, "-S", "-c", TERMINAL, folder) for folder in folders)
    return Question(folders[0] + "/0", {holder})


@row("who")
def mapped_by_other_node(scene):
    "a block device that a process has mapped by another node of it, its descriptor closed"
    device = scene.attach(scene.image())
    os.mknod(scene.path("node"), stat.S_IFBLK | 0o600, os.stat(device).st_rdev)
    # The holder would map as much as the node has: nothing.
    code = """
import ctypes, os, signal, sys
node = os.open(sys.argv[1], 0)
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
if libc.mmap(None, ctypes.c_size_t(4096), 1, 1, node, ctypes.c_long(0)) != ctypes.c_void_p(-1).value:
    print("ready", flush=True)
os.close(node)
signal.pause()
"""
    return Question(device, {scene.start(sys.executable, "-S", "-c", code, scene.path("node"))})


@row("who")
def mounted_elsewhere(scene):
    "a block device that is mounted in a private mount namespace alone: the kernel"
    device, folder = scene.attach(scene.image()), scene.folder("mnt")
    scene.hold(before=scene.own_mounts(["mount", device, folder]))
    return Question(device, {KERNEL})


@row("who")
def other_node(scene):
    "a block device that is mounted, asked by another node of it: the kernel"
    device = scene.attach(scene.image())
    scene.mount(device, scene.folder("mnt"))
    scene.later("umount", "--lazy", scene.path("mnt"))
    os.mknod(scene.path("node"), stat.S_IFBLK | 0o600, os.stat(device).st_rdev)
    return Question(scene.path("node"), {KERNEL})


@row("who")
def swap_device(scene):
    "a block device in use as swap: the kernel"
    device = scene.attach(scene.image())
    scene.run("mkswap", device)
    scene.later("swapoff", device)
    scene.run("swapon", device)
    return Question(device, {KERNEL})


@row("who")
def loop_over_device(scene):
    "a block device that another loop device is made of: the kernel"
    device = scene.attach(scene.image())
    scene.attach(device)
    return Question(device, {KERNEL})


def partition(scene):
    """A loop device with one partition, the node of that, and the image."""
    path = scene.path("disk")
    scene.run("truncate", "-s", "16M", path)
    device = scene.attach(path)
    # As addpart(8) does it: the kernel need not know any table of partitions.
    place = struct.pack("qqi64s64s4x", 1 << 20, 8 << 20, 1, b"", b"")
    memory = ctypes.create_string_buffer(place)
    request = struct.pack("iiiP", BLKPG_ADD_PARTITION, 0, len(place), ctypes.addressof(memory))
    disk = os.open(device, os.O_RDWR)
    try:
        fcntl.ioctl(disk, BLKPG, request)
    except OSError as trouble:
        raise Lacks("partitions of loop devices") from trouble
    finally:
        os.close(disk)
    part = device + "p1"
    scene.later("delpart", device, "1")
    scene.run("mkfs.ext4", "-q", part)
    return device, part, path


@row("who")
def mounted_partition(scene):
    "a disk of which a partition is mounted: the kernel"
    device, part, _ = partition(scene)
    scene.mount(part, scene.folder("mnt"))
    scene.later("umount", "--lazy", scene.path("mnt"))
    return Question(device, {KERNEL})


@row("who")
def image_of_partition(scene):
    "the image of a disk of which a partition is mounted"
    _, part, path = partition(scene)
    scene.mount(part, scene.folder("mnt"))
    scene.later("umount", "--lazy", scene.path("mnt"))
    return Question(path, {KERNEL})


@row("who")
def other_partition(scene):
    "a partition of a disk of which another process has the disk open: nobody"
    device, part, _ = partition(scene)
    scene.hold("--open", device)
    return Question(part, set())


def squashfs(scene):
    """The image of one, and a file of it that is mounted."""
    if not shutil.which("mksquashfs"):
        raise Lacks("squashfs-tools")
    path = scene.path("image")
    scene.write("content/file")
    scene.run("mksquashfs", scene.path("content"), path, "-quiet", "-no-progress")
    scene.mount_image(path, scene.folder("mnt"))
    return path, scene.path("mnt/file")


@row("who")
def file_of_squashfs(scene):
    "squashfs: a file of it"
    _, file = squashfs(scene)
    return Question(file, {scene.hold("--open", file), scene.hold("--map", file)})


@row("who")
def image_of_squashfs(scene):
    "squashfs: its image, while a process has a file of it: the kernel"
    path, file = squashfs(scene)
    scene.hold("--open", file)
    return Question(path, {KERNEL})


@row("who", guest=True)
def mapped_device(scene):
    "a block device that another one is made of (device mapper): the kernel"
    if not shutil.which("dmsetup") or not os.path.exists("/sys/class/misc/device-mapper"):
        raise Lacks("device mapper")
    device, name = scene.attach(scene.image()), os.path.basename(scene.directory)
    scene.later("dmsetup", "remove", "--noudevsync", name)
    scene.run("dmsetup", "create", "--noudevsync", name, "--table", f"0 {os.path.getsize(scene.path('image')) // 512} linear {device} 0")
    return Question(device, {KERNEL})


@row("who")
def second_of_btrfs(scene):
    "a block device that is the second one of a mounted btrfs: the kernel"
    if not shutil.which("mkfs.btrfs"):
        raise Lacks("btrfs-progs")
    devices = []
    for name in "a", "b":
        scene.run("truncate", "-s", "128M", scene.path(name))
        devices.append(scene.attach(scene.path(name)))
    scene.run("mkfs.btrfs", "-q", *devices)
    scene.run("btrfs", "device", "scan", *devices)
    scene.mount(devices[0], scene.folder("mnt"))
    scene.later("umount", "--lazy", scene.path("mnt"))
    return Question(devices[1], {KERNEL})


@row("who")
def detached_mount(scene):
    "a block device whose mount was detached (umount -l) while a process has a file of it: the kernel"
    scene.mount_image(scene.image(), scene.folder("mnt"))
    scene.hold("--open", scene.write("mnt/file"))
    device = scene.device(scene.path("image"))
    scene.run("umount", "--lazy", scene.path("mnt"))
    return Question(device, {KERNEL})


@row("who")
def layer_alone(scene):
    "a block device that was unmounted, and is still a layer of an overlay: the kernel"
    device, folder = scene.attach(scene.image()), scene.folder("mnt")
    scene.mount(device, folder)
    scene.write("mnt/lower/file")
    merged = scene.overlay("m", folder + "/lower", scene.tmpfs("up"))
    scene.later("umount", "--lazy", merged)
    scene.run("umount", folder)
    return Question(device, {KERNEL})


@row("who")
def unmounted(scene):
    "a block device that was unmounted: nobody"
    device, folder = scene.attach(scene.image()), scene.folder("mnt")
    scene.mount(device, folder)
    scene.run("umount", folder)
    return Question(device, set())


@row("who")
def journal(scene):
    "a block device that has the journal of a mounted ext4: the kernel"
    devices = []
    for name in "files", "journal":
        scene.run("truncate", "-s", "32M", scene.path(name))
        devices.append(scene.attach(scene.path(name)))
    scene.run("mkfs.ext4", "-q", "-b", "4096", "-O", "journal_dev", devices[1])
    scene.run("mkfs.ext4", "-q", "-b", "4096", "-J", "device=" + devices[1], devices[0])
    scene.mount(devices[0], scene.folder("mnt"))
    scene.later("umount", "--lazy", scene.path("mnt"))
    return Question(devices[1], {KERNEL})
