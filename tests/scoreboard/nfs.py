"""An NFS mount, served by the kernel itself in a network namespace of its own: needs no package."""

import contextlib
import ctypes
import os
import pathlib
import socket
import subprocess
import time

import guest
from scene import LIBC, Lacks, unshare

CLONE_NEWNET = 0x40000000
SERVER = pathlib.Path("/proc/fs/nfsd")
CACHES = pathlib.Path("/proc/net/rpc")
# exports(5): fsid=0, insecure, no_subtree_check, async; include/uapi/linux/nfsd/export.h
EXPORT_FLAGS = 0x2000 | 0x2 | 0x400 | 0x10
# Nothing is answered from a cache.
OPTIONS = "vers=4.2,addr=127.0.0.1,clientaddr=127.0.0.1,sec=sys,actimeo=0,lookupcache=none"


def mount(source, target, kind, options=""):
    if LIBC.mount(source.encode(), os.fsencode(target), kind.encode(), 0, options.encode()):
        raise Lacks(f"{kind} mounts: {os.strerror(ctypes.get_errno())}")


def write(path, text):
    try:
        path.write_text(text + "\n")
    except OSError as trouble:
        raise Lacks(f"an NFS server: {path}: {trouble}") from trouble


class NfsMount:
    """`path` is a mounted folder, `exported` the same on its server."""

    def __init__(self, scene):
        known = pathlib.Path("/proc/filesystems").read_text().split()
        if not {"nfs4", "nfsd"} <= set(known):
            raise Lacks("NFS in the kernel")
        if not guest.is_inside():
            unshare(CLONE_NEWNET)
        self.scene = scene
        self.link("up")
        mount("nfsd", SERVER, "nfsd")
        self.exported = scene.tmpfs("exported")
        self.serve(scene.folder("clients"))
        self.path = scene.folder("nfs")
        mount("127.0.0.1:/", self.path, "nfs4", OPTIONS)

    @staticmethod
    def link(state):
        subprocess.run(["ip", "link", "set", "lo", state], check=True)

    def die(self):
        """Nothing reaches the server until the scene ends: it would wait for the server, too."""
        self.scene.later("ip", "link", "set", "lo", "up")
        self.link("down")

    def serve(self, clients):
        write(SERVER / "versions", "-3 +4 +4.1 +4.2")
        write(SERVER / "nfsv4gracetime", "10")
        write(SERVER / "nfsv4recoverydir", clients)
        self.live()
        # What exportfs(8) and rpc.mountd(8) would tell the kernel.
        until = int(time.time()) + 1_000_000
        write(CACHES / "auth.unix.ip/channel", f"nfsd 127.0.0.1 {until} here")
        write(CACHES / "nfsd.fh/channel", f"here 1 \\x00000000 {until} {self.exported}")
        write(CACHES / "nfsd.export/channel", f"here {self.exported} {until} {EXPORT_FLAGS} 65534 65534 0")

    @staticmethod
    def live():
        with socket.create_server(("127.0.0.1", 2049)) as listener:
            write(SERVER / "portlist", str(listener.fileno()))
        write(SERVER / "threads", "2")
        # Nobody has to come back. In a network namespace of its own the server keeps no list of clients, and waits all the same.
        with contextlib.suppress(Lacks):
            write(SERVER / "v4_end_grace", "Y")

    def file(self, name="file", content="x" * 5000):
        """Made on the server; its name below the mount."""
        pathlib.Path(self.exported, name).write_text(content)
        return f"{self.path}/{name}"
