#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cases that hang, crash or exit are failed, told by name, and hide no other: cases.cpp has them.

usage: check.py PROGRAM
"""
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tidy"))
from count import count  # noqa: E402

TOLD = [
    "HUNG beyond its time limit: this one hangs",
    "HUNG beyond its time limit: this one hangs in a subcase",
    "ended the process: this one crashes",
    "ended the process: this one exits",
    "TEST CASE:  this one fails",
]


def check(what, got, want):
    print("PASS" if got == want else "FAIL", what)
    if got != want:
        print(f"    got {got}, want {want}")
    return got == want


def main(program):
    run = subprocess.run([program], env={**os.environ, "WEIR_TEST_LIMIT": "1"}, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    lines = run.stdout.splitlines()
    test = {"name": "weir:unit watched", "result": "FAIL", "stdout": run.stdout}
    right = [
        check("the other cases run and all are counted", count(test), (3, 5, 1)),
        check("what did not end is told by name",
              [t for t in TOLD if not any(line.endswith(t) for line in lines)], []),
        check("the exit code says that some failed", run.returncode, 1),
    ]
    if not all(right):
        print(run.stdout)
    return int(not all(right))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
