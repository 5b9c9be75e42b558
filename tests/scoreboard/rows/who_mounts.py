"""The same file under other names, and other files under the same name."""

import ctypes
import os
import shutil
import struct

from scene import LIBC, Lacks, Question, row


@row("who")
def bind_mount(scene):
    "held through a bind mount"
    file, other = scene.write("file"), scene.write("other")
    scene.mount("--bind", file, other)
    return Question(file, {scene.hold("--map", other), scene.hold("--open", other)})


@row("who")
def private_bind_mount(scene):
    "held through a bind mount in a private mount namespace"
    file, other = scene.write("file"), scene.write("other")
    bind = scene.own_mounts(["mount", "--bind", file, other])
    return Question(file, {scene.hold("--map", other, before=bind), scene.hold("--open", other, before=bind)})


@row("who")
def other_file_same_path(scene):
    "another file at the same path in a private mount namespace: nobody"
    file, other = scene.write("file"), scene.write("other")
    bind = scene.own_mounts(["mount", "--bind", other, file])
    scene.hold("--map", file, before=bind)
    scene.hold("--open", file, before=bind)
    return Question(file, set())


@row("who")
def same_path_in_namespace(scene):
    "the same path in a private mount namespace, where it is the same file"
    file = scene.write("file")
    own = scene.own_mounts()
    return Question(file, {scene.hold("--map", file, before=own), scene.hold("--open", file, before=own)})


@row("who")
def covered(scene):
    "held since before a mount covered its folder; what is there now: nobody"
    file = scene.write("d/file")
    scene.hold("--map", file)
    scene.mount("-t", "tmpfs", "none", scene.path("d"))
    scene.write("d/file")
    return Question(file, set())


def jailed(scene, *options, before=None):
    """A holder in a chroot, which has a file."""
    file = scene.write("jail/file")

    def enter():
        if before:
            before()
        os.chroot(scene.path("jail"))

    program = scene.program("jail/program")
    for library in scene.run("ldd", program).decode().split():
        if library.startswith("/"):
            os.makedirs(os.path.dirname(scene.path("jail" + library)), exist_ok=True)
            shutil.copy(library, scene.path("jail" + library))
    return Question(file, {scene.hold(*options, program="/program", before=enter)})


@row("who")
def chrooted(scene):
    "held by a process in a chroot"
    return jailed(scene, "--open", "/file", "--map", "/file")


@row("who")
def chrooted_elsewhere(scene):
    "registered with an io_uring by a process in a chroot of a private mount namespace"
    return jailed(scene, "--io-uring", "/file", before=scene.own_mounts())


@row("who")
def stacked(scene):
    "one file mounted over another, and a third one over both: who has the topmost"
    file, other, third = scene.write("file"), scene.write("other"), scene.write("third")
    scene.hold("--open", file, "--map", file)
    scene.mount("--bind", other, file)
    scene.hold("--open", file, "--map", file)
    scene.mount("--bind", third, file)
    return Question(file, {scene.hold("--open", file), scene.hold("--map", file)})


@row("who")
def own_pid_namespace(scene):
    "held by a process in a pid namespace below ours"
    file = scene.write("file")
    parent = scene.start("unshare", "--pid", "--fork", scene.build / "bin/rm_holder", "--open", file)
    return Question(file, {scene.child_of(parent)})


@row("who")
def same_number(scene):
    "same inode number on another file system: nobody"
    scene.tmpfs("a")
    scene.tmpfs("b")
    file, other = scene.write("a/file"), scene.write("b/file")
    if os.stat(file).st_ino != os.stat(other).st_ino:
        raise Lacks("a tmpfs that counts inodes from the same number")
    scene.hold("--open", other, "--map", other)
    return Question(file, set())


MOVE_MOUNT, OPEN_TREE, MOUNT_SETATTR, PIVOT_ROOT = 429, 428, 442, 155  # of x86-64
AT_EMPTY_PATH, OPEN_TREE_CLONE, MOUNT_ATTR_IDMAP, MOVE_MOUNT_F_EMPTY_PATH = 0x1000, 1, 0x100000, 4


def idmapped(scene, source, target):
    """Mounts a folder so that root's files belong to user 1000 there."""
    user = scene.child_of(scene.start("unshare", "--user", "--fork", scene.build / "bin/rm_holder"))
    for kind in "uid", "gid":
        with open(f"/proc/{user}/{kind}_map", "w") as known:
            known.write("0 1000 1")
    space = os.open(f"/proc/{user}/ns/user", os.O_RDONLY)
    tree = LIBC.syscall(OPEN_TREE, -100, os.fsencode(source), OPEN_TREE_CLONE)
    attributes = struct.pack("=QQQQ", MOUNT_ATTR_IDMAP, 0, 0, space)
    if tree < 0 or LIBC.syscall(MOUNT_SETATTR, tree, b"", AT_EMPTY_PATH, attributes, len(attributes)):
        raise Lacks("idmapped mounts: " + os.strerror(ctypes.get_errno()))
    if LIBC.syscall(MOVE_MOUNT, tree, b"", -100, os.fsencode(target), MOVE_MOUNT_F_EMPTY_PATH):
        raise Lacks("move_mount: " + os.strerror(ctypes.get_errno()))
    os.close(tree)
    os.close(space)
    return target


@row("who")
def other_owner(scene):
    "held through an idmapped mount"
    file = scene.write("d/file")
    target = idmapped(scene, scene.path("d"), scene.folder("m"))
    if os.stat(target + "/file").st_uid == os.stat(file).st_uid:
        raise Lacks("mapped owners")
    return Question(file, {scene.hold("--open", target + "/file"), scene.hold("--map", target + "/file")})


@row("who")
def asked_by_other_owner(scene):
    "an idmapped mount: asked by it, held below"
    file = scene.write("d/file")
    target = idmapped(scene, scene.path("d"), scene.folder("m"))
    return Question(target + "/file", {scene.hold("--open", file), scene.hold("--map", file)})


def pivoted(scene):
    """A holder whose mount namespace has this folder as its root, by pivot_root(2): (folder, holder, file)"""
    root = scene.folder("root")
    program = scene.program("root/program")
    for library in scene.run("ldd", program).decode().split():
        if library.startswith("/"):
            os.makedirs(os.path.dirname(root + library), exist_ok=True)
            shutil.copy(library, root + library)
    file = scene.write("root/file")
    own = scene.own_mounts(["mount", "--bind", root, root])

    def enter():
        own()
        os.chdir(root)
        if LIBC.syscall(PIVOT_ROOT, b".", b".") or LIBC.umount2(b".", 2):
            raise OSError(ctypes.get_errno(), "pivot_root")

    return root, scene.hold("--map", "/file", program="/program", before=enter), file


@row("who")
def root_of_namespace(scene):
    "a folder that is the root of another mount namespace (pivot_root): who lives there"
    root, holder, _ = pivoted(scene)
    return Question(root, {holder})


@row("who")
def below_root_of_namespace(scene):
    "a file below the root of another mount namespace (pivot_root)"
    _, holder, file = pivoted(scene)
    return Question(file, {holder})


@row("who")
def namespace(scene):
    "a namespace that is bound to a name (ip netns): who has that open, and not who lives in it"
    name = scene.write("space", "")
    parent = scene.start("unshare", "--uts", "--fork", scene.build / "bin/rm_holder")
    scene.mount("--bind", f"/proc/{scene.child_of(parent)}/ns/uts", name)
    return Question(name, {scene.hold("--open", name)})
