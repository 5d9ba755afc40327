#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The house rules, kept by machine.

usage: tidy.py ROOT          prints PASS or FAIL for each rule; FAIL with file:line and what to do
       tidy.py --self-test   each rule must find its bad example and leave its good one alone

A rule is a function; its sentence is its name. It is given the tree and yields (path, line, what to
do). Its examples are trees too: {path: text}. A line that ends in `tidy: no` is left alone.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from guarantees import names

LICENCE = "SPDX-License-Identifier: Apache-2.0"
RULES = []


class Tree:
    """The repository's text files, without what is built, fetched or hidden."""

    def __init__(self, root):
        self.root = Path(root)
        self.texts = {}
        for folder, folders, names in os.walk(self.root):
            here = Path(folder).relative_to(self.root).as_posix()
            folders[:] = sorted(
                f for f in folders
                if f == ".ci" or not f.startswith((".", "build", "__")) and here != "subprojects")
            for name in sorted(names):
                if name == ".git":  # of a linked worktree
                    continue
                path = name if here == "." else f"{here}/{name}"
                try:
                    self.texts[path] = (self.root / path).read_text(encoding="utf-8")
                except UnicodeDecodeError:
                    pass  # data

    def paths(self, pattern):
        """Those that match a regular expression, from the beginning to the end."""
        return [p for p in self.texts if re.fullmatch(pattern, p)]

    def lines(self, path):
        """(number, line) of those that are not exempt."""
        for n, line in enumerate(self.texts[path].splitlines(), 1):
            if not line.endswith("tidy: no"):
                yield n, line

    def includes(self, path):
        """(number, what is included, quoted or not)."""
        for n, line in self.lines(path):
            if m := re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line):
                yield n, m[2], m[1] == '"'

    def exists(self, path):
        return (self.root / path).exists()


def rule(sentence, bad, good=None):
    """`bad`: trees of which each must fail; `good`: a tree that must not."""
    def add(check):
        check.sentence, check.bad, check.good = sentence, bad, good or {}
        RULES.append(check)
        return check
    return add


# ---- who includes whom -------------------------------------------------------------------------

VOCABULARY = ("fwd message hold release_queue task offload clock options policy error hooks graph own "
              "nearest escaped config version window windowed within").split()
STREAM = "topic pull stream incoming batch from event channel pending_send table grouped".split()

MAY_INCLUDE = {  # area: the areas it may include besides itself
    "vocabulary": [],
    "codec": ["vocabulary"],
    "segment": ["vocabulary", "codec"],  # what runs: between the loop and the operators
    "graph": ["vocabulary", "codec", "segment"],  # what draws and builds pipelines
    # a table's rows and changelog: between the loop and the operators that change it
    "state": ["vocabulary", "codec", "segment", "graph", "transport"],
    "stream": ["vocabulary", "codec", "segment", "graph", "state"],  # topic, pull, operators/
    "transport": ["vocabulary"],
    "transport/memory": ["vocabulary", "transport"],
    "transport/kafka": ["vocabulary", "transport"],
    "conductor": ["vocabulary", "segment", "graph", "transport", "state"],
    "app": ["vocabulary", "codec", "segment", "graph", "stream", "transport", "transport/memory",
            "transport/kafka", "conductor", "state"],
    "cli": ["vocabulary", "codec", "graph", "transport", "transport/kafka", "app"],  # nobody includes it
    "testing": ["vocabulary", "stream", "app", "transport", "transport/memory", "state"],
    "ranges": ["vocabulary", "stream", "app"],  # opt-in: nobody includes it
    "umbrella": ["vocabulary", "codec", "stream", "transport", "transport/memory",
                 "transport/kafka", "app", "testing"],
}


def area(path):
    """The area of a path below include/weir or lib; None: it has none."""
    parts = path.split("/")
    stem = parts[-1].rsplit(".", 1)[0]
    if len(parts) == 1:
        if stem in VOCABULARY:
            return "vocabulary"
        if stem in STREAM:
            return "stream"
        return {"app": "app", "ask": "app", "ranges": "ranges", "sessions": "state", "timed": "state",
                "weir": "umbrella"}.get(stem)
    if parts[0] == "transport":
        inner = parts[1] if len(parts) > 2 else stem
        return f"transport/{inner}" if inner in ("memory", "kafka") else "transport"
    if parts[0] == "operators":
        return "stream"
    return parts[0] if parts[0] in MAY_INCLUDE else None


