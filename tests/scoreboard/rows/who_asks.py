"""Who asks, and what may he see?"""

import os

from scene import Question, row

NOBODY = 65534


def become_nobody():
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def held_by_two(scene):
    """(file, pid of root's holder, pid of another user's)"""
    file = scene.write("file")
    os.chmod(scene.directory, 0o755)
    return file, scene.hold("--open", file, "--map", file), scene.hold("--open", file, before=become_nobody)


@row("who")
def hidden_from_users(scene):
    "asked by root, where /proc hides processes from others (hidepid=2)"
    file, *holders = held_by_two(scene)
    scene.hide_processes()
    return Question(file, set(holders), unreadable=set())


@row("who")
def hidden_from_me(scene):
    "asked by a user from whom /proc hides processes (hidepid=2): finds his own, and says that there may be others"
    file, _, mine = held_by_two(scene)
    scene.hide_processes()
    return Question(file, {mine}, unreadable={0}, asker=NOBODY)


@row("who")
def shut_to_me(scene):
    "asked by a user to whom /proc shows of others the pids alone (hidepid=1): finds his own, and names those"
    file, other, mine = held_by_two(scene)
    scene.hide_processes(1)
    return Question(file, {mine}, unreadable={other, os.getpid()}, asker=NOBODY)


@row("who")
def not_mine(scene):
    "asked by a user who may not look at the processes of others: finds his own, and names those"
    file, other, mine = held_by_two(scene)
    return Question(file, {mine}, unreadable={other, os.getpid()}, asker=NOBODY)


@row("who")
def caller(scene):
    "the caller has it open himself, and so has the tool, which he started: the caller"
    file = scene.write("file")
    os.set_inheritable(os.open(file, os.O_RDONLY), True)
    return Question(file, {os.getpid()}, inherited=True)
