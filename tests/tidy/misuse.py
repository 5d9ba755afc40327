#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles a program that is wrong: the first error must be the sentence of its `// says: …` line.

usage: misuse.py FILE COMPILER [ARGUMENT...]    --self-test: it notices what it is there for
Exit code 77: there is no such compiler.
"""
import contextlib
import io
import re
import shutil
import subprocess
import sys
import tempfile


def judge(sentence, compiled, output):
    """What is wrong with what the compiler said; nothing, if it is as it should be."""
    if compiled:
        return f"it compiles, but must be refused with: {sentence}"
    first = next((line for line in output.splitlines() if "error:" in line), "")
    if sentence not in first:
        return f"the first error is not: {sentence}\n{output[:4000]}"
    return ""


def main(source, compiler):
    with open(source, encoding="utf-8") as f:
        said = re.search(r"^// says: (weir: .+)$", f.read(), re.M)
    if not said:
        print(f"FAIL {source}: add a line `// says: weir: …` with the sentence the compiler must say")
        return 1
    program = next((c for c in compiler if not c.endswith("ccache")), "")  # keeps no errors
    if not shutil.which(program):
        print(f"skipped: there is no {program}")
        return 77
    command = [program, *compiler[compiler.index(program) + 1:], "-fsyntax-only", source]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace")
    wrong = judge(said.group(1).strip(), run.returncode == 0, run.stderr)
    if wrong:
        print(f"FAIL {source}: {wrong}")
        return 1
    print(f"PASS {source} is refused with: {said.group(1)}")
    return 0


def self_test():
    ours = "a.hpp:1:2: error: static assertion failed: weir: no"
    theirs = "a.hpp:1:2: error: no match for call"
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as f, \
            contextlib.redirect_stdout(io.StringIO()):
        no_sentence = main(f.name, ["c++"])
        f.write("// says: weir: no\n"), f.flush()
        no_compiler = main(f.name, ["no-such-compiler"])
    told = (judge("weir: no", True, ""), judge("weir: no", False, theirs + "\n" + ours),
            judge("weir: no", False, ""))
    right = (not judge("weir: no", False, "note: here\n" + ours + "\n" + theirs) and all(told)
             and no_sentence == 1 and no_compiler == 77)
    print("PASS it notices all" if right else "FAIL it does not notice all")
    return 0 if right else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    sys.exit(main(sys.argv[1], sys.argv[2:]))
