"""Plays the rows and writes the table."""

import collections
import importlib
import json
import os
import pathlib
import platform
import subprocess
import sys

import guest
import scene as scenes
import tools

HEAD = """# Scoreboard

Situations in which a file is in use, or was, played with real processes by `tools/scoreboard`, which writes this page. A tool has
to name all processes that use the file, and nobody else; and the kernel, where the kernel itself uses it. Asked who runs outdated
code, it has to name all who do, and nobody else; checkrestart is asked with `-v`, needrestart with `-b -v`.

{right} right; {wrong} wrong: what it leaves out, or names too much; hangs: no answer in {patience} s; {absent} not there: rows for
which this kernel lacks something are played under that of user-mode-linux, which is too old for the BPF back end. Where a question is about
previous content, `restartctl` is asked by a session that knew the file before; the other tools know only the path.
{versions}.
"""
RIGHT, WRONG, ABSENT = "✔", "✘", "–"


def load_rows():
    folder = pathlib.Path(__file__).parent / "rows"
    sys.path.insert(0, str(folder))
    for file in sorted(folder.glob("*.py")):
        importlib.import_module(file.stem)
    return scenes.ROWS


def judge(scene, question, ask):
    try:
        found = ask(scene, question)
    except tools.Hangs:
        return f"{WRONG} hangs"
    except Exception as trouble:  # noqa: B902  a wrong answer, with its reason
        return f"{WRONG} {trouble}"
    missed, extra = question.holders - found, found - question.holders
    words = []
    if missed:
        words.append("misses " + count(missed))
    if extra:
        words.append("names " + count(extra) + " too much")
    return f"{WRONG} {', '.join(words)}" if words else RIGHT


def count(holders):
    names = [scenes.KERNEL] if scenes.KERNEL in holders else []
    processes = len(holders - {scenes.KERNEL})
    return " and ".join(names + ([str(processes)] if processes else []))


def play_row(build, title, play, columns, check):
    """Column -> verdict. Raises Lacks. Under the kernel of a guest some columns may be missing."""
    try:
        return play_in_scene(build, play, columns)
    except scenes.Lacks:
        if not play.guest:
            raise
    return guest.play(build, title, check)


def play_in_scene(build, play, columns):
    def work(scene):
        question = play(scene)
        return json.dumps({name: judge(scene, question, ask) for name, ask in columns.items()}).encode()

    answer = scenes.in_scene(build, work).decode()
    if answer.startswith("!Lacks: "):
        raise scenes.Lacks(answer.removeprefix("!Lacks: "))
    if not answer or answer.startswith("!"):
        raise RuntimeError(answer or "no answer")
    return json.loads(answer)


def versions():
    found = [f"Linux {platform.release().split('-')[0]}"]
    packages = ["psmisc", "lsof", "util-linux", "needrestart", "debian-goodies", "libzypp-bin", "user-mode-linux"]
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version}\n", *packages], capture_output=True, text=True, check=False)
    for line in asked.stdout.splitlines():
        status, package, version = (line + "  ").split(" ")[:3]
        if status == "installed":
            found.append(f"{package} {version}")
    return ", ".join(found)


def table(heading, columns, verdicts):
    lines = [f"## {heading}", "", f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for title, row in verdicts.items():
        lines.append(f"| {title} | {' | '.join(row.get(name, ABSENT).replace('|', '/') for name in columns)} |")
    sums = [right_of([row[name] for row in verdicts.values() if name in row], len(verdicts)) for name in columns]
    lines.append(f"| **right of {len(verdicts)}** | {' | '.join(sums)} |")
    return "\n".join(lines) + "\n"


def right_of(verdicts, rows):
    """What a tool got right of what could be played."""
    right = f"**{verdicts.count(RIGHT)}**"
    return right if len(verdicts) == rows else f"{right} of {len(verdicts)}"


def read_table(page, title):
    """Column -> verdict in the page, or {}."""
    names = []
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| |"):
            names = cells[1:]
        elif cells[0] == title:
            return dict(zip(names, cells[1:]))
    return {}


def compare(page, title, row):
    """What is wrong with our answers, or ""."""
    for name, verdict in row.items():
        if verdict != RIGHT:
            return f"{name}: {verdict}"
        if read_table(page, title).get(name) != verdict:
            return f"{name}: docs/scoreboard.md has it otherwise; run tools/scoreboard"
    return ""


def play(build, output, check, parts):
    if check:
        scenes.be_patient()
    page = output.read_text() if output.exists() else ""
    wrong, sections = 0, []
    by_kind = collections.defaultdict(list)
    for kind, title, function in load_rows():
        if not parts or any(part in title for part in parts):
            by_kind[kind].append((title, function))
    for kind, (heading, columns_of) in tools.KINDS.items():
        ours, others = columns_of(build)
        columns = ours if check else {**ours, **others}
        verdicts = {}
        for title, function in by_kind[kind]:
            try:
                row = play_row(build, title, function, columns, check)
            except scenes.Lacks as lack:
                print(f"skipped: {title}: lacks {lack}", flush=True)
                continue
            print(f"{title}: {'; '.join(f'{name} {verdict}' for name, verdict in row.items())}", flush=True)
            verdicts[title] = row
            mine = {name: row[name] for name in ours if name in row}
            trouble = compare(page, title, mine) if check else ""
            if trouble or any(verdict != RIGHT for verdict in mine.values()):
                print(f"WRONG: {title}: {trouble or 'our answer'}", flush=True)
                wrong += 1
        if verdicts:
            sections.append(table(heading, columns, verdicts))
    if not check and not parts:
        head = HEAD.format(right=RIGHT, wrong=WRONG, absent=ABSENT, patience=scenes.PATIENCE, versions=versions())
        output.write_text(head + "\n" + "\n".join(sections))
    print(f"scoreboard: {wrong} of ours wrong")
    return 1 if wrong else 0
