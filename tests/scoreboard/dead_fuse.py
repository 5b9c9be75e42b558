#!/usr/bin/env python3
"""A FUSE file system that dies: dead_fuse.py FOLDER NAME [SOURCE]. One file, of this name, with the content of SOURCE or of 'x'
alone. Prints "ready" when it is mounted and has answered its first request. After SIGUSR1 it prints "dead" and answers nothing any more, though it goes on to take requests: what waits for it waits for ever.
After SIGUSR2 it does so as soon as somebody has listed the folder and asks for what he has found.
"""

import ctypes
import errno
import os
import pathlib
import select
import signal
import stat
import struct
import sys

LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, INTERRUPT, STATX = (
    1, 2, 3, 14, 15, 18, 25, 26, 27, 28, 29, 36, 52)
ROOT, FILE = 1, 2
CONTENT = b"x" * (1 << 16)


def attributes(node):
    mode, size = (stat.S_IFDIR | 0o755, 4096) if node == ROOT else (stat.S_IFREG | 0o755, len(CONTENT))
    # ino, size, blocks, 3 times, 3 nanoseconds, mode, nlink, uid, gid, rdev, blksize, flags
    return struct.pack("=QQQQQQIIIIIIIIII", node, size, (size + 511) // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(code, node, body):
    """The body of the answer, or an errno. Nothing may be kept: the kernel asks each time again."""
    if code == INIT:
        major, minor, readahead, _ = struct.unpack_from("=IIII", body)
        return struct.pack("=IIIIHHIIHHI7I", major, min(minor, 31), readahead, 0, 12, 10, 1 << 16, 1, 16, 0, 0, *([0] * 7))
    if code == LOOKUP:
        if body.rstrip(b"\0") != os.fsencode(sys.argv[2]):
            return errno.ENOENT
        return struct.pack("=QQQQII", FILE, 0, 0, 0, 0, 0) + attributes(FILE)
    if code == GETATTR:
        return struct.pack("=QII", 0, 0, 0) + attributes(node)
    if code in (OPEN, OPENDIR):
        return struct.pack("=QII", 0, 0, 0)
    if code == READ:
        _, offset, size = struct.unpack_from("=QQI", body)
        return CONTENT[offset : offset + size]
    if code == READDIR:
        _, offset, _ = struct.unpack_from("=QQI", body)
        name = os.fsencode(sys.argv[2])
        entry = struct.pack("=QQII", FILE, 1, len(name), stat.S_IFREG >> 12) + name
        return b"" if offset else entry + bytes(-len(entry) % 8)
    if code in (RELEASE, RELEASEDIR, FLUSH):
        return b""
    return errno.ENOSYS


def main():
    global CONTENT
    if len(sys.argv) > 3:
        CONTENT = pathlib.Path(sys.argv[3]).read_bytes()
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"dead", os.fsencode(sys.argv[1]), b"fuse", 0, options):
        sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
    # By a pipe: a handler would not run while read(2) waits, if the signal came just before it.
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    os.set_blocking(device, False)
    signal.set_wakeup_fd(waker)
    for number in signal.SIGUSR1, signal.SIGUSR2:
        signal.signal(number, lambda *_: None)
    dead = doomed = listed = False
    while True:
        come = select.select([device, wake], [], [])[0]
        if wake in come:
            come_signals = os.read(wake, 1 << 10)
            dead = dead or signal.SIGUSR1 in come_signals
            doomed = doomed or signal.SIGUSR2 in come_signals
            print("dead" if dead else "doomed", flush=True)
        if device not in come:
            continue
        try:
            request = os.read(device, 1 << 20)
        except BlockingIOError:  # taken back meanwhile
            continue
        _, code, unique, node = struct.unpack_from("=IIQQ", request)
        dead = dead or doomed and listed and code == LOOKUP
        listed = listed or doomed and code == READDIR
        if dead or code in (FORGET, INTERRUPT):
            continue
        reply = answer(code, node, request[40:])
        error, body = (-reply, b"") if isinstance(reply, int) else (0, reply)
        try:
            os.write(device, struct.pack("=IiQ", 16 + len(body), error, unique) + body)
        except OSError as trouble:
            if trouble.errno != errno.ENOENT:  # it was interrupted meanwhile
                raise
        if code == INIT:
            print("ready", flush=True)


if __name__ == "__main__":
    main()
