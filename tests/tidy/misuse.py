#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles a program that is wrong: the first error must be the sentence of its `// says: …` line.
What its `// names: …` line has, if there is one, must stand in what the compiler says about it.

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


def judge(sentence, compiled, output, names=""):
    """What is wrong with what the compiler said; nothing, if it is as it should be."""
    if compiled:
        return f"it compiles, but must be refused with: {sentence}"
    first = next((line for line in output.splitlines() if "error:" in line), "")
    if sentence not in first:
        return f"the first error is not: {sentence}\n{output[:4000]}"
    if not re.search(rf"\b{names}\b", output):
        return f"nowhere is named: {names}\n{output[:4000]}"
    return ""


def notes(output):
    """What a compiler says, without the lines of source it shows."""
    return "\n".join(x for x in output.splitlines() if re.match(r"\S+:\d+:\d+: |\S+:.* In ", x))


def main(source, compiler):
    with open(source, encoding="utf-8") as f:
        text = f.read()
    said = re.search(r"^// says: (weir: .+)$", text, re.M)
    names = re.search(r"^// names: (\w+)$", text, re.M)
    if not said:
        print(f"FAIL {source}: add a line `// says: weir: …` with the sentence the compiler must say")
        return 1
    program = next((c for c in compiler if not c.endswith("ccache")), "")  # keeps no errors
    if not shutil.which(program):
        print(f"skipped: there is no {program}")
        return 77
    command = [program, *compiler[compiler.index(program) + 1:], "-fsyntax-only", source]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace")
    wrong = judge(said.group(1).strip(), run.returncode == 0, notes(run.stderr),
                  names.group(1) if names else "")
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
            judge("weir: no", False, ""), judge("weir: no", False, ours, "price"))
    right = (not judge("weir: no", False, "note: here\n" + ours + "\n" + theirs) and all(told)
             and not judge("weir: no", False, ours + "\nnote: in order::price>", "price")
             and no_sentence == 1 and no_compiler == 77)
    print("PASS it notices all" if right else "FAIL it does not notice all")
    return 0 if right else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    sys.exit(main(sys.argv[1], sys.argv[2:]))
