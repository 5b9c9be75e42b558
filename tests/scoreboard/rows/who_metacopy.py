"""Overlays that copy up attributes without the content (metacopy), as those of containers do: what is copied so shows the lower file."""

import os
import pathlib

from scene import Question, row


def overlays(scene):
    """(lower file, the same file in two overlays over it)"""
    scene.tmpfs("one")
    lower = scene.write("one/l/file")
    merged = []
    for name in "m", "n":
        upper, work, point = scene.folder(f"one/{name}-u"), scene.folder(f"one/{name}-w"), scene.folder(name)
        options = f"lowerdir={scene.path('one/l')},upperdir={upper},workdir={work},metacopy=on,redirect_dir=on"
        scene.mount("-t", "overlay", "none", "-o", options, point)
        merged.append(point + "/file")
    return lower, *merged


@row("who")
def by_lower(scene):
    "overlay with metacopy: its mode was changed, held through the overlay, asked by the lower file"
    lower, file, _ = overlays(scene)
    os.chmod(file, 0o600)
    return Question(lower, scene.hold_twice(file))


@row("who")
def by_overlay(scene):
    "overlay with metacopy: its mode was changed, held in the layer and through another overlay, asked by the overlay"
    lower, file, other = overlays(scene)
    os.chmod(file, 0o600)
    return Question(file, scene.hold_twice(lower) | scene.hold_twice(other))


@row("who")
def renamed(scene):
    "overlay with metacopy: renamed, held through the overlay, asked by the lower file"
    lower, file, _ = overlays(scene)
    os.rename(file, file + ".new")
    return Question(lower, scene.hold_twice(file + ".new"))


@row("who")
def copied(scene):
    "overlay with metacopy: its content was changed too, held there, asked by a copy of the mode alone: nobody"
    _, file, other = overlays(scene)
    os.chmod(file, 0o600)
    os.chmod(other, 0o600)
    pathlib.Path(other).write_text("changed" * 999)
    scene.hold_twice(other)
    return Question(file, set())


@row("who")
def replaced(scene):
    "previous content: an overlay with metacopy: its mode was changed, then it was replaced"
    lower, file, _ = overlays(scene)
    os.chmod(file, 0o600)
    key = scene.register(file)
    holders = scene.hold_twice(file) | scene.hold_twice(lower)
    scene.replace(file)
    return Question(file, holders, key, previous=holders)
