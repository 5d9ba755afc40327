#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the second half of docs/guarantees.md: each line of docs/semantics.md that a test holds.

usage: guarantees.py ROOT

What stands before `## Line by line` is written by hand and stays.
"""
import re
import sys
from pathlib import Path

BEGIN = "## Line by line\n"
CASE = re.compile(r'TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)')


def names(text):
    """Of the test cases in a source file, pieces put together."""
    for m in CASE.finditer(text):
        yield "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', m[1])).replace('\\"', '"')


def sentences(text):
    """Pieces that end a sentence, with no parenthesis left open; what is said of Faust left out."""
    piece = ""
    for word in text.split(" "):
        piece += word + " "
        if piece.count("(") == piece.count(")") and re.search(r"\.\)?$", word):
            if not piece.startswith("(Faust"):
                yield piece
            piece = ""
    yield piece


def beginning(text):
    """Whole sentences, as many as say what it is about."""
    all = ""
    for sentence in sentences(text):
        all += sentence
        if len(all) > 60:
            break
    return all.rstrip(" .;:") + "."


def written(root):
    held = {}
    for path in sorted((root / "tests").rglob("*.cpp")):
        for name in names(path.read_text(encoding="utf-8")):
            if m := re.match(r"semantics (\d+): ", name):
                held.setdefault(int(m[1]), []).append((path.relative_to(root).as_posix(), name))
    out = BEGIN
    for m in re.finditer(r"^(\d+)\. (.*)", (root / "docs/semantics.md").read_text("utf-8"), re.M):
        if tests := held.get(int(m[1])):
            out += f"\n**{m[1]}.** {beginning(m[2])}\n\n"
            out += "".join(f'- "{name}" in `{path}`\n' for path, name in sorted(set(tests)))
    return out


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    page = Path(sys.argv[1], "docs/guarantees.md")
    before = page.read_text(encoding="utf-8").split(BEGIN)[0]
    page.write_text(before + written(Path(sys.argv[1])), encoding="utf-8")