@rule("includes go in the directions of the map of folders",
      bad=[{"include/weir/hold.hpp": "#include <weir/app.hpp>", "include/weir/app.hpp": ""},
           {"lib/graph/plan.cpp": '#include "conductor/loop.hpp"', "lib/conductor/loop.hpp": ""},
           {"lib/graph/plan.cpp": '#include "../app/app.hpp"', "lib/app/app.hpp": ""},
           {"include/weir/operators/take.hpp": "#include <weir/transport/transport.hpp>",
            "include/weir/transport/transport.hpp": ""},
           {"lib/app/engine.cpp": '#include "../cli/run.hpp"', "lib/cli/run.hpp": ""},
           {"include/weir/mystery.hpp": ""},
           {"include/weir/hold.hpp": "#include <weir/nowhere.hpp>"}],
      good={"include/weir/operators/take.hpp": "#include <vector>\n#include <weir/graph/plan.hpp>",
            "include/weir/graph/plan.hpp": "#include <weir/fwd.hpp>", "include/weir/fwd.hpp": "",
            "lib/app/app.cpp": '#include "conductor/loop.hpp"', "lib/conductor/loop.hpp": "",
            "lib/transport/memory/log.cpp": '#include "log.hpp"\n#include "../murmur2.hpp"',
            "lib/transport/memory/log.hpp": "", "lib/transport/murmur2.hpp": ""})
def directions(tree):
    for path in tree.paths(r"(include/weir|lib)/.*\.[ch]pp"):
        below = re.sub(r"^(include/weir|lib)/", "", path)
        mine = area(below)
        if not mine:
            yield path, 1, "belongs to no area: put it into one in tests/tidy/tidy.py"
            continue
        for n, included, quoted in tree.includes(path):
            if quoted:
                near = os.path.normpath(os.path.join(os.path.dirname(path), included))
                target = near if tree.exists(near) else f"lib/{included}"
            elif included.startswith("weir/"):
                target = f"include/{included}"
            else:
                continue
            if not tree.exists(target):
                yield path, n, f"there is no {target}"
                continue
            theirs = area(re.sub(r"^(include/weir|lib)/", "", target))
            if theirs and theirs != mine and theirs not in MAY_INCLUDE[mine]:
                yield path, n, (f"{mine} may not include {theirs}, only "
                                f"{', '.join(MAY_INCLUDE[mine]) or 'the standard library'}")


@rule("no header of a library shows in a public header, and rdkafka only in the Kafka transport",
      bad=[{"include/weir/a.hpp": "#include <fmt/format.h>"},
           {"include/weir/a.hpp": '#include "simdjson.h"'},
           {"include/weir/a.hpp": "#include <range/v3/view.hpp>"},
           {"lib/conductor/loop.cpp": "#include <librdkafka/rdkafka.h>"},
           {"samples/a.cpp": "#include <librdkafka/rdkafka.h>"}],
      good={"include/weir/ranges.hpp": "#include <range/v3/view.hpp>",
            "lib/transport/kafka/a.cpp": "#include <librdkafka/rdkafka.h>",
            "tests/a.cpp": "#include <librdkafka/rdkafka.h>", "lib/codec/a.cpp": "#include <fmt/a>"})
def libraries(tree):
    for path in tree.paths(r"(include|lib|samples|tests)/.*\.[ch]pp"):
        for n, included, _ in tree.includes(path):
            if "rdkafka" in included and not path.startswith(("lib/transport/kafka/", "tests/")):
                yield path, n, "only lib/transport/kafka includes rdkafka: go through transport/"
            elif path.startswith("include/") and re.match(r"simdjson|fmt/|range/v3|CLI/", included):
                if not (path == "include/weir/ranges.hpp" and included.startswith("range/v3")):
                    yield path, n, f"{included} costs every user: include it in lib/"


# ---- files -------------------------------------------------------------------------------------

FOUR = ("include/weir/operators/{}.hpp", "tests/operators/{}.cpp", "samples/operators/{}.cpp",
        "docs/operators/{}.md")


@rule("one operator is four files of one stem",
      bad=[{"include/weir/operators/take.hpp": ""}, {"docs/operators/take.md": ""}],
      good={f.format("take"): "" for f in FOUR})
