#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmarks compile. They are run by hand, so nothing else would tell.

usage: compiles.py SOURCE_ROOT COMPILER [ARGUMENT…]

Exit code 77, which Meson counts as skipped: Google Benchmark is missing.
"""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def main(root, compiler):
    with_dirs = [f"-I{root / d}" for d in ("include", "lib", "tests", "tests/bench", "samples")]

    def compiles(text, *files):
        return subprocess.run([*compiler, "-std=c++20", "-fsyntax-only", *with_dirs, *files],
                              input=text, capture_output=True, text=True)

    if compiles("#include <benchmark/benchmark.h>\n", "-x", "c++", "-").returncode:
        print("SKIP Google Benchmark is missing")
        return 77
    sources = sorted((root / "tests/bench").rglob("*.cpp"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda s: compiles(None, str(s)), sources))
    failed = [(s, r) for s, r in zip(sources, results) if r.returncode]
    for source, result in failed:
        print(f"{source.relative_to(root)}:\n{result.stderr}")
    print(f"{'FAIL' if failed or not sources else 'PASS'} {len(sources)} files of tests/bench compile")
    return int(bool(failed) or not sources)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
