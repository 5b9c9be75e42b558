"""Sockets that are files: a descriptor of one does not lead to its name."""

import os
import sys

from scene import Question, row

# Listens, or waits for datagrams, at a path.
SERVER = """
import signal, socket, sys
path, kind = sys.argv[1:]
server = socket.socket(socket.AF_UNIX, getattr(socket, kind))
server.bind(path)
if kind == "SOCK_STREAM":
    server.listen()
print("ready", flush=True)
signal.pause()
"""


def serve(scene, path, kind="SOCK_STREAM", through=()):
    return scene.start(*through, sys.executable, "-S", "-c", SERVER, path, kind)


@row("who")
def listens(scene):
    "a socket: the process that listens there, and not its client"
    path = scene.path("socket")
    server = serve(scene, path)
    code = "import signal, socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print('ready', flush=True); signal.pause()"
    scene.start(sys.executable, "-S", "-c", code, path)
    return Question(path, {server})


@row("who")
def datagrams(scene):
    "a socket: the process that receives datagrams there"
    path = scene.path("socket")
    return Question(path, {serve(scene, path, "SOCK_DGRAM")})


@row("who")
def other_network(scene):
    "a socket: a process in another network namespace"
    path = scene.path("socket")
    return Question(path, {serve(scene, path, through=["unshare", "--net"])})


# As systemd does for a socket unit with PrivateNetwork=yes, and Go programs that enter a namespace with one thread.
ELSEWHERE = """
import ctypes, os, signal, socket, sys
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None)
ours = os.open("/proc/self/ns/net", os.O_RDONLY)
if libc.unshare(CLONE_NEWNET):
    sys.exit("unshare")
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
if libc.setns(ours, CLONE_NEWNET):
    sys.exit("setns")
print("ready", flush=True)
signal.pause()
"""


@row("who")
def empty_network(scene):
    "a socket that was made in a network namespace in which nobody lives"
    path = scene.path("socket")
    return Question(path, {scene.start(sys.executable, "-S", "-c", ELSEWHERE, path)})


# In a table of its own, as a thread that shares nothing with the others has it.
THREAD = """
import ctypes, signal, socket, sys, threading
CLONE_FILES, CLONE_NEWNET = 0x400, 0x40000000
def serve():
    if ctypes.CDLL(None).unshare(CLONE_FILES | CLONE_NEWNET):
        sys.exit("unshare")
    server = socket.socket(socket.AF_UNIX)
    server.bind(sys.argv[1])
    server.listen()
    print("ready", flush=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    signal.sigwait([signal.SIGUSR1])
threading.Thread(target=serve).start()
signal.pause()
"""


@row("who")
def thread_network(scene):
    "a socket that a thread alone has, in a network namespace of its own"
    path = scene.path("socket")
    return Question(path, {scene.start(sys.executable, "-S", "-c", THREAD, path)})


@row("who")
def other_name(scene):
    "a socket, asked by the name that it was given since"
    path, link = scene.path("socket"), scene.path("link")
    server = serve(scene, path)
    os.rename(path, link)
    return Question(link, {server})


@row("who")
def replaced(scene):
    "previous content: a socket that another server has replaced"
    path = scene.path("socket")
    old = serve(scene, path)
    key = scene.register(path)
    os.unlink(path)
    return Question(path, {old, serve(scene, path)}, key, previous={old})


@row("who")
def on_overlay(scene):
    "a socket on an overlay"
    scene.tmpfs("upper")
    path = scene.overlay("m", scene.folder("lower"), scene.path("upper")) + "/socket"
    return Question(path, {serve(scene, path)})