def four_files(tree):
    for stem in sorted({m[1] for f in FOUR for p in tree.texts
                        if (m := re.fullmatch(f.format(r"([^/]+)"), p))}):
        for f in FOUR:
            if not tree.exists(f.format(stem)):
                yield f.format(stem), 1, f"is missing: the operator `{stem}` needs it"


@rule("an operator's header says Shape, Acks, Cost and Example",
      bad=[{"include/weir/operators/a.hpp": "/// Shape  s\n/// Acks   a\n/// Cost   c\n"}],
      good={"include/weir/operators/a.hpp": "/// Shape  s\n/// Acks  a\n/// Cost  c\n/// Example e"})
def doc_rows(tree):
    for path in tree.paths(r"include/weir/operators/.*\.hpp"):
        for row in ("Shape", "Acks", "Cost", "Example"):
            if not re.search(rf"^\s*/// {row}\s+\S", tree.texts[path], re.M):
                yield path, 1, f"its doc block has no row `/// {row}`"


REFUSAL = "static_assert(a, \"weir: no\");"
REFUSES = f"    static consteval bool check() {{\n        {REFUSAL}\n        return true;\n    }}\n"


# check_value() is asked by check(), and by `window` for the aggregation behind it.
@rule("an operator refuses a stream in its check()",
      bad=[{"include/weir/operators/a.hpp": f"struct a_op {{\n    void draw() {{ {REFUSAL} }}\n}};\n"},
           {"include/weir/operators/a.hpp": f"struct a_op {{\n{REFUSES}    {REFUSAL}\n}};\n"}],
      good={"include/weir/operators/a.hpp":
            f"struct a_op {{\n{REFUSES}}};\nstruct a_fn {{\n    {REFUSAL}\n}};\n"})
def refuses_in_check(tree):
    for path in tree.paths(r"include/weir/operators/.*\.hpp"):
        where = ""  # the struct, then its check()
        for n, line in enumerate(tree.texts[path].splitlines(), 1):
            if m := re.match(r"struct (\w+_op)\b", line):
                where = m[1]
            elif line.startswith("}"):
                where = ""
            elif where and re.fullmatch(r"    static consteval bool check(_value)?\(\) \{", line):
                where = "check"
            elif where == "check" and line == "    }":
                where = "_op"
            elif where.endswith("_op") and "static_assert" in line:
                yield path, n, "put this static_assert into the operator's check<K, V>()"


@rule("every source file begins with its licence",
      bad=[{"lib/a.cpp": "int a;"}, {"meson.build": "project('a')"}, {"dev": "#!/bin/sh\ntrue\n"}],
      good={"lib/a.cpp": f"// {LICENCE}\n", "dev": f"#!/bin/sh\n# {LICENCE}\n",
            "meson.build": f"# {LICENCE}\n", "LICENSE": ""})
def licence(tree):
    names = r"(.*/)?(meson\.build|meson_options\.txt|dev|run|.*\.([ch]pp|py|sh|cmake|in))"
    for path in tree.paths(names):
        lines = tree.texts[path].splitlines()
        at = 1 if lines and lines[0].startswith("#!") else 0
        comment = "//" if re.search(r"\.[ch]pp(\.in)?$", path) else "#"
        if lines[at:at + 1] != [f"{comment} {LICENCE}"]:
            yield path, at + 1, f"put `{comment} {LICENCE}` here"


@rule("the root build file, .clang-format and every line of C++ stay short",
      bad=[{"meson.build": "\n" * 121}, {".clang-format": "\n" * 26},
           {"lib/a.cpp": "// " + "a" * 98}],
      good={"meson.build": "\n" * 120, "lib/a.cpp": "// " + "é" * 97,
            "lib/b.cpp": "// https://example.org/" + "a" * 98})
def short(tree):
    for path, most in (("meson.build", 120), (".clang-format", 25)):
        if path in tree.texts and len(tree.texts[path].splitlines()) > most:
            yield path, most + 1, f"at most {most} lines: move something out"
    for path in tree.paths(r"(include|lib|samples|tests)/.*\.[ch]pp"):
        for n, line in tree.lines(path):
            if len(line) > 100 and not re.search(r"https?://", line):
                yield path, n, f"{len(line)} columns, at most 100: ./dev format, or break it by hand"


FORMATTER = shutil.which("clang-format-16")
UNFORMATTED = "tests/tidy/unformatted.txt"  # files that differ and are let be; to become empty
STYLE = {".clang-format": "BasedOnStyle: Google\n"}


