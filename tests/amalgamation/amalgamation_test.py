#!/usr/bin/env python3
"""Compiles what tools/amalgamate writes, and runs programs that use it.

Prints the sizes and the time of the compilation. Writes to TEST_TMPDIR only.
"""

import os
import pathlib
import re
import shutil
import subprocess
import time
import unittest

TOOL = pathlib.Path("tools/amalgamate").absolute()
CONSUMERS = pathlib.Path("tests/consumers").absolute()
WORK = pathlib.Path(os.environ["TEST_TMPDIR"]).resolve() / "amalgamation"

FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Werror"]
LIBRARIES = ["-lsqlite3", "-lz", "-pthread"]
# What a program loads besides the C++ runtime.
NEEDED = {"libsqlite3.so.0", "libz.so.1"}
RUNTIME = {"libc.so.6", "libgcc_s.so.1", "libm.so.6", "libstdc++.so.6"}
OPTIONAL = {"clang++-14"}  # tools/setup installs it only with --tests


def run(*command):
    """Runs a command that must succeed. Returns its output."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=WORK,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise AssertionError(f"{words}: {done.returncode}\n{done.stdout}")
    return done.stdout


def with_amalgamated_header(source):
    """The text of a consumer, with one #include for all of appcache's."""
    lines = source.read_text(encoding="utf-8").splitlines()
    rest = [line for line in lines if '#include "appcache/' not in line]
    assert len(rest) < len(lines), f"{source} does not include appcache"
    return "\n".join(['#include "appcache.h"', *rest]) + "\n"


def setUpModule():
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir()
    run(TOOL, "--out", WORK)
    start = time.monotonic()
    run("g++", *FLAGS, "-O2", "-c", "appcache.cc")
    seconds = time.monotonic() - start
    run("strip", "--strip-unneeded", "-o", "stripped.o", "appcache.o")
    for name in "appcache.h", "appcache.cc", "appcache.o", "stripped.o":
        print(f"{(WORK / name).stat().st_size / 1024:8.0f} KiB  {name}")
    print(f"{seconds:8.1f} s    g++ -O2 -c appcache.cc", flush=True)


class AmalgamationTest(unittest.TestCase):
    def build(self, name):
        """Builds a consumer, and returns the libraries that it needs."""
        text = with_amalgamated_header(CONSUMERS / f"{name}.cc")
        (WORK / f"{name}.cc").write_text(text, encoding="utf-8")
        run("g++", *FLAGS, "-o", name, f"{name}.cc", "appcache.o", *LIBRARIES)
        dynamic = run("readelf", "--dynamic", "--wide", name)
        return set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)) - RUNTIME

    def test_a_program_embeds_the_engine(self):
        self.assertEqual(self.build("embed"), NEEDED)
        self.assertIn("embed: appcache ", run("./embed", "embed.db"))

    def test_a_program_opens_a_cache_by_uri(self):
        self.assertEqual(self.build("open_by_uri"), NEEDED)
        opened = run("./open_by_uri", "memory:app", "sqlite:by_uri.db")
        self.assertIn("2 caches work", opened)

    def test_several_files_include_the_header(self):
        for name in "one", "two":
            (WORK / f"{name}.cc").write_text(
                '#include "appcache.h"\n'
                '#include "appcache.h"\n'
                f"appcache::Status {name}() {{\n"
                "  auto cache = appcache::SqliteCache::OpenInMemory();\n"
                "  if (!cache.ok()) return cache.status();\n"
                '  return (*cache)->Set(appcache::Key<int>("n"), 1);\n'
                "}\n",
                encoding="utf-8",
            )
        (WORK / "main.cc").write_text(
            '#include "appcache.h"\n'
            "appcache::Status one();\n"
            "appcache::Status two();\n"
            "int main() { return one().ok() && two().ok() ? 0 : 1; }\n",
            encoding="utf-8",
        )
        sources = ["main.cc", "one.cc", "two.cc"]
        run("g++", *FLAGS, "-o", "several", *sources, "appcache.o", *LIBRARIES)
        run("./several")

    def test_only_names_of_appcache_are_defined(self):
        # The third column is the symbol; weak ones are of templates and inline
        # functions, which every file may define.
        listed = run("nm", "--extern-only", "--defined-only", "appcache.o")
        strong = {
            line.split()[2]
            for line in listed.splitlines()
            if line.split()[1] not in "WVu"
        }
        self.assertTrue(any("SqliteCache" in name for name in strong))
        others = {
            name
            for name in strong
            if not re.match(r"_Z(T[VIS])?NK?8appcache", name)
        }
        self.assertEqual(others - {"appcache_scheme_sqlite"}, set())
        self.assertNotIn("XXH", listed)

    def test_other_compilers_accept_it(self):
        for compiler in ["clang++-14"]:
            if not shutil.which(compiler) and compiler in OPTIONAL:
                print(f"not compiled with {compiler}: run tools/setup --tests")
                continue
            with self.subTest(compiler):
                run(compiler, *FLAGS, "-c", "appcache.cc", "-o", "other.o")

    def test_an_older_standard_is_refused(self):
        done = subprocess.run(
            ["g++", "-std=c++17", "-fsyntax-only", "appcache.cc"],
            cwd=WORK,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertNotEqual(done.returncode, 0)
        first = re.search(r"error: (.*)", done.stderr)[1]
        self.assertIn("appcache requires C++20", first)


if __name__ == "__main__":
    unittest.main()
