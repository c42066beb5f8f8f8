"""Every public header compiles alone, without warnings and without RTTI.

Usage: public_headers_test.py COMPILERS STANDARDS HEADER...

Compiles each header alone, included twice, with each of the compilers
("g++,clang++-14") and for each standard ("c++20,c++2b"); and all headers together
without RTTI. Also checks that the first error of an older standard asks for C++20,
and that no header includes a third-party one: headers_test.cc shows that the
macros below identify these.
"""

import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

FLAGS = (
    "-fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wconversion"
    " -Werror -x c++"
).split()
THIRD_PARTY_MACROS = [
    "HIREDIS_MAJOR",
    "MDB_VERSION_MAJOR",
    "NLOHMANN_JSON_VERSION_MAJOR",
    "SQLITE_VERSION",
    "XXH_VERSION_MAJOR",
    "ZLIB_VERSION",
]
MACROS_ONLY = {"appcache/export.h", "appcache/version.h"}
INCLUDE = "/include/"

# From the arguments. Headers are paths.
compilers = []
standards = []
headers = []


def include_directories(paths):
    return sorted({path.split(INCLUDE)[0] + INCLUDE for path in paths})


def name_of(path):
    """How the header is included: "appcache/cache.h"."""
    return path.split(INCLUDE)[1]


def source_for(paths):
    """A source file that includes each header twice, first of all."""
    lines = [f'#include "{name_of(path)}"' for path in paths for _ in "12"]
    for macro in THIRD_PARTY_MACROS:
        lines += [
            f"#ifdef {macro}",
            f'#error "includes a third-party header: {macro} is defined"',
            "#endif",
        ]
    return "\n".join(lines) + "\n"


def compile_source(compiler, source, directories, flags=()):
    """The compiler's messages; empty if it succeeds."""
    command = [compiler, *FLAGS, *flags]
    command += [f"-I{directory}" for directory in directories] + ["-"]
    done = subprocess.run(
        command, input=source, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return ""
    return f"$ {' '.join(command)}\n{done.stderr}"


class PublicHeadersTest(unittest.TestCase):
    def test_the_compilers_are_installed(self):
        for compiler in compilers:
            self.assertIsNotNone(
                shutil.which(compiler), f"no {compiler}: run tools/setup --tests"
            )

    def assert_compile(self, jobs, directories):
        """Compiles all of (name, compiler, source, flags), for each standard."""
        jobs = [
            (name, compiler, source, [f"-std={standard}", *flags])
            for name, compiler, source, flags in jobs
            for standard in standards
        ]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = pool.map(
                lambda job: compile_source(job[1], job[2], directories, job[3]),
                jobs,
            )
            for (name, compiler, _, flags), messages in zip(jobs, results):
                with self.subTest(name, compiler=compiler, flags=flags):
                    self.assertEqual(messages, "")

    def test_each_header_compiles_alone(self):
        self.assertGreater(len(headers), 20)
        self.assert_compile(
            [
                (name_of(header), compiler, source_for([header]), [])
                for compiler in compilers
                for header in headers
            ],
            include_directories(headers),
        )

    def test_all_headers_compile_without_rtti(self):
        self.assert_compile(
            [
                ("all headers", compiler, source_for(headers), ["-fno-rtti"])
                for compiler in compilers
            ],
            include_directories(headers),
        )

    def test_each_header_says_first_that_it_requires_cxx20(self):
        # With the last header alone where only one standard is compiled: the
        # test with all of them is another target.
        chosen = headers if len(standards) > 1 else headers[-1:]
        directories = include_directories(headers)
        flags = ["-std=c++17", "-Wfatal-errors"]
        jobs = [
            (compiler, header)
            for compiler in compilers
            for header in chosen
            if name_of(header) not in MACROS_ONLY
        ]
        self.assertTrue(jobs)

        def messages(job):
            compiler, header = job
            source = f'#include "{name_of(header)}"\n'
            return compile_source(compiler, source, directories, flags)

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for job, text in zip(jobs, pool.map(messages, jobs)):
                with self.subTest(job[1], compiler=job[0]):
                    self.assertRegex(text, "error: .*requires C\\+\\+20")

    def test_no_two_headers_have_the_same_name(self):
        names = [name_of(header) for header in headers]
        self.assertEqual(len(names), len(set(names)))

    def test_faulty_headers_are_rejected(self):
        faulty = {
            "needs an include": "std::string f();",
            "has no guard": "struct A {};",
            "warns of a conversion": "inline char f(int i) { return i; }",
            "warns of shadowing": (
                "inline int f(int i) { { int i = 1; (void)i; } return i; }"
            ),
            "is not pedantic": "struct A { int zero[0]; };",
            "has a third-party macro": "#define ZLIB_VERSION",
        }
        for what, text in faulty.items():
            if what != "has no guard":
                text = "#pragma once\n" + text
            with tempfile.TemporaryDirectory() as directory:
                header = os.path.join(directory, "include", "faulty.h")
                os.mkdir(os.path.dirname(header))
                with open(header, "w", encoding="utf-8") as file:
                    file.write(text + "\n")
                for compiler in compilers:
                    with self.subTest(what, compiler=compiler):
                        messages = compile_source(
                            compiler,
                            source_for([header]),
                            include_directories([header]),
                            ["-std=c++20"],
                        )
                        self.assertNotEqual(messages, "")


if __name__ == "__main__":
    compilers, standards = (text.split(",") for text in sys.argv[1:3])
    headers = sorted(sys.argv[3:])
    unittest.main(argv=sys.argv[:1])
