#!/usr/bin/env python3
"""Every line of "Use it from your build" in README.md works.

The program is the README's first. Compiles the library twice and more: give it
--test_timeout=3600.
"""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

# The checkout, which the files of a test link to.
TOP = pathlib.Path("MODULE.bazel").resolve().parent
WORK = pathlib.Path(os.environ["TEST_TMPDIR"]).resolve()
PREFIX = WORK / "prefix"

README = (TOP / "README.md").read_text(encoding="utf-8")
PROGRAM = re.search(r"^```cpp\n(.*?)^```$", README, re.M | re.S).group(1)
SECTION = re.search(
    r"^## Use it from your build\n(.*?)^## ", README, re.M | re.S
).group(1)
LINES = re.findall(r"^    (.*)$", SECTION, re.M)

WORKSPACE = ("local_repository(", "load(", "debian_repositories(")


def lines(*starts):
    """The lines that begin with one of the words. There is one of each."""
    found = [line for line in LINES if line.startswith(starts)]
    assert len(found) == len(starts), f"{starts}: {found}"
    return found


class ReadmeLinesTest(unittest.TestCase):
    def setUp(self):
        self.folder = WORK / self.id().rsplit(".", 1)[1]
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.write("app.cc", PROGRAM)

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def run_program(self, command, **variables):
        done = subprocess.run(
            command,
            shell=isinstance(command, str),
            executable="/bin/bash" if isinstance(command, str) else None,
            cwd=self.folder,
            env={**os.environ, "HOME": str(WORK), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}")
        return done.stdout

    def assert_app_works(self, path):
        output = self.run_program([path], LD_LIBRARY_PATH=f"{PREFIX}/lib")
        self.assertEqual(output, "Ada\nGrace\n")

    def install(self):
        if not PREFIX.exists():
            command = lines("tools/install")[0].split("#")[0]
            self.assertIn(" /usr/local", command)
            command = command.replace("/usr/local", str(PREFIX))
            options = "--no-command --kind shared -- -DCMAKE_INSTALL_LIBDIR=lib"
            self.run_program(f"cd {TOP} && {command} {options}")

    def test_each_line_is_tried(self):
        known = (
            "tools/install", "tools/deb", "find_package(",
            "target_link_libraries(", "c++", "deps = ", "tools/amalgamate",
        ) + WORKSPACE  # deb_test runs tools/deb
        self.assertEqual(sorted(lines(*known)), sorted(LINES))

    def test_cmake(self):
        self.install()
        package, link = lines("find_package(", "target_link_libraries(")
        self.write(
            "CMakeLists.txt",
            "cmake_minimum_required(VERSION 3.20)\n"
            f"project(app LANGUAGES CXX)\n{package}\n"
            f"add_executable(app app.cc)\n{link}\n",
        )
        self.run_program(
            f"cmake -B build -DCMAKE_PREFIX_PATH={PREFIX} && cmake --build build"
        )
        self.assert_app_works(self.folder / "build/app")

    def test_pkg_config(self):
        self.install()
        path = f"{PREFIX}/lib/pkgconfig"
        self.run_program(lines("c++")[0], PKG_CONFIG_PATH=path)
        self.assert_app_works(self.folder / "a.out")

    def test_bazel(self):
        (self.folder / "appcache").symlink_to(TOP)
        self.write("WORKSPACE", "\n".join(lines(*WORKSPACE)) + "\n")
        self.write(".bazelrc", "build --cxxopt=-std=c++20\n")
        self.write(
            "BUILD.bazel",
            'load("@rules_cc//cc:cc_binary.bzl", "cc_binary")\n'
            'cc_binary(name = "app", srcs = ["app.cc"],\n'
            f"          {lines('deps = ')[0]})\n",
        )
        bazel = f"bazel --output_user_root={WORK}/bazel --max_idle_secs=60"
        self.addCleanup(self.run_program, f"{bazel} shutdown")
        self.run_program(f"{bazel} build //:app")
        self.assert_app_works(self.folder / "bazel-bin/app")

    def test_amalgamation(self):
        (self.folder / "tools").symlink_to(TOP / "tools")
        self.write(
            "app.cc",
            PROGRAM.replace("appcache/sqlite_cache.h", "appcache.h"),
        )
        self.run_program(lines("tools/amalgamate")[0])
        self.assert_app_works(self.folder / "a.out")


if __name__ == "__main__":
    unittest.main()
