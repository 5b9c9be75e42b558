"""Memory that has a name, as if it were a removed file, and is none."""

import os
import subprocess

from builds import Site
from scene import Lacks, Outdated, row


def has(scene, *kinds, before=None):
    """A process with this memory. It is called transient, and nothing else."""
    return Outdated(set(), {Site(scene).memory(*kinds, before=before): "transient"})


@row("stale")
def huge(scene):
    "huge pages, private and shared (/anon_hugepage): nobody"
    return has(scene, "--huge")


@row("stale")
def huge_memfd(scene):
    "a memfd of huge pages: nobody"
    return has(scene, "--huge-memfd")


@row("stale")
def huge_segment(scene):
    "System V shared memory of huge pages: nobody"
    return has(scene, "--huge-sysv")


@row("stale")
def huge_file(scene):
    "a removed file of a mounted hugetlbfs: nobody"
    try:
        scene.mount("-t", "hugetlbfs", "none", scene.folder("huge"))
    except subprocess.CalledProcessError as trouble:
        raise Lacks("hugetlbfs") from trouble
    return has(scene, "--huge-file", scene.path("huge"))


@row("stale")
def secret(scene):
    "secret memory (memfd_secret): nobody"
    return has(scene, "--secret")


@row("stale")
def aio(scene):
    "the ring of an AIO context (/[aio]): nobody"
    return has(scene, "--aio")


@row("stale")
def executable_aio(scene):
    "an AIO context in a process to which all memory is executable (READ_IMPLIES_EXEC): nobody"
    return has(scene, "--executable", "--aio")


@row("stale")
def perf(scene):
    "the buffer of a perf event (anon_inode:[perf_event]): nobody"
    Site(scene).memory("--perf")
    return Outdated(set())


@row("stale")
def vcpu(scene):
    "a virtual processor of KVM (anon_inode:kvm-vcpu): nobody"
    Site(scene).memory("--vcpu")
    return Outdated(set())


@row("stale")
def device(scene):
    "a device whose node was removed: nobody"
    node = scene.path("zero")
    os.mknod(node, 0o20600, os.makedev(1, 5))
    return has(scene, "--device", node)


@row("stale")
def spool(scene):
    "a temporary file that was removed, mapped and not executable: nobody"
    return has(scene, "--spool", scene.folder("spool"))


@row("stale")
def executable_data(scene):
    "data that was replaced, in a process to which all memory is executable (READ_IMPLIES_EXEC): nobody"
    site, file = Site(scene), scene.write("site/cache.db")
    outdated = Outdated(set(), {site.memory("--executable", "--data", site.path("cache.db")): "transient"})
    scene.replace(file)
    return outdated


@row("stale")
def executable_code(scene):
    "code that was replaced, in a process to which all memory is executable (READ_IMPLIES_EXEC)"
    site = Site(scene)
    old = site.memory("--executable", "--data", site.library("plugin.so"))
    site.library("plugin.so", 2)
    return Outdated({old})
