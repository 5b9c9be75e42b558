"""Plays a row under another kernel, where this one lacks something: that of user-mode-linux, on the files of this machine.

As a program it is the first process there: guest.py FOLDER. The folder has `task`, and gets `answer`, in JSON.
"""

import contextlib
import ctypes
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

KERNEL = "linux.uml"
MODULES = pathlib.Path("/usr/lib/uml/modules")
WANTED = ["nfsd", "nfs", "nfsv4", "loop", "dm-mod"]
PATIENCE = 240  # seconds, for a whole row
FINIT_MODULE, POWER_OFF = 313, 0x4321FEDC


def play(build, title, check):
    """Column -> verdict. Raises Lacks."""
    from scene import Lacks

    if not (kernel := shutil.which(KERNEL)):
        raise Lacks("user-mode-linux")
    (build / "scoreboard").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="guest-", dir=build / "scoreboard") as folder:
        pathlib.Path(folder, "task").write_text(json.dumps([str(build), title, check]))
        command = [
            "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", kernel, "mem=512M", "root=/dev/root", "rootfstype=hostfs",
            "rootflags=/", "rw", "quiet", f"uml_dir={folder}", "con=null", "con0=null,fd:2", "ssl=null", f"init={sys.executable}",
            "--", "-u", str(pathlib.Path(__file__).resolve()), folder]
        with open(f"{folder}/console", "wb") as console, contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, timeout=PATIENCE, check=False)
        answer = pathlib.Path(folder, "answer")
        if not answer.exists():  # what goes wrong in a row is told there: this kernel has not come so far, or not ended
            raise Lacks("a user-mode-linux that runs here: " + pathlib.Path(folder, "console").read_text(errors="replace")[-500:])
        said = json.loads(answer.read_text())
    if isinstance(said, str):
        raise RuntimeError(said)
    if "lacks" in said:
        raise Lacks(said["lacks"])
    return said["row"]


def is_inside():
    return "SCOREBOARD_GUEST" in os.environ


def load_modules(libc):
    folder = MODULES / platform.release()
    needs = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        file, others = line.split(":")
        needs[file] = others.split()
    loaded = set()

    def load(file):
        if file in loaded:
            return
        loaded.add(file)
        for other in needs[file]:
            load(other)
        with open(folder / file, "rb") as module:
            libc.syscall(FINIT_MODULE, module.fileno(), b"", 0)

    for name in WANTED:
        for file in [file for file in needs if pathlib.Path(file).stem == name]:
            load(file)


def answer(build, title, check):
    import board
    import scene
    import tools

    (kind, function), = [(kind, play) for kind, known, play in board.load_rows() if known == title]
    ours, others = tools.KINDS[kind][1](build)
    if check:
        scene.be_patient()
    try:
        return {"row": board.play_in_scene(build, function, ours if check else {**ours, **others})}
    except scene.Lacks as lack:
        return {"lacks": str(lack)}


def be_first(folder):
    libc = ctypes.CDLL(None)
    os.environ.update(PATH="/usr/sbin:/usr/bin:/sbin:/bin", HOME="/root", TMPDIR="/run/tmp", SCOREBOARD_GUEST="1")
    for kind, place in ("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/run"):
        subprocess.run(["mount", "-t", kind, kind, place], check=False)
    os.mkdir("/run/tmp")
    load_modules(libc)
    build, title, check = json.loads(pathlib.Path(folder, "task").read_text())
    try:
        said = answer(pathlib.Path(build), title, check)
    except Exception as trouble:  # noqa: B902  it is told outside
        said = f"{type(trouble).__name__}: {trouble}"
    pathlib.Path(folder, "answer").write_text(json.dumps(said))
    libc.reboot(POWER_OFF)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    be_first(sys.argv[1])
