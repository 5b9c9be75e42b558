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
