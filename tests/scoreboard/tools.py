"""Whom are the questions put to? For each kind of question its columns, ours first."""

import json
import os
import re
import shutil
import subprocess
import tempfile

import scene as scenes
from scene import KERNEL


class Hangs(Exception):
    pass


def run(scene, *command, question=None, **variables):
    """stdout and stderr of a command; its status does not matter. It is run by whom the question says."""
    user = question.asker if question else 0
    rights = {"user": user, "group": user, "extra_groups": []} if user else {}
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**scene.environment_of(user), **variables}, close_fds=not (question and question.inherited), **rights)
    try:
        out, err = child.communicate(timeout=scenes.patience)
    except subprocess.TimeoutExpired:
        child.kill()  # may have to wait for what it hangs on
        raise Hangs from None
    return out, err.decode(errors="replace")


def ours(backend):
    """restartctl; a question about what was there before goes to the session that knows it."""

    def ask(scene, question):
        command = ["session", "list", question.session] if question.session else ["who", question.path]
        # Who may not use BPF is answered from /proc, unless told to use nothing else.
        variables = {} if question.asker else {"RESTART_MANAGER_BACKEND": backend}
        out, err = run(scene, scene.build / "bin/restartctl", *command, "--json", question=question, **variables)
        if not out:
            raise RuntimeError(err.strip())
        answer = json.loads(out)
        found = {pid for app in answer["apps"] for pid in app["pids"] or [app["main_pid"]]}
        # pid 0: no process.
        found = {KERNEL if pid == 0 else pid for pid in found}
        if question.unreachable != set(answer.get("unreachable", [])):
            raise RuntimeError(f"names as unreachable {answer.get('unreachable')}")
        if question.in_flight != set(answer.get("in_flight", [])):
            raise RuntimeError(f"names as in flight {answer.get('in_flight')}")
        if question.unreadable is not None and question.unreadable != set(answer["unreadable"]):
            raise RuntimeError(f"names as unreadable {answer['unreadable']}")
        previous = {holding["pid"] for app in answer["apps"] for holding in app["holdings"] if holding["replaced"]}
        if question.previous is not None and previous != question.previous:
            raise RuntimeError("is wrong about who has the content of before")
        return found

    return ask


def check_says_so(question, err):
    """Other tools may say in their words that they could not look at everybody."""
    if question.unreadable and not re.search("denied|not permitted|cannot|hid", err, re.IGNORECASE):
        raise RuntimeError("does not say that it could not look at everybody")


def fuser(scene, question):
    out, err = run(scene, "fuser", "-v", question.path, question=question)
    found = {int(word) for word in out.split() if word.isdigit()}
    check_says_so(question, err)
    # It names the kernel, rightly, also for a mount point.
    if KERNEL in question.holders and re.search(r"\bkernel\b", err):
        found.add(KERNEL)
    return found


def lsof(scene, question):
    out, err = run(scene, "lsof", "-nPw", "-t", "--", question.path, question=question)
    check_says_so(question, err)
    return {int(word) for word in out.split()}


def lsfd(scene, question):
    """By device and inode, as its manual suggests."""
    out, _ = run(scene, "stat", "-L", "-c", "%i %Hd:%Ld", question.path)
    if not out:
        return set()
    inode, device = out.decode().split()
    only = f'(INODE == {inode}) and (DEV == "{device}")'
    out, err = run(scene, "lsfd", "-l", "-n", "-r", "-o", "PID", "-Q", only, question=question)
    check_says_so(question, err)
    return {int(word) for word in out.split()}


def backends(build):
    """What restartctl can be told to use, on this machine."""
    command = [build / "bin/restartctl", "who", "--backend=bpf", "/"]
    with tempfile.TemporaryDirectory() as store:
        asked = subprocess.run(command, capture_output=True, check=False, env={"RESTART_MANAGER_DIR": store})
    names = ["proc"] if asked.returncode == 2 else ["proc", "bpf"]
    return {f"restartctl ({name})": ours(name) for name in names}


def who(build):
    others = {tool.__name__: tool for tool in (fuser, lsof, lsfd) if shutil.which(tool.__name__)}
    return backends(build), others


def stale(scene, question):
    out, err = run(scene, scene.build / "bin/restartctl", "stale", "--all", "--json")
    if not out:
        raise RuntimeError(err.strip())
    files = [file for app in json.loads(out)["apps"] for file in app["files"]]
    for pid, word in question.besides.items():
        found = {file["freshness"] for file in files if file["pid"] == pid}
        if found != {word}:
            raise RuntimeError(f"pid {pid} is not {word} but {found}")
    return {file["pid"] for file in files if file["freshness"] == "stale"}


def needrestart(scene, question):
    out, err = run(scene, "needrestart", "-b", "-v", "-r", "l", "-l")
    words = "obsolete binary|deleted|non-existing|obsolete"
    return {int(pid) for pid in re.findall(rf"#(\d+) uses (?:{words}) ", out.decode(errors="replace") + err)}


def checkrestart(scene, question):
    out, _ = run(scene, "checkrestart", "-v")
    return {int(pid) for pid in re.findall(rb"\(PID: (\d+)\)", out)}


def zypp(scene, question):
    out, _ = run(scene, "zypp-CheckAccessDeleted")
    return {int(pid) for pid in re.findall(rb"^\s*(\d+)\s", out, re.MULTILINE)}


def outdated(build):
    others = {"needrestart": needrestart, "checkrestart": checkrestart, "zypp-CheckAccessDeleted": zypp}
    return {"restartctl": stale}, {name: ask for name, ask in others.items() if shutil.which(name)}


# Kind of question -> (heading, function from the build folder to our columns and those of the others).
KINDS = {
    "who": ("Who uses this file?", who),
    "stale": ("Who runs outdated code?", outdated),
}
