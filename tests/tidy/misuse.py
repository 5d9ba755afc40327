#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles programs that are wrong: the first error must be the sentence of their `// says: …` line.
What a `// names: …` line has, if there is one, must stand in what the compiler says: it is a regular
expression.

usage: misuse.py INCLUDE FILE... -- COMPILER [ARGUMENT...]
       misuse.py --self-test    it notices what it is there for
INCLUDE: the folder of weir/weir.hpp, which is compiled once, ahead of all. Exit code 77: there is no
such compiler.
"""
import contextlib
import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def judge(sentence, compiled, output, names=""):
    """What is wrong with what the compiler said; nothing, if it is as it should be."""
    if compiled:
        return f"it compiles, but must be refused with: {sentence}"
    first = next((line for line in output.splitlines() if "error:" in line), "")
    if sentence not in first:
        return f"the first error is not: {sentence}\n{output[:4000]}"
    if not re.search(rf"\b{names}", output):
        return f"nowhere is named: {names}\n{output[:4000]}"
    return ""


def notes(output):
    """What a compiler says, without the lines of source it shows."""
    return "\n".join(x for x in output.splitlines() if re.match(r"\S+:\d+:\d+: |\S+:.* In ", x))


def precompiled(command, include, folder):
    """Compiles weir.hpp ahead into the folder; the arguments that make a compilation use it."""
    header = Path(include, "weir", "weir.hpp")
    ahead = Path(folder, "weir", "weir.hpp.gch")
    ahead.parent.mkdir()
    made = subprocess.run([*command, "-w", "-x", "c++-header", header, "-o", ahead],
                          stderr=subprocess.DEVNULL)
    if made.returncode:
        return []  # the programs will tell why
    version = subprocess.run([command[0], "--version"], capture_output=True, text=True)
    return ["-include-pch", str(ahead)] if "clang" in version.stdout else ["-I", folder]


def refused(source, command):
    """Compiles one program; prints PASS or FAIL."""
    with open(source, encoding="utf-8") as f:
        text = f.read()
    said = re.search(r"^// says: (weir: .+)$", text, re.M)
    names = re.search(r"^// names: (.+)$", text, re.M)
    if not said:
        print(f"FAIL {source}: add a line `// says: weir: …` with the sentence the compiler must say")
        return False
    run = subprocess.run([*command, "-fsyntax-only", source], capture_output=True, text=True,
                         errors="replace")
    wrong = judge(said.group(1).strip(), run.returncode == 0, notes(run.stderr),
                  names.group(1) if names else "")
    print(f"FAIL {source}: {wrong}" if wrong else f"PASS {source} is refused with: {said.group(1)}")
    return not wrong


def main(include, sources, compiler):
    program = next((c for c in compiler if not c.endswith("ccache")), "")  # keeps no errors
    if not shutil.which(program):
        print(f"skipped: there is no {program}")
        return 77
    command = [program, *compiler[compiler.index(program) + 1:], "-std=c++20"]
    with tempfile.TemporaryDirectory() as folder:
        first = precompiled([*command, "-I", include], include, folder)
        whole = [*command, *first, "-I", include]
        return 0 if all([refused(s, whole) for s in sources]) else 1


def self_test():
    ours = "a.hpp:1:2: error: static assertion failed: weir: no"
    theirs = "a.hpp:1:2: error: no match for call"
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        source = Path(folder, "a.cpp")
        source.write_text("int a;\n")
        no_sentence = main(folder, [source], ["c++"])
        source.write_text("// says: weir: no\nint a;\n")
        no_error = main(folder, [source], ["c++"])
        source.write_text('// says: weir: no\nstatic_assert(false, "weir: no");\n')
        refused_by_all = main(folder, [source, source], ["c++"])
        no_compiler = main(folder, [source], ["no-such-compiler"])
    told = (judge("weir: no", True, ""), judge("weir: no", False, theirs + "\n" + ours),
            judge("weir: no", False, ""), judge("weir: no", False, ours, "price"))
    right = (not judge("weir: no", False, "note: here\n" + ours + "\n" + theirs) and all(told)
             and not judge("weir: no", False, ours + "\nnote: in order::price>", "price")
             and (no_sentence, no_error, refused_by_all, no_compiler) == (1, 1, 0, 77))
    print("PASS it notices all" if right else "FAIL it does not notice all")
    return 0 if right else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    if "--" not in sys.argv:
        sys.exit(__doc__)
    at = sys.argv.index("--")
    sys.exit(main(sys.argv[1], sys.argv[2:at], sys.argv[at + 1:]))
