#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints `N passed, N failed, N skipped` for the Meson test log given, and fails if any failed.

A doctest program counts as its test cases, a program that prints PASS and FAIL lines as these, any
other as one (`--filtered`: what a filter left out is not counted). One that died, however well it
went until then, has failed at least once.
"""
import json
import re
import sys

DOCTEST = re.compile(r"test cases:\s*(\d+)\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed\s*\|\s*(\d+) skip")


def count(test):
    """(passed, failed, skipped) of one line of testlog.json."""
    out = re.sub(r"\x1b\[[0-9;]*m", "", test.get("stdout") or "")
    cases = DOCTEST.findall(out)  # the last sums up, behind a case that hung or crashed
    died = test["result"] not in ("OK", "EXPECTEDFAIL", "SKIP")
    lines = re.findall(r"^(PASS|FAIL) ", out, re.M)
    counted = cases or lines or test["result"] == "SKIP"
    if not counted and re.search(r":(unit|kafka)\b", test["name"]):
        died = True  # a doctest program that did not come to its end
    if test["result"] == "SKIP":
        return 0, 0, 1
    if cases:
        passed, failed, skipped = (int(n) for n in cases[-1][1:])
    elif lines:
        passed, failed, skipped = lines.count("PASS"), lines.count("FAIL"), 0
    else:
        passed, failed, skipped = int(not died), 0, 0
    if died and test["result"] == "OK":
        print(f"{test['name']} ended well, but printed no count: neither doctest's, nor a line of PASS or FAIL")
    return passed, max(failed, int(died)), skipped


def main(log, filtered):
    total = [0, 0, 0]
    try:
        with open(log, encoding="utf-8") as f:
            for line in f:
                total = [a + b for a, b in zip(total, count(json.loads(line)))]
    except FileNotFoundError:
        print(f"{log} is missing: the tests did not run")
        total[1] += 1
    if filtered:  # what the filter left out is not skipped
        total[2] = 0
    if total == [0, 0, 0]:
        print("no test ran")
        total[1] += 1
    print("{} passed, {} failed, {} skipped".format(*total))
    return int(total[1] > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[-1], "--filtered" in sys.argv))
