"""Programs and libraries in several versions, for rows about outdated code."""

import os
import pathlib
import shutil
import signal
import subprocess

from scene import Lacks

HERE = pathlib.Path(__file__).parent
LIBRARY = """
const char *const words_of_the_library[] = {"one", "two", "three"};
int version_of_the_library(void) { return VERSION; }
"""


class Site:
    """A folder in /srv with software in it. Nobody's rules for temporary files apply there, nor in another `root` that is mounted."""

    def __init__(self, scene, root="/srv"):
        if not shutil.which("cc"):
            raise Lacks("a C compiler")
        if not os.path.isdir(root):
            raise Lacks(root)
        self.scene = scene
        self.root = root
        if not root.startswith(scene.directory):
            scene.mount("--bind", scene.folder("site"), root)

    def path(self, name):
        return os.path.join(self.root, name)

    def folder(self, name):
        os.makedirs(self.path(name))
        return self.path(name)

    def _compile(self, key, *options, source=None):
        """A file that was compiled so, made once for all rows."""
        kept = self.scene.build / "scoreboard" / key
        if not kept.exists():
            kept.parent.mkdir(exist_ok=True)
            new = kept.with_suffix(f".{os.getpid()}")
            subprocess.run(["cc", "-O1", "-o", new, *options], input=source, check=True, timeout=120)
            new.rename(kept)
        return kept

    def library(self, name, version=1, build_id=True, kind="rename"):
        """Puts a version of the library there: "rename" as package managers do, "copy" into the same file."""
        kept = self._compile(
            f"library-{version}-{build_id}", "-shared", "-fPIC", f"-DVERSION={version}", "-xc", "-",
            "-Wl,--build-id=" + ("sha1" if build_id else "none"), source=LIBRARY.encode())
        return self.put(kept, name, kind)

    def data_library(self, name, version=1):
        """One of which no segment is executable."""
        kept = self._compile(
            f"data-library-{version}", "-shared", "-nostdlib", "-Wl,-z,separate-code,-z,norelro,--build-id=sha1", "-xc", "-",
            source=f"const char data_of_the_library[5000] = {{{version}}};".encode())
        return self.put(kept, name)

    def program(self, name, version=1, library=None, static=False, kind="rename"):
        """The loader. With `library` it is linked to that one."""
        options = [HERE / "loader.c", "-pthread", f"-DVERSION={version}"]
        options += ["-static", "-Wl,--no-warnings"] if static else []
        options += [f"-Wl,--no-as-needed,-rpath,{os.path.dirname(library)}", library] if library else []
        key = f"program-{version}-{static}-{str(library).replace('/', '_')}"
        return self.put(self._compile(key, *options), name, kind)

    def memory(self, *kinds, before=None):
        """Starts a program that has such memory; its pid."""
        program = self.put(self._compile("memory", HERE / "memory.c"), "bin/memory")
        try:
            return self.scene.start(program, *kinds, before=before)
        except RuntimeError as trouble:
            raise Lacks(f"memory of the kind {kinds[0]}") from trouble

    def put(self, file, name, kind="rename"):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if kind == "copy":
            shutil.copyfile(file, path)
        else:
            shutil.copyfile(file, path + ".dpkg-new")
            os.chmod(path + ".dpkg-new", 0o755)
            os.rename(path + ".dpkg-new", path)
        return path

    def link(self, name, target):
        path = self.path(name)
        os.symlink(target, path + ".new")
        os.rename(path + ".new", path)
        return path

    def run(self, *options, program=None, before=None):
        """Starts the loader, or another program; its pid. The loader itself stays as it is."""
        loader = self.path("bin/loader")
        if not program and not os.path.exists(loader):
            self.program("bin/loader")
        return self.scene.start(program or loader, *options, before=before)

    def loading(self, library, **how):
        return self.run("--load", library, **how)

    def jail(self, name="jail", program=None):
        """A folder to chroot into, with the loader as /loader and what it needs."""
        jail = self.folder(name)
        loader = program or self.program(f"{name}/loader")
        for library in self.scene.run("ldd", loader).decode().split():
            if library.startswith("/"):
                os.makedirs(os.path.dirname(jail + library), exist_ok=True)
                shutil.copy(library, jail + library)
        return jail


def execute(pid):
    """Has a loader with --execute become that program, which says nothing any more."""
    was = os.readlink(f"/proc/{pid}/exe")
    os.kill(pid, signal.SIGUSR1)
    while os.readlink(f"/proc/{pid}/exe") == was:
        os.sched_yield()
