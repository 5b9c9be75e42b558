"""In how many ways can a process hold a file?"""

import os
import shutil
import subprocess
import sys

from scene import Lacks, Question, row


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
def large_arguments(scene):
    "two processes, one of which shows more arguments than anything can be started with (PR_SET_MM_MAP)"
    file = scene.write("file")
    return Question(file, {scene.hold("--open", file), scene.hold("--open", file, "--large-arguments")})


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


def say_ready(program, *arguments):
    """A command that runs a few lines of Python and waits, then."""
    return [sys.executable, "-S", "-c", program + "\nprint('ready', flush=True)\nsignal.pause()\n", *arguments]


@row("who")
def marked(scene):
    "nobody, though the file is watched by fanotify"
    file = scene.write("file")
    code = """
import ctypes, signal, sys
libc = ctypes.CDLL(None)
group = libc.fanotify_init(0, 0)
if group < 0 or libc.fanotify_mark(group, 1, ctypes.c_uint64(0x3b), -100, sys.argv[1].encode()):
    sys.exit("no watch")
"""
    scene.start(*say_ready(code, file))
    return Question(file, set())


@row("who")
def leased(scene):
    "a process with a lease, who gives the file up as soon as anybody opens it: asking opens nothing"
    file = scene.write("file")
    code = """
import fcntl, os, signal, sys
file = os.open(sys.argv[1], os.O_RDWR)
signal.signal(signal.SIGIO, lambda *_: os._exit(0))
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
"""
    return Question(file, {scene.start(*say_ready(code, file))})


@row("who")
def locked(scene):
    "a process that has the file locked, and one that waits for the lock"
    file = scene.write("file")
    code = """
import fcntl, os, signal, sys
file = os.open(sys.argv[1], os.O_RDWR)
fcntl.flock(file, fcntl.LOCK_EX)
"""
    first = scene.start(*say_ready(code, file))
    second = scene.start(sys.executable, "-S", "-c", code.replace("fcntl.flock", "print('ready', flush=True); fcntl.flock"), file)
    return Question(file, {first, second})


@row("who")
def named_later(scene):
    "a file that was opened without a name (O_TMPFILE) and was given one since"
    path = scene.path("file")
    code = """
import ctypes, os, signal, sys
file = os.open(os.path.dirname(sys.argv[1]), os.O_TMPFILE | os.O_RDWR)
if ctypes.CDLL(None).linkat(-100, f"/proc/self/fd/{file}".encode(), -100, sys.argv[1].encode(), 0x400):
    sys.exit("linkat")
"""
    return Question(path, {scene.start(*say_ready(code, path))})


@row("who")
def reopened(scene):
    "a removed file, asked by a descriptor of it (/proc/PID/fd): who has it, and who has opened it anew by that"
    file = scene.write("file")
    first = scene.hold("--open", file)
    (number,) = (fd for fd in os.listdir(f"/proc/{first}/fd") if os.readlink(f"/proc/{first}/fd/{fd}") == file)
    link = f"/proc/{first}/fd/{number}"
    os.unlink(file)
    return Question(link, {first, scene.hold("--open", link), scene.hold("--map", link)})


@row("who")
def removed_program(scene):
    "a removed program, asked by the link to it (/proc/PID/exe): who runs it"
    program = scene.program()
    holders = {scene.hold(program=program), scene.hold(program=program)}
    os.unlink(program)
    return Question(f"/proc/{min(holders)}/exe", holders)


@row("who")
def program_in_memory(scene):
    "a copy of the program in memory alone (memfd), which is executed: nobody"
    program = scene.program()
    code = """
import os, sys
memory = os.memfd_create("program")
os.write(memory, open(sys.argv[1], "rb").read())
os.set_inheritable(memory, True)
os.execv(f"/proc/self/fd/{memory}", ["program"])
"""
    scene.start(sys.executable, "-S", "-c", code, program)
    return Question(program, set())


@row("who")
def own_users(scene):
    "a process in a user namespace of its own, without rights outside"
    file = scene.write("file")
    parent = scene.start("unshare", "--user", "--fork", scene.build / "bin/rm_holder", "--open", file, "--map", file)
    return Question(file, {scene.child_of(parent)})


@row("who")
def file_of_huge_pages(scene):
    "a file of huge pages (hugetlbfs), mapped"
    pool = "/proc/sys/vm/nr_hugepages"
    with open(pool) as known:
        before = int(known.read())
    with open(pool, "w") as known:
        known.write(str(before + 2))
    scene.later("sysctl", "-q", f"vm.nr_hugepages={before}")
    try:
        scene.mount("-t", "hugetlbfs", "none", scene.folder("huge"))
    except subprocess.CalledProcessError as trouble:
        raise Lacks("hugetlbfs") from trouble
    path = scene.path("huge/file")
    code = """
import mmap, os, signal, sys
file = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR)
os.ftruncate(file, 2 << 20)
memory = mmap.mmap(file, 2 << 20)
os.close(file)
memory[0] = 1
"""
    try:
        return Question(path, {scene.start(*say_ready(code, path))})
    except RuntimeError as trouble:
        raise Lacks("huge pages") from trouble
