#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles a program that is wrong and wants the sentence of its `// says: …` line as the error.

usage: misuse.py FILE COMPILER [ARGUMENT...]
"""
import re
import subprocess
import sys


def main(source, compiler):
    with open(source, encoding="utf-8") as f:
        said = re.search(r"^// says: (.+)$", f.read(), re.M)
    if not said:
        print(f"FAIL {source}: add a line `// says: ` with the sentence the compiler must say")
        return 1
    sentence = said.group(1).strip()
    run = subprocess.run([*compiler, "-fsyntax-only", source], capture_output=True, text=True)
    if run.returncode == 0:
        print(f"FAIL {source}: it compiles, but must be refused with: {sentence}")
        return 1
    if sentence not in run.stderr:
        print(f"FAIL {source}: refused, but not with: {sentence}\n{run.stderr}")
        return 1
    print(f"PASS {source} is refused with: {sentence}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
