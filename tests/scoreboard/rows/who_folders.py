"""Folders in use."""

import os

from scene import Question, row


@row("who")
def working_directory(scene):
    "a folder: the working directory of a process"
    folder = scene.folder("d")
    return Question(folder, {scene.hold("--cwd", folder)})


@row("who")
def root_directory(scene):
    "a folder: the root directory of a process"
    folder = scene.folder("d")
    return Question(folder, {scene.hold("--root", folder)})


@row("who")
def opened(scene):
    "a folder: opened"
    folder = scene.folder("d")
    return Question(folder, {scene.hold("--open", folder), scene.hold("--path", folder)})


@row("who")
def of_a_thread(scene):
    "a folder: the working directory of a thread alone"
    folder = scene.folder("d")
    return Question(folder, {scene.hold("--private-cwd", folder)})


@row("who")
def of_a_thread_without_leader(scene):
    "a folder: the working directory of a thread alone, in a process whose first thread has exited"
    folder = scene.folder("d")
    return Question(folder, {scene.hold("--private-cwd", folder, "--leader-exits")})


@row("who")
def namesake(scene):
    "a folder: another one of the same name, in a private mount namespace: nobody"
    folder, other = scene.folder("d"), scene.folder("e")
    scene.hold("--cwd", folder, before=scene.own_mounts(["mount", "--bind", other, folder]))
    return Question(folder, set())


@row("who")
def covered(scene):
    "a folder: the working directory of a process since before it became a mount point; what is mounted there: nobody"
    folder = scene.folder("d")
    scene.hold("--cwd", folder)
    scene.mount("-t", "tmpfs", "none", folder)
    return Question(folder, set())


@row("who")
def replaced(scene):
    "previous content: a folder, moved aside for another one"
    folder = scene.folder("d")
    key = scene.register(folder)
    holder = scene.hold("--cwd", folder)
    os.rename(folder, folder + ".old")
    scene.folder("d")
    return Question(folder, {holder}, key)


@row("who")
def removed(scene):
    "previous content: a folder that was removed"
    folder = scene.folder("d")
    key = scene.register(folder)
    holder = scene.hold("--cwd", folder)
    os.rmdir(folder)
    return Question(folder, {holder}, key)
