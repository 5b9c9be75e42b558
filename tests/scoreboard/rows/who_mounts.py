"""The same file under other names, and other files under the same name."""

import os
import shutil

from scene import Lacks, Question, row


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
