"""Files on NFS."""

import os

from nfs import NfsMount
from scene import Question, row


@row("who", guest=True)
def served(scene):
    "NFS: a file of a mount"
    file = NfsMount(scene).file()
    return Question(file, {scene.hold("--open", file), scene.hold("--map", file)})


@row("who", guest=True)
def removed(scene):
    "NFS: previous content: removed while it is open, so that it is called .nfs..."
    file = NfsMount(scene).file()
    key = scene.register(file)
    holders = {scene.hold("--open", file), scene.hold("--map", file)}
    os.unlink(file)
    return Question(file, holders, key)


@row("who", guest=True)
def beside_dead(scene):
    "NFS: a local file of a process that also has a file of a dead server open and mapped"
    mount, file = NfsMount(scene), scene.write("file")
    far = mount.file()
    holder = scene.hold("--open", far, "--map", far, "--open", file, "--map", file)
    mount.die()
    return Question(file, {holder})


@row("who", guest=True)
def below_dead(scene):
    "NFS: a file of a dead server itself: said to be out of reach"
    mount = NfsMount(scene)
    file = mount.file()
    scene.hold("--open", file)
    mount.die()
    return Question(file, set(), unreachable={file})


@row("who", guest=True)
def died_since(scene):
    "NFS: a file of a server that has died since it was registered"
    mount = NfsMount(scene)
    file = mount.file()
    key = scene.register(file)
    holder = scene.hold("--open", file)
    mount.die()
    return Question(file, {holder}, key, unreachable={file})
