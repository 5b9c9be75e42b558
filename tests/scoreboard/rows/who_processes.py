"""In how many ways can a process hold a file?"""

import os

from scene import Question, row


@row("who")
def descriptor(scene):
    "an open descriptor"
    file = scene.write("file")
    return Question(file, {scene.hold("--open", file)})


@row("who")
def path_descriptor(scene):
    "a descriptor opened with O_PATH"
    file = scene.write("file")
    return Question(file, {scene.hold("--path", file)})


@row("who")
def mapping(scene):
    "a mapping whose descriptor is closed"
    file = scene.write("file")
    return Question(file, {scene.hold("--map", file)})


@row("who")
def executable(scene):
    "a running program"
    program = scene.program()
    return Question(program, {scene.hold(program=program)})


@row("who")
def own_table(scene):
    "a thread with its own descriptor table"
    file = scene.write("file")
    return Question(file, {scene.hold("--private-table", file)})


@row("who")
def exited_leader(scene):
    "open in a process whose first thread has exited"
    file = scene.write("file")
    return Question(file, {scene.hold("--open", file, "--leader-exits")})


@row("who")
def exited_leader_mapping(scene):
    "mapped in a process whose first thread has exited"
    file = scene.write("file")
    return Question(file, {scene.hold("--map", file, "--leader-exits")})


@row("who")
def nobody(scene):
    "nobody, though processes hold its neighbours"
    file = scene.write("file")
    scene.hold("--open", scene.write("other"), "--map", scene.write("file.bak"))
    return Question(file, set())


@row("who")
def many(scene):
    "fifty processes"
    file = scene.write("file")
    return Question(file, {scene.hold("--map", file) for _ in range(50)})


@row("who")
def other_user(scene):
    "a process of another user"
    file = scene.write("file")
    os.chmod(scene.directory, 0o755)
    return Question(file, {scene.hold("--open", file, before=lambda: os.setresuid(65534, 65534, 65534))})


@row("who")
def stopped(scene):
    "a stopped process"
    file = scene.write("file")
    holder = scene.hold("--open", file)
    os.kill(holder, 19)
    return Question(file, {holder})
