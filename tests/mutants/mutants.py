#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks the code in one line at a time, and looks whether a test fails.

usage: mutants.py ROOT BUILD [NAME...]   all of list.toml, or those whose name contains NAME
       mutants.py ROOT --check           each mutant's line is found once, and its case exists
       mutants.py --self-test

An entry of list.toml is a fault:

    name      unique
    file      where the fault is
    from, to  what stands there once, and what is put in its place
    test      the source file of the fastest test that fails then
    case      a part of the test case's name
    also      files of lib/ that are compiled anew besides, for a fault in a header that they include
    survives  no test fails, for this reason; then there need be no test

The tree is copied to BUILD/source, so ROOT is not touched. The library and the test files are built
once. For a mutant only its file and those in `also` are compiled anew; for one in a header, its test
as well. They are linked with the rest into a program of that one test file.

Prints a line for each, and `N killed, N survived, N not built` at the end. Fails if a mutant survives
without a reason, is killed though it has one, or is not built.
"""
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

CONFORMANCE, TRANSPORT = "tests/libconformance.a", "tests/weir-tests-transport"
TIME_LIMIT = "20"  # seconds a case may take: a fault can make it hang


def load(root):
    with open(Path(root, "tests/mutants/list.toml"), "rb") as f:
        return tomllib.load(f)["mutant"]


# ------------------------------------------------------------------------------------------- --check
def cases_of(text):
    """The names of a test file's cases; a name may be written in several pieces."""
    names = []
    for rest in text.split("TEST_CASE(")[1:]:
        name = ""
        while (rest := rest.lstrip()).startswith('"'):
            piece, _, rest = rest[1:].partition('"')
            name += piece
        names.append(name)
    return names


def wrong(root, mutant):
    """What is wrong with an entry; nothing, if it is as it should be."""
    path = Path(root, mutant["file"])
    if not path.exists():
        return f"there is no {mutant['file']}"
    found = path.read_text(encoding="utf-8").count(mutant["from"])
    if found != 1:
        return f"its line is found {found} times in {mutant['file']}: {mutant['from']}"
    if mutant["from"] == mutant["to"]:
        return "it changes nothing"
    if "test" not in mutant:
        return "" if "survives" in mutant else "it names no test, and no reason why it survives"
    for name in [mutant["test"], *mutant.get("also", [])]:
        if not Path(root, name).exists():
            return f"there is no {name}"
    cases = cases_of(Path(root, mutant["test"]).read_text(encoding="utf-8"))
    if not any(mutant.get("case", "") in name for name in cases):
        return f"there is no case '{mutant['case']}' in {mutant['test']}"
    return ""


def check(root):
    mutants = load(root)
    names = [m["name"] for m in mutants]
    bad = [(m["name"], what) for m in mutants if (what := wrong(root, m))]
    bad += [(name, "its name stands twice") for name in set(names) if names.count(name) > 1]
    for name, what in bad:
        print(f"FAIL mutant {name}: {what}")
    if not bad:
        print(f"PASS {len(names)} mutants fit the code")
    return 1 if bad else 0


def self_test():
    """Entries that are wrong are refused."""
    good = {"name": "n", "file": "lib/a.cpp", "from": "x < 1", "to": "x > 1", "test": "tests/a.cpp",
            "case": "goes on"}
    refused = {
        "there is no lib/b.cpp": {"file": "lib/b.cpp"},
        "its line is found 0 times": {"from": "x < 2"},
        "its line is found 2 times": {"from": "x"},
        "it changes nothing": {"to": "x < 1"},
        "there is no tests/b.cpp": {"test": "tests/b.cpp"},
        "there is no lib/c.cpp": {"also": ["lib/c.cpp"]},
        "there is no case 'stops'": {"case": "stops"},
    }
    failed = 0
    with tempfile.TemporaryDirectory() as root:
        for folder, text in (("lib", "if (x < 1) return x;"),
                             ("tests", 'TEST_CASE("it goes "\n          "on") {}')):
            Path(root, folder).mkdir()
            Path(root, folder, "a.cpp").write_text(text, encoding="utf-8")
        for says, change in {"": {}, **refused}.items():
            said = wrong(root, good | change)
            if not said.startswith(says) or (said and not says):
                print(f"FAIL '{says}' is expected, said is '{said}'")
                failed += 1
        no_test = {k: v for k, v in good.items() if k not in ("test", "case")}
        if not wrong(root, no_test) or wrong(root, no_test | {"survives": "it costs time alone"}):
            print("FAIL a mutant needs a test or a reason")
            failed += 1
    print(f"{2 + len(refused) - failed} passed, {failed} failed")
    return 1 if failed else 0


# ------------------------------------------------------------------------------------------ building
def flat(path):
    """A file name of its own for each object: two folders may have one of the same name."""
    return path.replace("/", "_")


def copy(root, to):
    """The tree as it is, with its times, so that only what has changed is built again."""
    files = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, check=True)
    for name in filter(None, files.stdout.decode().split("\0")):
        source, target = Path(root, name), Path(to, name)
        if not source.is_file():
            continue
        if target.exists() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


