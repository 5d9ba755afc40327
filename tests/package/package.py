#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Uses weir as a user's build does, and runs what it built.

usage: package.py subproject SOURCE_ROOT LIBRARY WORK PROGRAM.cpp
           a Meson project with weir in subprojects/; it compiles what it would, but of the library
           only a file of each dependency, and is linked to the LIBRARY that is there
       package.py installed BUILD_ROOT PREFIX LIBDIR WORK PROGRAM.cpp
           `meson install` of the build that is there, then a CMake project with find_package(weir),
           and a line with pkg-config

WORK is kept between runs, so that only what has changed is built again.
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

WARNINGS = "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"
ORDERS = '{"account":"ann","price":12.5}\n{"account":"ann","price":1}\n{"account":"bob","price":2}\n'
PRINTED = ["ann 25.0", "bob 4.0"]  # of two partitions, so in no order
SKIPPED = 77
ONE_OF_EACH = ["cli_cli", "codec_json", "transport_kafka_client"]  # CLI11, simdjson and fmt, rdkafka

MESON = f"""project('shop', 'cpp', default_options: ['warning_level=3', 'werror=true'])
add_project_arguments('{"', '".join(WARNINGS.split())}', language: 'cpp')
weir = dependency('weir', fallback: ['weir', 'weir_dep'])
executable('shop', 'shop.cpp', dependencies: weir, override_options: ['cpp_std=c++20'])
"""
CMAKE = """cmake_minimum_required(VERSION 3.16)
project(shop CXX)
find_package(weir 0.1 REQUIRED)
add_executable(shop shop.cpp)
target_link_libraries(shop PRIVATE weir::weir)
"""


def run(*command, env=None, cwd=None):
    got = subprocess.run([str(c) for c in command], env={**os.environ, **(env or {})}, cwd=cwd,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if got.returncode:
        sys.exit(f"FAIL {shlex.join(str(c) for c in command)}\n{got.stdout}")
    return got.stdout


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def try_program(program, how):
    got = subprocess.run([program, "--input", "orders=-", "--until-idle", "100ms"], input=ORDERS,
                         capture_output=True, text=True, timeout=60)
    if got.returncode or sorted(got.stdout.splitlines()) != PRINTED:
        sys.exit(f"FAIL {how}: exit code {got.returncode}\n{got.stdout}{got.stderr}")
    print(f"PASS {how}")


def subproject(source, library, work, program):
    work = Path(work)
    put(work / "meson.build", MESON)
    put(work / "shop.cpp", Path(program).read_text())
    link = work / "subprojects" / "weir"
    link.parent.mkdir(exist_ok=True)
    if link.is_symlink() and link.readlink() != Path(source):
        link.unlink()
    if not link.is_symlink():
        link.symlink_to(source)
    if not (work / "build" / "build.ninja").exists():
        run("meson", "setup", "-Doptimization=0", "-Ddebug=false", "build", cwd=work)
    files = ["shop.p/shop.cpp.o"]
    files += [f"subprojects/weir/lib/libweir.a.p/{name}.cpp.o" for name in ONE_OF_EACH]
    run("ninja", "-C", "build", *files, cwd=work)
    link = run("ninja", "-C", "build", "-t", "commands", "-s", "shop", cwd=work).splitlines()[-1]
    run("sh", "-c", link.replace("subprojects/weir/lib/libweir.a", library), cwd=work / "build")
    tests = json.loads(run("meson", "introspect", "--tests", "build", cwd=work))
    if tests:
        sys.exit(f"FAIL weir's own tests are built in a subproject: {tests}")
    try_program(work / "build" / "shop", "a Meson project with weir as a subproject")


def installed(build, prefix, libdir, work, program):
    if not shutil.which("cmake") or not shutil.which("pkg-config"):
        print("SKIP there is no cmake or no pkg-config")
        return SKIPPED
    work = Path(work)
    root = work / "root"
    shutil.rmtree(root, ignore_errors=True)
    run("meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", root)
    tree = root / prefix.lstrip("/")
    wrong = [p for p in tree.rglob("*.hpp") if "include/weir" not in p.as_posix()]
    if wrong:
        sys.exit(f"FAIL these headers are no users': {wrong}")

    cmake = work / "cmake"
    put(cmake / "CMakeLists.txt", CMAKE)
    put(cmake / "shop.cpp", Path(program).read_text())
    run("cmake", "-S", cmake, "-B", cmake / "build", f"-DCMAKE_PREFIX_PATH={tree}",
        f"-DCMAKE_CXX_FLAGS={WARNINGS}", "-DCMAKE_NO_SYSTEM_FROM_IMPORTED=ON")
    run("cmake", "--build", cmake / "build")
    try_program(cmake / "build" / "shop", "a CMake project with find_package(weir)")

    env = {"PKG_CONFIG_PATH": str(tree / libdir / "pkgconfig"), "PKG_CONFIG_SYSROOT_DIR": str(root)}
    flags = shlex.split(run("pkg-config", "--cflags", "--libs", "weir", env=env))
    if "-std=c++20" not in flags or not re.search(r"-lweir\b", " ".join(flags)):
        sys.exit(f"FAIL pkg-config says {flags}")
    compiler = shlex.split(os.environ.get("CXX", "c++"))
    run(*compiler, *WARNINGS.split(), program, *flags, "-o", work / "shop",
        f"-Wl,-rpath,{tree / libdir}")
    try_program(work / "shop", "a compiler's line with pkg-config")
    return 0


if __name__ == "__main__":
    if len(sys.argv) == 6 and sys.argv[1] == "subproject":
        sys.exit(subproject(*sys.argv[2:]))
    if len(sys.argv) == 7 and sys.argv[1] == "installed":
        sys.exit(installed(*sys.argv[2:]))
    sys.exit(__doc__)
