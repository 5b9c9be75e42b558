#!/usr/bin/env python3
"""How fast is "who runs outdated code?" beside other tools?  bench/stale.py [BUILD_DIRECTORY [COUNT...]]

As root; in namespaces of its own, so that the population is all there is and ends with it. Each process is a
program with ten libraries out of two hundred, of which one was replaced since. restartctl's answer is checked first.
"""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/scoreboard"))
sys.dont_write_bytecode = True

import builds  # noqa: E402
import scene as scenes  # noqa: E402
import tools  # noqa: E402

ROUNDS = 3
LIBRARIES, LOADED, REPLACED = 200, 10, 1


def populate(scene, site, count):
    """The pids that run a library which is replaced afterwards."""
    pool = [site.library(f"lib/lib{i}.so") for i in range(LIBRARIES)]
    loader = site.program("bin/loader")
    outdated, children = set(), []
    for number in range(count):
        mine = [(number + i * 19) % LIBRARIES for i in range(LOADED)]
        options = [word for i in mine for word in ("--load", pool[i])]
        children.append(subprocess.Popen([loader, *options], stdout=subprocess.PIPE))
        if min(mine) < REPLACED:
            outdated.add(children[-1].pid)
    for child in children:
        if child.stdout.readline() != b"ready\n":
            raise RuntimeError("a process does not get ready")
    for i in range(REPLACED):
        site.library(f"lib/lib{i}.so", 2)
    return outdated


def commands(build):
    return {
        "restartctl stale": [build / "bin/restartctl", "stale"],
        "needrestart -b": ["needrestart", "-b", "-r", "l", "-l"],
        "checkrestart": ["checkrestart"],
        "zypp-CheckAccessDeleted": ["zypp-CheckAccessDeleted"],
    }


def measure(build, count):
    def work(scene):
        outdated = populate(scene, builds.Site(scene), count)
        told = tools.stale(scene, scenes.Outdated(outdated))
        if told != outdated:
            raise RuntimeError(f"restartctl names {len(told)} of {len(outdated)}")
        times = {name: [] for name in commands(build)}
        for _ in range(ROUNDS):
            for name, command in commands(build).items():
                begin = time.monotonic()
                subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, env=scene.environment)
                times[name].append(time.monotonic() - begin)
        medians = {name: 1000 * statistics.median(all_of) for name, all_of in times.items()}
        return json.dumps([len(outdated), medians]).encode()

    scenes.PATIENCE = 600  # of the whole
    answer = scenes.in_scene(build, work).decode()
    if not answer or answer.startswith("!"):
        sys.exit(answer or "no answer")
    return json.loads(answer)


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/gcc").resolve()
    counts = [int(word) for word in sys.argv[2:]] or [500, 2000]
    print(f"Linux {platform.release()}, {os.cpu_count()} processors; median of {ROUNDS}, in turns; ms, and the ratio to needrestart")
    print(f"| processes | outdated | {' | '.join(commands(build))} |")
    print("|---" * (2 + len(commands(build))) + "|")
    for count in counts:
        outdated, medians = measure(build, count)
        cells = [f"{ms:.0f} ({ms / medians['needrestart -b']:.3f})" for ms in medians.values()]
        print(f"| {count} | {outdated} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
