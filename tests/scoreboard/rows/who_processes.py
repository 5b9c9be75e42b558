"""In how many ways can a process hold a file?"""

import os
import shutil
import sys

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
def own_table_without_leader(scene):
    "a thread with its own descriptor table, in a process whose first thread has exited"
    file = scene.write("file")
    return Question(file, {scene.hold("--private-table", file, "--leader-exits")})


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


@row("who")
def frozen(scene):
    "a process in a frozen cgroup"
    file = scene.write("file")
    holder = scene.hold("--open", file, "--map", file)
    scene.freeze(holder)
    return Question(file, {holder})


@row("who")
def other_clock(scene):
    "a process in a time namespace, whose clocks are eleven days ahead"
    file = scene.write("file")
    parent = scene.start("unshare", "--time", "--boottime", "1000000", "--fork", scene.build / "bin/rm_holder", "--open", file)
    return Question(file, {scene.child_of(parent)})


@row("who")
def executes(scene):
    "a process that executes itself over and over, with the file open"
    file = scene.write("file")
    code = """
import os, sys
file, code, times = sys.argv[1:]
if times == "0":
    os.set_inheritable(os.open(file, 0), True)
if times == "1":
    print("ready", flush=True)
os.execv(sys.executable, [sys.executable, "-S", "-c", code, file, code, str(int(times) + 1)])
"""
    return Question(file, {scene.start(sys.executable, "-S", "-c", code, file, code, "0")})


@row("who")
def odd_name(scene):
    "a process whose name looks like the rest of its status"
    file = scene.write("file")
    program = shutil.copy(scene.build / "bin/rm_holder", scene.path("a) Z 1 (b c"))
    return Question(file, {scene.hold("--open", file, program=program)})


@row("who")
def watched(scene):
    "nobody, though the file is watched by inotify"
    file = scene.write("file")
    code = """
import ctypes, sys
libc = ctypes.CDLL(None)
watch = libc.inotify_add_watch(libc.inotify_init1(0), sys.argv[1].encode(), 0xfff)
print("ready" if watch >= 0 else "no watch", flush=True)
libc.pause()
"""
    scene.start(sys.executable, "-c", code, file)
    return Question(file, set())