@rule("C++ is formatted as clang-format 16 does it",
      bad=[{"lib/a.cpp": "int  a;\n", **STYLE}] if FORMATTER else [],
      good={"lib/a.cpp": "int a;\n", "lib/b.cpp": "int  b;\n", UNFORMATTED: "lib/b.cpp\n", **STYLE})
def formatted(tree):
    let_be = tree.texts.get(UNFORMATTED, "").split()
    paths = [p for p in tree.paths(r"(include|lib|samples|tests)/.*\.[ch]pp") if p not in let_be]
    if not FORMATTER or not paths or ".clang-format" not in tree.texts:
        return
    run = subprocess.run([FORMATTER, "--dry-run", *paths], cwd=tree.root, text=True,
                         stderr=subprocess.PIPE)
    for path, line in re.findall(r"^([^:\n]+):(\d+):.*clang-formatted", run.stderr, re.M):
        yield path, int(line), f"./dev format {path}"


@rule("every source file is built and every public header installed",
      bad=[{"lib/app/app.cpp": "", "lib/meson.build": "'app/other.cpp'"},
           {"tests/operators/take.cpp": ""}, {"samples/a/main.cpp": "", "samples/meson.build": ""},
           {"include/weir/fwd.hpp": "", "include/weir/meson.build": "'x/fwd.hpp'"}],
      good={"lib/app/app.cpp": "", "lib/meson.build": "'app/app.cpp'",
            "include/weir/fwd.hpp": "", "include/weir/meson.build": "'fwd.hpp'",
            "samples/a/main.cpp": "", "samples/a/meson.build": "'main.cpp'"})
def built(tree):
    for path in tree.paths(r"(lib|tests|samples)/.*\.cpp|include/weir/.*\.hpp"):
        above = [a.as_posix() for a in Path(path).parents if a.as_posix() != "."]
        for folder in above:
            if f"'{path[len(folder) + 1:]}'" in tree.texts.get(f"{folder}/meson.build", ""):
                break
        else:
            home = next((a for a in above if f"{a}/meson.build" in tree.texts), above[-1])
            yield path, 1, f"is in no list: add it to {home}/meson.build"


# ---- docs --------------------------------------------------------------------------------------

PAGES = r"[^/]+\.md|(docs|samples|tests)/.*\.md"
BLOCK = re.compile(r"^( *)```(?:cpp|c\+\+|cc)\b[^\n]*\n(.*?)^\1```", re.M | re.S)
NAMED = re.compile(r"<!-- sample: ([\w./-]+?)(?:#([\w.-]+))? -->\s*\Z")


def plain(text):
    """Lines without their common indentation, trailing blanks, and blank lines around them."""
    return textwrap.dedent("\n".join(x.rstrip() for x in text.splitlines())).strip("\n").split("\n")


def region(text, name):
    """What stands between `// [name]` and `// [/name]`."""
    m = re.search(rf"^ *// \[{re.escape(name)}\] *\n(.*?)^ *// \[/{re.escape(name)}\]", text,
                  re.M | re.S)
    return m and plain(m[1])


def holds(text, block):
    """The block is a run of the text's lines, indentation apart."""
    lines = [x.rstrip() for x in text.splitlines()]
    return any(plain("\n".join(lines[i:i + len(block)])) == block
               for i in range(len(lines) - len(block) + 1))


SAMPLE = "// x\nint main() {\n    // [take]\n    take(3);\n    // [/take]\n}\n"


@rule("all C++ in README and docs is taken from a file that is compiled",
      bad=[{"README.md": "```cpp\nint a;\n```\n"},
           {"README.md": "<!-- sample: samples/a.cpp -->\n```cpp\ntake(4);\n```\n",
            "samples/a.cpp": SAMPLE},
           {"docs/a.md": "<!-- sample: samples/a.cpp#take -->\n```cpp\nint main() {\n```\n",
            "samples/a.cpp": SAMPLE},
           {"docs/a.md": "<!-- sample: samples/a.cpp#drop -->\n```cpp\ntake(3);\n```\n",
            "samples/a.cpp": SAMPLE},
           {"docs/a.md": "<!-- sample: docs/a.cpp -->\n```cpp\ntake(3);\n```\n",
            "docs/a.cpp": SAMPLE}],
      good={"README.md": "<!-- sample: samples/a.cpp#take -->\n```cpp\ntake(3);\n```\n```sh\nls\n```",
            "docs/a.md": f"<!-- sample: samples/a.cpp -->\n\n```cpp\n{SAMPLE}```\n",
            "samples/a.cpp": SAMPLE})
