"""tests/abi/talker.c without the library: docs/application-protocol.md in Python's own words."""

import os
import secrets
import signal
import socket
import struct
import sys

manner = sys.argv[2:]
held = open(sys.argv[1])


def say(letter):
    os.write(1, letter.encode())


def answer(line, words):
    """Whoever asked may have hung up; what it said last is still to be read."""
    try:
        line.sendall(words)
    except OSError:
        pass


if "stays" in manner:
    signal.signal(signal.SIGTERM, lambda *_: say("t"))
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(f"\0restartapp.{os.getpid()}.{secrets.token_hex(8)}")
listener.listen()
say("r")
while True:
    line, _ = listener.accept()
    _, uid, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if uid not in (0, os.getuid()):
        line.close()
        continue
    answer(line, b"restartapp 1\n")
    if "floods" in manner:
        try:
            while True:
                line.sendall(b"x" * 4096)
        except OSError:
            continue
    queried = False
    for words in line.makefile():
        if words == "query closeapp\n":
            queried = True
            say("q")
            answer(line, b"no busy \x1b[2J\n" if "refuses" in manner else b"yes\n")
        elif words == "end closeapp\n":
            queried = False
            say("e")
            if "leaves" in manner:
                sys.exit()
            answer(line, b"done\n")
        elif words == "off\n":
            queried = False
            say("o")
    if queried:
        say("o")
