#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks the code in one line at a time, and looks whether a test fails.

usage: mutants.py ROOT BUILD [NAME...]   all of list.toml, or those whose name contains NAME
       mutants.py ROOT --check           each mutant's line is found once, and its tests exist

Each entry of list.toml is a fault: a file, what stands in it, what is put in its place, and the
fastest test that fails then. A mutant that no test kills has a `survives` with the reason. The tree
is copied to BUILD/source first, so nothing of ROOT is touched; BUILD keeps its objects from run to
run.

Prints a line for each, and `N killed, N survived, N not built` at the end. Fails if a mutant survives
without a reason, or is killed though it has one.
"""
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

TIME_LIMIT = 300  # seconds a test may take: a fault can make it hang


def load(root):
    with open(Path(root, "tests/mutants/list.toml"), "rb") as f:
        return tomllib.load(f)["mutant"]


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
    if "test" not in mutant and "survives" not in mutant:
        return "it names no test, and no reason why it survives"
    source = mutant.get("source")
    if source and mutant.get("case", "") not in Path(root, source).read_text(encoding="utf-8"):
        return f"there is no case '{mutant['case']}' in {source}"
    return ""


def check(root):
    bad = [(m["name"], w) for m in load(root) if (w := wrong(root, m))]
    names = [m["name"] for m in load(root)]
    bad += [(n, "its name stands twice") for n in set(names) if names.count(n) > 1]
    for name, what in bad:
        print(f"FAIL mutant {name}: {what}")
    if not bad:
        print(f"PASS {len(names)} mutants fit the code")
    return 1 if bad else 0


def copy(root, to):
    """The tree as it is, with times kept, so that only what has changed is built again."""
    files = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, check=True)
    for name in filter(None, files.stdout.decode().split("\0")):
        source, target = Path(root, name), Path(to, name)
        if not source.exists():
            continue
        if target.exists() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def build(folder, target):
    return subprocess.run(["ninja", "-C", folder, target], capture_output=True).returncode == 0


def passes(folder, mutant):
    """Whether the mutant's test passes."""
    command = [str(Path(folder, "tests", mutant["test"]))]
    if "case" in mutant:
        command.append("--test-case=*" + mutant["case"].replace(",", "?") + "*")
    command += mutant.get("arguments", [])
    try:
        run = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        return False
    return run.returncode == 0 and b"test cases: 0 |" not in run.stdout.replace(b"  ", b" ")


def judge(source, folder, mutant):
    """'killed', 'survived' or 'not built'."""
    path = Path(source, mutant["file"])
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(mutant["from"], mutant["to"]), encoding="utf-8")
    try:
        if not build(folder, "tests/" + mutant["test"]):
            return "not built"
        return "survived" if passes(folder, mutant) else "killed"
    finally:
        path.write_text(text, encoding="utf-8")


def main(root, folder, wanted):
    source, objects = Path(folder, "source"), Path(folder, "objects")
    copy(root, source)
    if not Path(objects, "build.ninja").exists():
        subprocess.run(["meson", "setup", objects, source, "-Doptimization=0", "-Ddebug=false",
                        "-Dsamples=false"], check=True, stdout=subprocess.DEVNULL)
    counts = {"killed": 0, "survived": 0, "not built": 0}
    failed = False
    for m in load(root):
        if wanted and not any(w in m["name"] for w in wanted):
            continue
        what = wrong(root, m)
        if what:
            print(f"FAIL {m['name']}: {what}")
            failed = True
            continue
        if "test" not in m:
            print(f"SURVIVES {m['name']}: {m['survives']}")
            counts["survived"] += 1
            continue
        result = judge(source, objects, m)
        counts[result] += 1
        expected = "survived" if "survives" in m else "killed"
        failed |= result != expected
        print(f"{result.upper() if result == expected else 'FAIL ' + result} {m['name']}", flush=True)
    print("{killed} killed, {survived} survived, {not built} not built".format(**counts))
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    if sys.argv[2] == "--check":
        sys.exit(check(sys.argv[1]))
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