def docs_compiled(tree):
    for page in tree.paths(PAGES):
        text = tree.texts[page]
        for m in BLOCK.finditer(text):
            n = text.count("\n", 0, m.start()) + 1
            named = NAMED.search(text[:m.start()])
            if not named:
                yield page, n, "put `<!-- sample: samples/….cpp -->` before it, the code's own place"
                continue
            path, name = named.groups()
            source = tree.texts.get(path)
            if source is None or not re.match(r"(samples|include|tests)/.*\.[ch]pp$", path):
                yield page, n, f"{path} is no source file in samples/, include/ or tests/"
            elif name and not region(source, name):
                yield page, n, f"{path} has no `// [{name}]` … `// [/{name}]`"
            elif name and region(source, name) != plain(m[2]):
                yield page, n, f"differs from [{name}] in {path}: copy it again"
            elif not name and not holds(source, plain(m[2])):
                yield page, n, f"is not a run of lines of {path}: copy it again"


@rule("every file that a page names exists",
      bad=[{"docs/a.md": "[here](b.md)"}, {"README.md": "see `lib/app/nothing.cpp`"},
           {"docs/a.md": "[x]: ../nothing.md"}],
      good={"docs/a.md": "[here](b.md#x) [there](https://kafka.apache.org/) [me](#a) `lib/a.cpp`\n"
                         "```\n[no](link)\n```\n`include/weir/operators/NAME.hpp`",
            "docs/b.md": "", "lib/a.cpp": ""})
def links(tree):
    for page in tree.paths(PAGES):
        fenced = False
        for n, line in tree.lines(page):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            if fenced:
                continue
            for link in re.findall(r"\]\(<?([^)>\s]+)", line) + re.findall(r"^\[.+?\]: (\S+)", line):
                target = link.split("#")[0]
                if target and not re.match(r"\w+:", target):
                    if not (tree.root / page).parent.joinpath(target).exists():
                        yield page, n, f"there is no {target}"
            for path in re.findall(r"`((?:include|lib|samples|tests|docs)/[\w./-]+\.\w+)", line):
                if not tree.exists(path) and not Path(path).stem.isupper():
                    yield page, n, f"there is no {path}"


MAP = "docs/internals/README.md"


@rule("the map of folders says what the includes are checked by",
      bad=[{MAP: "| codec | `codec/` | vocabulary, graph |\n"}, {MAP: "| codec | `codec/` | vocabulary |\n"}],
      good={MAP: "".join(f"| {a} | `x/` | {', '.join(may) or 'nothing of weir'} |\n"
                         for a, may in MAY_INCLUDE.items())})
def folder_map(tree):
    if MAP not in tree.texts:
        return
    rows = {}
    for n, line in tree.lines(MAP):
        cells = [c.strip() for c in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0] in MAY_INCLUDE:
            rows[cells[0]] = (n, cells[2])
    for name, may in MAY_INCLUDE.items():
        wanted = ", ".join(may) or "nothing of weir"
        n, said = rows.get(name, (1, None))
        if said != wanted:
            yield MAP, n, f"the row of {name} says: {wanted}"


@rule("every name of the code that docs/internals gives exists",
      bad=[{"docs/internals/a.md": "`conductor::step`", "lib/a.cpp": "conductor::turn"},
           {"docs/internals/a.md": "`gone_at`", "lib/a.cpp": "here_at"}],
      good={"docs/internals/a.md": "`conductor::step` `x_` `--until-idle 2s`\n```\nno_such_name\n```",
            "lib/a.cpp": "class conductor { void step(); int x_; };"})
def code_names(tree):
    words = {p: set(re.findall(r"\w+", tree.texts[p]))
             for p in tree.paths(r"(include|lib|tests|samples)/.*\.[ch]pp")}
    for page in tree.paths(r"docs/internals/.*\.md"):
        fenced = False
        for n, line in tree.lines(page):
            if line.startswith("```"):
                fenced = not fenced
            if fenced:
                continue
            for name in re.findall(r"`([a-z]\w*(?:::~?\w+)*)(?:\([^`]*\))?`", line):
                parts = set(re.findall(r"\w+", name))
                if ("::" in name or "_" in name) and not any(parts <= w for w in words.values()):
                    yield page, n, f"no file of the code has {' and '.join(sorted(parts))}"


