"""What a row can do: files, holders, mounts. Everything is gone after it.

A scene runs in a process of its own that is pid 1 of its own pid namespace and has its own mounts.
"""

import ctypes
import dataclasses
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROWS = []
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWPID = 0x00020000, 0x20000000
AT_FDCWD, RENAME_EXCHANGE = -100, 2
PATIENCE = 10  # seconds; an answer that takes longer is none
patience = PATIENCE
KERNEL = "kernel"  # in place of a pid: the kernel itself holds it


def be_patient():
    """Whether an answer is right does not depend on who else keeps the machine busy."""
    global patience
    patience = 12 * PATIENCE


class Lacks(Exception):
    """What this machine has not got."""


@dataclasses.dataclass
class Question:
    """Who uses `path`? `holders` is the right answer: pids, and KERNEL. `session` has known the path since before it changed."""

    path: str
    holders: set
    session: str = ""
    unreachable: set = dataclasses.field(default_factory=set)  # paths that we must name as out of reach
    in_flight: set = dataclasses.field(default_factory=set)  # who has yet to receive a descriptor; nobody knows of what
    previous: set = None  # those whom we must say to have the content of before
    unreadable: set = None  # those whom we must say to be unable to look at; pid 0: all that /proc hides
    asker: int = 0  # the user who asks
    inherited: bool = False  # who asks is started with all descriptors that the scene has


@dataclasses.dataclass
class Outdated:
    """Who runs outdated code? `holders`: the right answer, pids. `besides`: pid -> what `stale --all` calls what else it has."""

    holders: set
    besides: dict = dataclasses.field(default_factory=dict)


def row(kind, guest=False):
    """Makes a row of a function. `guest`: what this kernel lacks for it, the one of guest.py has."""

    def add(play):
        play.guest = guest
        ROWS.append((kind, play.__doc__, play))
        return play

    return add


class Scene:
    def __init__(self, build, directory):
        self.build = build
        self.directory = directory
        self.environment = dict(os.environ, RESTART_MANAGER_DIR=f"{directory}/.store", LC_ALL="C")
        os.mkdir(f"{directory}/.store", 0o700)
        self.at_end = []

    # --- files
    def path(self, name):
        return os.fsdecode(os.path.join(os.fsencode(self.directory), os.fsencode(name)))

    def write(self, name, content="x" * 5000):
        path = pathlib.Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return str(path)

    def folder(self, name):
        path = self.path(name)
        os.makedirs(path)
        return path

    def environment_of(self, user):
        """With a store of this user's own."""
        if user == 0:
            return self.environment
        os.chmod(self.directory, 0o755)
        store = f"{self.directory}/.store-{user}"
        os.makedirs(store, 0o700, exist_ok=True)
        os.chown(store, user, user)
        return {**self.environment, "RESTART_MANAGER_DIR": store}

    def program(self, name="program"):
        """A copy of the holder program."""
        return shutil.copy(self.build / "bin/rm_holder", self.path(name))

    def replace(self, path, content="y" * 5000):
        """As package managers do it."""
        pathlib.Path(path + ".new").write_text(content)
        os.rename(path + ".new", path)

    def exchange(self, path, other):
        """Of two files, the names."""
        if LIBC.renameat2(AT_FDCWD, os.fsencode(path), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE):
            raise Lacks("files that exchange their names")

    # --- processes
    def hold(self, *options, program=None, before=None):
        """Starts tests/holder and waits until it holds; its pid. `before` runs in it before."""
        return self.start(program or self.build / "bin/rm_holder", *options, before=before)

    def hold_twice(self, file, **options):
        """One that has it open and one that has it mapped; their pids."""
        return {self.hold("--open", file, **options), self.hold("--map", file, **options)}

    def start(self, *command, before=None):
        """Starts a command and waits until it, or what it starts, says "ready"; its pid."""
        child = subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=before, env=self.environment)
        if child.stdout.readline() != b"ready\n":
            raise RuntimeError(f"{command} does not get ready")
        return child.pid

    def freeze(self, pid):
        """In a cgroup of the scene's own."""
        if not (groups := unified_cgroups()):
            raise Lacks("a cgroup2 tree")
        group = groups / os.path.basename(self.directory)
        try:
            group.mkdir(exist_ok=True)
            (group / "cgroup.procs").write_text(str(pid))
            (group / "cgroup.freeze").write_text("1")
        except OSError as trouble:
            raise Lacks("a cgroup2 tree that may be written") from trouble
        while "frozen 1" not in (group / "cgroup.events").read_text():
            os.sched_yield()

    def child_of(self, pid):
        """The one child of a process."""
        (child,) = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(child)

    def run(self, *command):
        """The output of a command that must succeed."""
        return subprocess.run(command, check=True, capture_output=True, timeout=patience, env=self.environment).stdout

    def restartctl(self, *arguments):
        return self.run(self.build / "bin/restartctl", *arguments).decode().strip()

    def register(self, *what):
        """A session that knows these files from now on, or what else options say; its key."""
        key = self.restartctl("session", "start", "--owner", str(os.getpid()))
        self.restartctl("session", "register", key, *what if what[0].startswith("-") else ("-f", *what))
        return key

    def await_tick(self):
        """Until the clock by which processes start has moved on, twice: what is written from now on is younger than a process that
        runs already, as far as times can tell."""
        ticks = os.sysconf("SC_CLK_TCK")
        first = int(time.clock_gettime(time.CLOCK_BOOTTIME) * ticks)
        while int(time.clock_gettime(time.CLOCK_BOOTTIME) * ticks) < first + 2:
            os.sched_yield()

    # --- mounts
    def mount(self, *options):
        self.run("mount", *options)

    def tmpfs(self, name):
        path = self.folder(name)
        self.mount("-t", "tmpfs", "none", path)
        return path

    def overlay(self, name, lower, upper=None):
        """An overlay over `lower` (a path, or several with ':'); its mount point."""
        path = self.folder(name)
        options = f"lowerdir={lower}"
        if upper:
            for part in "/u", "/w":
                os.makedirs(upper + part, exist_ok=True)
            options += f",upperdir={upper}/u,workdir={upper}/w"
        self.mount("-t", "overlay", "none", "-o", options, path)
        return path

    def image(self):
        """That of an ext4."""
        path = self.path("image")
        self.run("truncate", "-s", "8M", path)
        self.run("mkfs.ext4", "-q", "-I", "256", path)
        return path

    def attach(self, image):
        """A loop device on an image, until the scene ends; its name."""
        try:
            device = self.run("losetup", "--find", "--show", image).decode().strip()
        except (subprocess.CalledProcessError, OSError) as trouble:
            raise Lacks("loop devices") from trouble
        self.later("losetup", "--detach", device)
        return device

    def attach_inside(self, pid, image, *options):
        """The same, of the mount namespace that a process lives in."""
        try:
            device = self.run("nsenter", "--mount", "--target", str(pid), "losetup", "--find", "--show", *options, image).decode().strip()
        except (subprocess.CalledProcessError, OSError) as trouble:
            raise Lacks("loop devices") from trouble
        self.later("losetup", "--detach", device)
        return device

    def device(self, image):
        return self.run("losetup", "--noheadings", "--output", "NAME", "--associated", image).decode().strip()

    def mount_image(self, image, folder):
        self.mount(self.attach(image), folder)
        self.later("umount", "--lazy", folder)

    def hide_processes(self, how=2):
        """Mounts a /proc for the scene that shows users only their own; of others, with 1, the pids alone."""
        try:
            self.mount("-t", "proc", "-o", f"hidepid={how}", "proc", "/proc")
        except subprocess.CalledProcessError as trouble:
            raise Lacks("a /proc that hides processes") from trouble

    def own_mounts(self, *commands):
        """For `before` of hold: gives it a mount namespace of its own and runs mounts in it."""

        def enter():
            unshare(CLONE_NEWNS)
            for command in commands:
                subprocess.run(command, check=True)

        return enter

    def later(self, *command):
        """Runs when the scene ends, whatever happened."""
        self.at_end.append(command)

    def end(self):
        for command in reversed(self.at_end):
            subprocess.run(command, check=False, capture_output=True)