class build:
    """A build of the copied tree without faults, and what is made of it for one fault at a time."""

    def __init__(self, folder):
        self.source, self.objects = Path(folder, "source"), Path(folder, "objects")
        self.faulty = Path(folder, "faulty")
        self.faulty.mkdir(exist_ok=True)
        if not Path(self.objects, "build.ninja").exists():
            subprocess.run(["meson", "setup", self.objects, self.source, "-Doptimization=0",
                            "-Ddebug=false", "-Dsamples=false"], check=True,
                           stdout=subprocess.DEVNULL)
        self.made = {}  # of a source file: its command and its object
        all_commands = json.loads(Path(self.objects, "compile_commands.json").read_text())
        for c in all_commands:
            name = os.path.relpath(Path(self.objects, c["file"]), self.source)
            self.made[name] = (shlex.split(c["command"]), c["output"])

    def prepare(self, mutants):
        """Builds the library, and the test files that are named."""
        objects = {self.made[m["test"]][1] for m in mutants if "test" in m}
        objects.add(self.made["tests/transport/memory.cpp"][1])
        libraries = [f"tests/lib{name}.a" for name in ("tests-main", "conformance", "torture-ledger")]
        subprocess.run(["ninja", "-C", self.objects, "lib/libweir.a", *libraries, *sorted(objects)],
                       check=True)

    def compile(self, name):
        """The object of a source file with the fault in it; None if it does not compile."""
        command, old = self.made[name]
        new = str(self.faulty / flat(old))
        command = [new if part == old else new + ".d" if part == old + ".d" else part
                   for part in command]
        done = subprocess.run(command, cwd=self.objects, capture_output=True)
        return new if done.returncode == 0 else None

    def link(self, test, objects):
        """A program of this test file, the given objects and the library."""
        target = str(Path(self.made[test][1]).parent).removesuffix(".p")
        if target in (CONFORMANCE, TRANSPORT):  # their files need each other
            target = TRANSPORT
            names = {Path(o).name for o in objects} | {flat(o) for o in objects}
            needed = [o for _, o in self.made.values() if str(Path(o).parent) == CONFORMANCE + ".p"]
            needed.append(self.made["tests/transport/memory.cpp"][1])
            objects = objects + [o for o in needed if flat(o) not in names]
        commands = subprocess.run(["ninja", "-C", self.objects, "-t", "commands", target],
                                  capture_output=True, check=True, text=True)
        command = shlex.split(commands.stdout.splitlines()[-1])
        parts = [p for p in command if not p.endswith(".o") and p not in (target, CONFORMANCE)]
        at = parts.index("-o") + 1
        program = str(self.faulty / "program")
        done = subprocess.run(parts[:at] + [program] + objects + parts[at:], cwd=self.objects,
                              capture_output=True)
        return program if done.returncode == 0 else None

    def program(self, mutant):
        """The test program with the fault in it; None if it is not built."""
        path = Path(self.source, mutant["file"])
        before = path.read_bytes()
        times = path.stat()
        text = before.decode().replace(mutant["from"], mutant["to"])
        test = mutant["test"]
        is_header = mutant["file"].endswith(".hpp")
        anew = mutant.get("also", []) + [test if is_header else mutant["file"]]
        path.write_text(text, encoding="utf-8")
        try:
            objects = [self.compile(name) for name in anew]
        finally:  # with its time, or ninja would build again what includes it
            path.write_bytes(before)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        if None in objects:
            return None
        if not is_header:
            objects.append(self.made[test][1])
        return self.link(test, objects)


def passes(program, mutant):
    """Whether the mutant's test passes."""
    case = mutant.get("case", "").replace(",", "?")
    run = subprocess.run([program, f"--test-case=*{case}*"], capture_output=True,
                         env=os.environ | {"WEIR_TEST_LIMIT": TIME_LIMIT})
    return run.returncode == 0


def judge(built, mutant):
    """'killed', 'survived' or 'not built'."""
    program = built.program(mutant)
    if not program:
        return "not built"
    return "survived" if passes(program, mutant) else "killed"


def main(root, folder, wanted):
    mutants = [m for m in load(root) if not wanted or any(w in m["name"] for w in wanted)]
    if not mutants:
        print(f"no mutant's name contains {' or '.join(wanted)}")
        return 1
    if check(root):
        return 1
    copy(root, Path(folder, "source"))
    built = build(folder)
    built.prepare(mutants)
    counts = {"killed": 0, "survived": 0, "not built": 0}
    failed = False
    for m in mutants:
        result = judge(built, m) if "test" in m else "survived"
        counts[result] += 1
        as_listed = result == ("survived" if "survives" in m else "killed")
        failed |= not as_listed
        reason = ": " + m["survives"] if "survives" in m else ""
        print(f"{'' if as_listed else 'FAIL '}{result} {m['name']}{reason}", flush=True)
    print("{killed} killed, {survived} survived, {not built} not built".format(**counts))
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    if sys.argv[2] == "--check":
        sys.exit(check(sys.argv[1]))
    sys.exit(main(sys.argv[1], str(Path(sys.argv[2]).resolve()), sys.argv[3:]))