CASE = 'TEST_CASE("semantics 1: it holds") {}\n'


@rule("docs/guarantees.md has every line of docs/semantics.md, and names the tests that hold them",
      bad=[{"docs/guarantees.md": '- "semantics 1: it holds" in `tests/a.cpp`\n', "tests/a.cpp": ""},
           {"docs/guarantees.md": '| a | "a test that is gone" |\n', "tests/a.cpp": ""},
           {"docs/guarantees.md": "", "tests/a.cpp": CASE},
           {"docs/guarantees.md": "", "docs/semantics.md": "1. It holds.\n"}],
      good={"docs/guarantees.md": '| a | "semantics 1: it holds" |\n'
                                  '- "semantics 1: it holds" in `tests/a.cpp`\n',
            "tests/a.cpp": 'TEST_CASE("semantics 1: it "\n   "holds") {}\n'})
def guarantees(tree):
    page = "docs/guarantees.md"
    if page not in tree.texts:
        return
    known = {(path, name) for path in tree.paths(r"tests/.*\.cpp")
             for name in names(tree.texts[path])}
    listed = set()
    for n, line in tree.lines(page):
        if m := re.fullmatch(r'- "(.*)" in `(.*)`', line):
            listed.add((m[2], m[1]))
            if (m[2], m[1]) not in known:
                yield page, n, "no such test: run tests/tidy/guarantees.py ROOT"
        elif line.startswith("|"):
            for name in re.findall(r'"([^"]+)"', line):
                if name not in {k[1] for k in known}:
                    yield page, n, f"there is no test \"{name}\""
    for path, name in sorted(known - listed):
        if re.match(r"semantics \d+: ", name):
            yield path, 1, f"\"{name}\" is not in {page}: run tests/tidy/guarantees.py ROOT"
    for number in re.findall(r"^(\d+)\. ", tree.texts.get("docs/semantics.md", ""), re.M):
        if f"**{number}.** " not in tree.texts[page]:
            yield page, 1, f"no test holds line {number} of docs/semantics.md"


# ---- what does not belong here -----------------------------------------------------------------

HOSTS = {  # public places that a file may point to; add one when it is public and will stay
    "wrapdb.mesonbuild.com", "mesonbuild.com", "github.com", "kafka.apache.org", "www.apache.org",
    "faust.readthedocs.io", "en.cppreference.com", "isocpp.org", "spdx.org", "www.bts.gov",
    "opensource.org", "example.org", "simdjson.org", "fmt.dev",
}


@rule("nothing names a machine's path or a host that is not public",
      bad=[{"docs/a.md": "see /wo" + "rk/main"}, {"dev": "ls /ho" + "me/me"},
           {"subprojects/a.wrap": "source_url = https:/" + "/mirror.internal/a.tar.gz"}],
      good={"docs/a.md": "https://github.com/a /tmp/x and a framework/word", "LICENSE": "homework"})
def public(tree):
    for path in tree.texts:
        for n, line in tree.lines(path):
            if m := re.search(r"(?<![\w.])/(?:work|home|root)/", line):  # tidy: no
                yield path, n, f"{m[0]} is a path of one machine"
            for host in re.findall(r"https?://(?:[^/\s@]*@)?([\w.-]+)", line):
                if host.lower() not in HOSTS and host not in ("localhost", "127.0.0.1"):
                    yield path, n, f"{host}: if it is public, add it to HOSTS in tests/tidy/tidy.py"


# ---- running -----------------------------------------------------------------------------------

def found_in(check, files):
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return list(check(Tree(folder)))


def self_test():
    failed = 0
    for check in RULES:
        wrong = [f"does not see: {bad}" for bad in check.bad if not found_in(check, bad)]
        wrong += [f"complains about: {x}" for x in found_in(check, check.good)]
        print("FAIL" if wrong else "PASS", "tidy sees when this does not hold:", check.sentence)
        print("".join(f"    {w}\n" for w in wrong), end="")
        failed += bool(wrong)
    return failed


def main(root):
    tree = Tree(root)
    failed = 0
    for check in RULES:
        found = sorted(set(check(tree)))
        print("FAIL" if found else "PASS", check.sentence)
        print("".join(f"    {path}:{n}: {what}\n" for path, n, what in found), end="")
        failed += bool(found)
    return failed


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(1 if (self_test() if sys.argv[1] == "--self-test" else main(sys.argv[1])) else 0)
