"""A FUSE mount whose server stops answering, as a dead file server does."""

import os
import pathlib
import signal
import subprocess
import sys

from scene import Lacks


class DeadMount:
    """`path` is a folder with one file, `file`, until die()."""

    def __init__(self, folder, name="file", *source):
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            raise Lacks("/dev/fuse")
        self.path, self.file = folder, f"{folder}/{name}"
        server = pathlib.Path(__file__).parent / "dead_fuse.py"
        self.server = subprocess.Popen([sys.executable, server, folder, name, *source], stdout=subprocess.PIPE)
        if self.server.stdout.readline() != b"ready\n":
            raise Lacks("FUSE")

    def die(self):
        self.server.send_signal(signal.SIGUSR1)
        self.server.stdout.readline()

    def die_when_listed(self):
        """As soon as somebody has listed its folder and looks at what is there."""
        self.server.send_signal(signal.SIGUSR2)
        self.server.stdout.readline()

    def kill(self):
        """Its kernel half answers then, that nobody is there."""
        self.server.kill()
        self.server.wait()