def unshare(flags):
    if LIBC.unshare(flags):
        raise Lacks("namespaces: " + os.strerror(ctypes.get_errno()))


def unified_cgroups():
    """Where the unified tree is mounted, or None."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        if kind == "cgroup2":
            return pathlib.Path(point)
    return None


def private_mounts():
    unshare(CLONE_NEWNS)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


def in_scene(build, work):
    """Calls work(scene) as pid 1 of a pid namespace with mounts of its own. Returns what it wrote, bytes."""
    directory = tempfile.mkdtemp(prefix="rm-scoreboard-")
    ends = os.pipe()
    keeper = os.fork()
    if keeper == 0:
        os.close(ends[0])
        status = 1
        try:
            private_mounts()
            unshare(CLONE_NEWPID)
            first = os.fork()
            if first == 0:
                run_first(build, directory, work, ends[1])
            os.close(ends[1])
            status = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
        finally:
            os._exit(status & 0xFF)
    os.close(ends[1])
    answer = b""
    while select.select([ends[0]], [], [], 20 * PATIENCE)[0]:
        part = os.read(ends[0], 1 << 16)
        if not part:
            break
        answer += part
    else:
        os.kill(keeper, signal.SIGKILL)
    os.close(ends[0])
    os.waitpid(keeper, 0)
    if (groups := unified_cgroups()) and (group := groups / os.path.basename(directory)).exists():
        group.rmdir()
    shutil.rmtree(directory, ignore_errors=True)
    return answer


def run_first(build, directory, work, out):
    """Never returns. When it ends the kernel kills whatever the scene has started."""
    LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    try:
        subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=True)
        scene = Scene(build, directory)
        try:
            answer = work(scene)
        finally:
            scene.end()
        os.write(out, answer)
    except BaseException as trouble:  # noqa: B902  the parent tells it
        os.write(out, f"!{type(trouble).__name__}: {trouble}".encode())
    sys.stderr.flush()
    os._exit(0)
