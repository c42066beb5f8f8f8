#!/usr/bin/env python3
"""Compares the lists of tools/cmake/sources.cmake with the Bazel targets."""

import pathlib
import re
import unittest

LISTS = pathlib.Path("tools/cmake/sources.cmake")
LABELS = pathlib.Path("tests/consumers")


def cmake_list(name):
    """Returns the list that set(appcache_NAME ...) defines."""
    text = LISTS.read_text(encoding="utf-8")
    match = re.search(rf"^set\(appcache_{name}\n([^)]*)\)$", text, re.MULTILINE)
    items = match.group(1).split()
    assert len(items) == len(set(items)), f"{name} has a file twice"
    return set(items)


def bazel_files(name):
    """Returns the files of the labels that a query has found."""
    lines = (LABELS / f"{name}_labels").read_text(encoding="utf-8").split()
    return {
        line.removeprefix("//").replace(":", "/") for line in lines
    }


def outside(files, *folders):
    return {file for file in files if not file.startswith(folders)}


class SourcesTest(unittest.TestCase):
    def assert_same(self, cmake, bazel):
        self.assertEqual(
            sorted(cmake), sorted(bazel), f"correct the list in {LISTS}"
        )

    def test_library_has_the_sources_of_interface_and_engine(self):
        self.assert_same(cmake_list("cache_sources"), bazel_files("cache"))

    def test_adapters_have_the_sources_of_their_targets(self):
        net = cmake_list("net_sources")
        for name, shared in (
            ("redis", net),
            ("memcache", net),
            ("lmdb", set()),
            ("tiered", set()),
        ):
            with self.subTest(name):
                bazel = bazel_files(name)
                self.assert_same(
                    cmake_list(f"{name}_sources") | shared,
                    outside(bazel, "engine/"),
                )
                # The rest is in libappcache, which the adapter links.
                self.assertLessEqual(
                    bazel - outside(bazel, "engine/"),
                    cmake_list("cache_sources"),
                )

    def test_command_has_the_sources_of_its_target(self):
        zstd = {"tools/trace/zstd_source.cc", "tools/trace/zstd_absent.cc"}
        bazel = bazel_files("command")
        self.assert_same(
            cmake_list("command_sources") | zstd,
            outside(bazel, "engine/", "adapters/"),
        )

    def test_command_links_all_libraries(self):
        libraries = set()
        for name in ("cache", "net", "redis", "memcache", "lmdb", "tiered"):
            libraries |= cmake_list(f"{name}_sources")
        bazel = bazel_files("command")
        self.assertLessEqual(
            bazel - outside(bazel, "engine/", "adapters/"), libraries
        )


if __name__ == "__main__":
    unittest.main()
