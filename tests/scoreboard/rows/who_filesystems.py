"""File systems whose device numbers are not what they seem."""

import shutil

from scene import Lacks, Question, row


def btrfs(scene):
    if not shutil.which("mkfs.btrfs"):
        raise Lacks("btrfs-progs")
    image = scene.path("image")
    scene.run("truncate", "-s", "128M", image)
    scene.run("mkfs.btrfs", "-q", image)
    scene.mount_image(image, scene.folder("mnt"))
    for name in "a", "b":
        scene.run("btrfs", "subvolume", "create", scene.path("mnt/" + name))
        scene.write(f"mnt/{name}/file")


@row("who")
def subvolume(scene):
    "btrfs: a file of a subvolume"
    btrfs(scene)
    file = scene.path("mnt/a/file")
    return Question(file, {scene.hold("--open", file), scene.hold("--map", file)})


@row("who")
def other_subvolume(scene):
    "btrfs: the file with the same number in another subvolume: nobody"
    btrfs(scene)
    other = scene.path("mnt/b/file")
    scene.hold("--open", other)
    scene.hold("--map", other)
    return Question(scene.path("mnt/a/file"), set())


@row("who")
def subvolume_mounted(scene):
    "btrfs: held through a mount of the subvolume"
    btrfs(scene)
    scene.mount("-o", "subvol=a", scene.device(scene.path("image")), scene.folder("sub"))
    other = scene.path("sub/file")
    return Question(scene.path("mnt/a/file"), {scene.hold("--open", other), scene.hold("--map", other)})


@row("who")
def deleted_subvolume(scene):
    "btrfs: previous content: of a subvolume that was deleted, as was a snapshot of it that another process has a file of"
    btrfs(scene)
    scene.run("sync")
    scene.run("btrfs", "subvolume", "snapshot", scene.path("mnt/a"), scene.path("mnt/snapshot"))
    file, other = scene.path("mnt/a/file"), scene.path("mnt/snapshot/file")
    key = scene.register(file)
    holders = {scene.hold("--open", file), scene.hold("--map", file)}
    scene.hold("--open", other, "--map", other)
    scene.run("btrfs", "subvolume", "delete", scene.path("mnt/a"), scene.path("mnt/snapshot"))
    return Question(file, holders, key, previous=holders)
