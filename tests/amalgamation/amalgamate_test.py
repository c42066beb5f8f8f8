#!/usr/bin/env python3
"""Tests of tools/amalgamate. The compiler checks what it writes."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

TOP = pathlib.Path.cwd()  # the workspace in the runfiles
TOOL = TOP / "tools/amalgamate"
ENGINE = TOP / "engine"
PUBLIC = sorted(ENGINE.glob("include/appcache/**/*.h"))
SOURCES = sorted(ENGINE.glob("**/*.cc"))
XXHASH = pathlib.Path("/usr/include/xxhash.h")

INCLUDE = re.compile(r'^#include ([<"].*[>"])', re.MULTILINE)


def included_by(path):
    """The names that a file includes, with their brackets or quotes."""
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


# Without those that only the adapters include.
INTERNAL = sorted(
    TOP / name.strip('"')
    for name in {
        name for file in ENGINE.glob("**/*.[hc]*") for name in included_by(file)
    }
    if name.startswith('"engine/')
)


def run(*arguments, **environment):
    return subprocess.run(
        [TOOL, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def body(path):
    """What of a file must be in the output as it is.

    That is the text between its last #include, #define or #if and the next
    preprocessor directive: all of most files.
    """
    parts = re.split(r"^#.*\n", path.read_text(encoding="utf-8"), flags=re.M)
    return max(parts, key=len).strip("\n")


class AmalgamateTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.out = pathlib.Path(self.folder.name)

    def amalgamate(self, name="out", **environment):
        """Returns the text of the header and of the source file."""
        out = self.out / name
        done = run("--out", str(out), **environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(
            sorted(file.name for file in out.iterdir()),
            ["appcache.cc", "appcache.h"],
        )
        return tuple(
            (out / name).read_text(encoding="utf-8")
            for name in ("appcache.h", "appcache.cc")
        )

    def test_the_output_is_the_same_each_time(self):
        first = self.amalgamate("first", PYTHONHASHSEED="1", LC_ALL="C")
        second = self.amalgamate("second", PYTHONHASHSEED="2")
        self.assertEqual(first, second)

    # Names of two files that are the same meet in the amalgamation only.
    def test_no_two_files_define_the_same_name(self):
        self.amalgamate()
        done = subprocess.run(
            ["g++", "-std=c++20", "-fsyntax-only", "appcache.cc"],
            cwd=self.out / "out",
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_each_file_is_in_the_output_exactly_once(self):
        self.assertGreater(len(PUBLIC), 30)
        self.assertGreater(len(SOURCES), 100)
        header, source = self.amalgamate()
        for files, has, has_not in (
            (PUBLIC, header, source),
            (SOURCES, source, header),
            (INTERNAL, source, header),
        ):
            for path in files:
                with self.subTest(str(path.relative_to(TOP))):
                    title = f"// ---------- {path.relative_to(TOP)}\n"
                    self.assertEqual(has.count(title), 1)
                    self.assertEqual(has.count(body(path)), 1)
                    self.assertNotIn(title, has_not)

    def test_a_file_follows_those_that_it_includes(self):
        header, source = self.amalgamate()
        text = header + source
        for path in PUBLIC + INTERNAL + SOURCES:
            here = text.index(f"// ---------- {path.relative_to(TOP)}\n")
            for name in included_by(path):
                if name.startswith("<"):
                    continue
                name = name.strip('"')
                if name.startswith("appcache/"):
                    name = f"engine/include/{name}"
                included = text.index(f"// ---------- {name}\n")
                self.assertLess(included, here, f"{path} includes {name}")

    def test_system_headers_are_included_once_at_the_top(self):
        header, source = self.amalgamate()
        self.assertEqual(
            [i for i in INCLUDE.findall(source) if i.startswith('"')],
            ['"appcache.h"'],
        )
        for text in header, source:
            top = INCLUDE.findall(text.partition("// ----------")[0])
            self.assertEqual(len(top), len(set(top)))
            # Others are in an #if, where they have to stay.
            conditions = 0
            for line in text.splitlines():
                if re.match(r"#\s*if", line):
                    conditions += 1
                elif re.match(r"#\s*endif", line):
                    conditions -= 1
                include = INCLUDE.match(line)
                if include and conditions == (text is header):
                    self.assertIn(include[1], top)
            self.assertEqual(conditions, 0)
        self.assertIn("#include <sqlite3.h>\n", source)
        self.assertNotIn("sqlite3.h>", header)
        self.assertNotIn("<xxhash.h>", INCLUDE.findall(header + source))

    def test_the_output_has_the_version_and_the_licences(self):
        version = re.search(
            r'APPCACHE_VERSION "(.*)"',
            (ENGINE / "include/appcache/version.h").read_text(encoding="utf-8"),
        )[1]
        licence = (TOP / "LICENSE").read_text(encoding="utf-8").splitlines()
        for text in self.amalgamate():
            lines = text.splitlines()
            self.assertIn(f", appcache {version}: ", lines[0])
            commented = [f"// {line}".rstrip() for line in licence]
            start = lines.index(commented[0])
            self.assertEqual(lines[start : start + len(commented)], commented)
        xxhash = XXHASH.read_text(encoding="utf-8").rstrip("\n")
        self.assertIn("BSD 2-Clause License", xxhash)
        self.assertEqual(text.count(xxhash), 1)

    def test_what_cannot_be_read_or_written_is_named(self):
        missing = str(self.out / "missing.h")
        done = run("--out", str(self.out), "--xxhash", missing)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            done.stderr,
            f"amalgamate: cannot read {missing}: No such file or directory\n",
        )
        self.assertEqual(list(self.out.iterdir()), [])

        file = self.out / "file"
        file.write_text("", encoding="utf-8")
        done = run("--out", str(file))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"amalgamate: cannot write to {file}: ", done.stderr)

        done = run("--xxhash", str(file), "--out", str(self.out))
        self.assertEqual(done.returncode, 1)
        self.assertIn("amalgamate: xxhash.h has no BSD", done.stderr)


if __name__ == "__main__":
    unittest.main()
