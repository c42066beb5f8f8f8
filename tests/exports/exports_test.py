#!/usr/bin/env python3
"""Tests of the symbols that the shared libraries export.

Builds the libraries with CMake, without optimisation, so that the compiler
inlines nothing. Writes to TEST_TMPDIR only; with the folder of an earlier run,
it builds only what has changed.
"""

import os
import pathlib
import re
import subprocess
import unittest

# The checkout, which the files of a test link to.
TOP = pathlib.Path("CMakeLists.txt").resolve().parent
WORK = pathlib.Path(os.environ["TEST_TMPDIR"]).resolve() / "exports"
BUILD = WORK / "build"

SCHEMES = {
    "appcache": "sqlite",
    "appcache-lmdb": "lmdb",
    "appcache-memcache": "memcache",
    "appcache-redis": "redis",
    "appcache-tiered": "tiered",
}

# A symbol of namespace appcache: a function or object, or a vtable or typeinfo.
OF_APPCACHE = re.compile(r"_Z(?:T[ISV])?NK?8appcache")

# Tests that use only public headers. They need every function that the
# templates and inline functions of these call. The examples use every header.
PROGRAM = [
    TOP / "tests/interface/header_examples.cc",
    *(
        TOP / f"tests/conformance/{name}.cc"
        for name in (
            "adding", "batches", "compression", "conformance", "limits",
            "model", "namespaces", "new_ttls", "prefixes", "raw_operations",
            "sqlite_test", "threads", "through", "tiered_test", "timed", "ttl",
            "typed", "views", "walks",
        )
    ),
]  # fmt: skip


def run(*command):
    """Runs a command that must succeed. Returns its output."""
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=WORK,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise AssertionError(f"{words}: {done.returncode}\n{done.stdout}")
    return done.stdout


def symbols(*command):
    """Returns the types of symbols, by their mangled names, as nm prints."""
    lines = [line.split() for line in run("nm", *command).splitlines()]
    return {words[2]: words[1] for words in lines if len(words) == 3}


def exported(library):
    return symbols("--dynamic", "--defined-only", BUILD / f"lib{library}.so")


def nested_namespaces():
    """Returns the names of the namespaces in appcache: none is public."""
    return {
        name
        for folder in ("engine", "adapters")
        for file in (TOP / folder).rglob("*.h")
        for name in re.findall(
            r"^namespace appcache::(\w+) \{",
            file.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    }


def setUpModule():
    WORK.mkdir(exist_ok=True)
    run(
        "cmake", "-S", TOP, "-B", BUILD, "-G", "Ninja",
        "-DAPPCACHE_LIBRARIES=both", "-DAPPCACHE_COMMAND=OFF",
        "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O0",
    )  # fmt: skip
    run("cmake", "--build", BUILD, "--", "-j1")


class ExportsTest(unittest.TestCase):
    def test_only_symbols_of_appcache_are_exported(self):
        for library, scheme in SCHEMES.items():
            with self.subTest(library):
                others = {
                    name
                    for name in exported(library)
                    if not OF_APPCACHE.match(name)
                }
                self.assertEqual(others, {f"appcache_scheme_{scheme}"})

    def test_parts_of_an_adapter_are_not_exported(self):
        namespaces = nested_namespaces()
        self.assertLess({"internal", "lru", "store", "tiered"}, namespaces)
        for library in SCHEMES:
            for name in exported(library):
                for namespace in namespaces - {"internal"}:
                    mangled = f"8appcache{len(namespace)}{namespace}"
                    with self.subTest(library=library, symbol=name):
                        self.assertFalse(
                            re.match(f"_Z(T[ISV])?NK?{mangled}", name)
                        )

    def test_every_public_function_is_exported(self):
        # A function with a strong symbol is defined in a source file. If it is
        # not in a nested namespace, a public header declares it: the others are
        # in anonymous namespaces.
        nested = "|".join(f"{len(n)}{n}" for n in nested_namespaces())
        is_public = re.compile(rf"_ZNK?8appcache(?!{nested})")
        for library in SCHEMES:
            with self.subTest(library):
                public = {
                    name
                    for name, kind in symbols(
                        "--defined-only", BUILD / f"lib{library}.a"
                    ).items()
                    if kind == "T" and is_public.match(name)
                }
                self.assertTrue(public)
                self.assertEqual(public - exported(library).keys(), set())

    def test_programs_that_include_public_headers_link_and_work(self):
        objects = []
        include = [
            f"-I{folder}"
            for folder in [
                TOP,
                TOP / "engine/include",
                TOP / "tests/conformance/include",
                *sorted(TOP.glob("adapters/*/include")),
            ]
        ]
        flags = ["-std=c++20", "-O0", "-Wall", "-Wextra", "-Werror"]
        for source in PROGRAM:
            made = WORK / f"{source.stem}.o"
            run("g++", *flags, *include, "-c", source, "-o", made)
            objects.append(made)
        libraries = [f"-l{library}" for library in reversed(SCHEMES)]
        program = WORK / "program"
        run(
            "g++", "-o", program, *objects, f"-L{BUILD}", *libraries,
            f"-Wl,-rpath,{BUILD}", "-lsqlite3", "-lgtest_main", "-lgtest",
            "-pthread",
        )  # fmt: skip
        run(program, "--gtest_brief=1")


if __name__ == "__main__":
    unittest.main()
