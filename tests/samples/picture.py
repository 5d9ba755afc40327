#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Looks at the pictures that a program draws of itself.

usage: picture.py PAGE PROGRAM     the page's mermaid block is what `PROGRAM graph` prints
       picture.py --dot PROGRAM    Graphviz can draw it, and every node and edge is in the drawing
"""
import re
import shutil
import subprocess
import sys

SKIPPED = 77


def graph(program, kind):
    return subprocess.run([program, "graph", "--format", kind], capture_output=True, text=True,
                          timeout=60, check=True).stdout


def page_shows(page, program):
    with open(page, encoding="utf-8") as f:
        shown = re.findall(r"^```mermaid\n(.*?)^```", f.read(), re.M | re.S)
    drawn = graph(program, "mermaid")
    if shown == [drawn]:
        print(f"PASS {page} shows the picture")
        return 0
    print(f"FAIL {page}: put this into its one mermaid block:\n{drawn}")
    return 1


def dot_draws(program):
    if not shutil.which("dot"):
        print("SKIP there is no dot: install graphviz")
        return SKIPPED
    source = graph(program, "dot")
    run = subprocess.run(["dot", "-Tsvg"], input=source, capture_output=True, text=True, timeout=60)
    found = [len(re.findall(f'class="{kind}"', run.stdout)) for kind in ("node", "edge")]
    edges = len(re.findall(r" -> ", source))
    nodes = len(re.findall(r"^ *n\d+ \[", source, re.M))
    if run.returncode == 0 and not run.stderr and found == [nodes, edges] and nodes > 0:
        print(f"PASS dot draws {nodes} nodes and {edges} edges")
        return 0
    print(f"FAIL dot: exit code {run.returncode}, {found} of {[nodes, edges]} drawn: {run.stderr}")
    return 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if sys.argv[1] == "--dot":
        sys.exit(dot_draws(sys.argv[2]))
    sys.exit(page_shows(sys.argv[1], sys.argv[2]))
