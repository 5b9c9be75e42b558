"""Runs a command on a terminal of its own, which is closed when this program ends: terminal.py COMMAND..."""

import os
import pty
import sys

child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
try:
    while os.read(terminal, 4096):
        pass
except OSError:  # nobody has the other end open any more
    os.waitpid(child, 0)
