#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a sample and compares what it prints with the `// Prints:` block at the top of its source.

usage: prints.py SOURCE PROGRAM [ARGUMENT...]

The block's lines follow `// Prints:`, each as `//   line`. `*` in a line stands for anything.
"""
import re
import subprocess
import sys


def wanted(source):
    with open(source, encoding="utf-8") as f:
        block = re.search(r"^// Prints:\n((?://.*\n)+)", f.read(), re.M)
    return [re.sub(r"^//(   )?", "", x).rstrip() for x in block[1].splitlines()] if block else None


def main(source, command, on_kafka=False):
    want = wanted(source)
    if want is None:
        print(f"FAIL {source}: has no `// Prints:` block")
        return 1
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    got = [x.rstrip() for x in run.stdout.splitlines()]
    if on_kafka:  # several partitions, and a choice of them that is not always the same
        want, got = (sorted(x for x in lines if not x.startswith("committed "))
                     for lines in (want, got))
    like = [re.escape(w).replace(r"\*", ".*") for w in want]
    same = len(got) == len(want) and all(re.fullmatch(w, g) for g, w in zip(got, like))
    if run.returncode == 0 and same:
        print(f"PASS {source} prints what it says")
        return 0
    print(f"FAIL {source}: exit code {run.returncode}, printed:")
    print(run.stdout + run.stderr + "but says:\n" + "\n".join(want))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
