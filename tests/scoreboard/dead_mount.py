"""A FUSE mount whose program stops answering, as a dead file server does."""

import os
import signal
import struct

from scene import LIBC, Lacks

# include/uapi/linux/fuse.h
LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, FLUSH, INIT, OPENDIR, BATCH_FORGET = 1, 2, 3, 14, 15, 18, 25, 26, 27, 42
FOLDER, FILE = 1, 2  # node numbers
ENOENT, ENOSYS = 2, 38
VALID = 0  # s: what the kernel knows it asks for again


def attributes(node, content):
    is_file = node == FILE
    mode, size = (0o100755, len(content)) if is_file else (0o040755, 0)
    return struct.pack("<6Q10I", node, size, (size + 511) // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(name, content, opcode, node, body):
    """(error, bytes) for one request."""
    if opcode == INIT:
        major, minor, readahead = struct.unpack_from("<3I", body)
        return 0, struct.pack("<4I2H2I2H8I", major, min(minor, 31), readahead, 0, 12, 9, 1 << 17, 1, 32, 0, *[0] * 8)
    if opcode == LOOKUP:
        if body.rstrip(b"\0").decode() != name:
            return ENOENT, b""
        return 0, struct.pack("<4Q2I", FILE, 0, VALID, VALID, 0, 0) + attributes(FILE, content)
    if opcode == GETATTR:
        return 0, struct.pack("<Q2I", VALID, 0, 0) + attributes(node, content)
    if opcode in (OPEN, OPENDIR):
        return 0, struct.pack("<Q2I", 1, 0, 0)
    if opcode == READ:
        _, offset, size = struct.unpack_from("<2QI", body)
        return 0, content[offset : offset + size]
    return (0 if opcode in (RELEASE, FLUSH) else ENOSYS), b""


def serve(device, name, content):
    while True:
        request = os.read(device, 1 << 18)
        _, opcode, unique, node = struct.unpack_from("<2I2Q", request)
        if opcode in (FORGET, BATCH_FORGET):
            continue
        error, body = answer(name, content, opcode, node, request[40:])
        os.write(device, struct.pack("<IiQ", 16 + len(body), -error, unique) + body)


class DeadMount:
    """`folder` has one file, `path`, until stop()."""

    def __init__(self, folder, name, content):
        self.path = f"{folder}/{name}"
        try:
            device = os.open("/dev/fuse", os.O_RDWR)
        except OSError as trouble:
            raise Lacks("/dev/fuse") from trouble
        options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
        if LIBC.mount(b"server", folder.encode(), b"fuse", 0, options.encode()):
            raise Lacks("FUSE")
        self.server = os.fork()
        if self.server == 0:
            try:
                serve(device, name, content)
            finally:
                os._exit(1)
        os.close(device)

    def stop(self):
        os.kill(self.server, signal.SIGSTOP)
