#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the tests have run of lib/ and include/, by gcovr: each file, each folder, the sum.

usage: coverage.py BUILD

The exit code is 1 where less than 95 % of the lines were run. Branches are told, and not judged:
those into exceptions, which the compiler makes of almost every call, are left out. Where the Kafka
suite was skipped, lib/transport/kafka is left out.
"""
import json
import os
import subprocess
import sys
from collections import defaultdict

LEAST = 95.0
KAFKA = "lib/transport/kafka/"


def kafka_ran(log):
    with open(log, encoding="utf-8") as f:
        tests = [json.loads(line) for line in f]
    return any(":kafka " in t["name"] and t["result"] != "SKIP" for t in tests)


def measured(build):
    command = ["gcovr", "-r", ".", build, "-f", "lib/", "-f", "include/", "--exclude-throw-branches",
               "-j", str(os.cpu_count() or 1), "--json-summary", "-"]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out)["files"]


def percent(covered, total):
    return 100.0 * covered / total if total else 100.0


def row(name, n):
    (lines, of_lines), (branches, of_branches) = n[:2], n[2:]
    print(f"{name:<50} {lines:>6} of {of_lines:>6} {percent(lines, of_lines):>6.1f} % "
          f"{branches:>6} of {of_branches:>6} {percent(branches, of_branches):>6.1f} %")


def main(build):
    files, folders, total = {}, defaultdict(lambda: [0] * 4), [0] * 4
    kafka = kafka_ran(build + "/meson-logs/testlog.json")
    for f in measured(build):
        if f["filename"].startswith(KAFKA) and not kafka:
            continue
        n = [f["line_covered"], f["line_total"], f["branch_covered"], f["branch_total"]]
        files[f["filename"]] = n
        folder = folders[os.path.dirname(f["filename"])]
        for i in range(4):
            folder[i] += n[i]
            total[i] += n[i]
    print(f"{'':<50} {'lines':>16} {'':>8} {'branches':>16}")
    for table in (files, folders):
        for name in sorted(table):
            row(name, table[name])
        print()
    if not kafka:
        print(f"{KAFKA} is left out: the Kafka suite was skipped")
    row("sum", total)
    enough = percent(*total[:2]) >= LEAST
    if not enough:
        print(f"less than {LEAST:g} % of the lines were run")
    return int(not enough)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
