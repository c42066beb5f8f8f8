#!/usr/bin/env -S python3 -B
"""Compares the versions that are written elsewhere with version.h."""

import pathlib
import re
import unittest

HEADER = "engine/include/appcache/version.h"
PACKAGE = "tools/debian_package"


def only_match(pattern, path):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    return re.search(pattern, text, re.MULTILINE).group(1)


class VersionsTest(unittest.TestCase):
    def setUp(self):
        numbers = [
            only_match(rf"^#define APPCACHE_VERSION_{part} (\d+)$", HEADER)
            for part in ("MAJOR", "MINOR", "PATCH")
        ]
        self.version = ".".join(numbers)

    def test_string_has_the_numbers(self):
        pattern = r'^#define APPCACHE_VERSION "(.*)"$'
        self.assertEqual(only_match(pattern, HEADER), self.version)

    def test_bazel_module(self):
        pattern = r'^module\((?:.|\n)*?^    version = "(.*)",'
        self.assertEqual(only_match(pattern, "MODULE.bazel"), self.version)

    def test_debian_changelog(self):
        path = f"{PACKAGE}/changelog"
        pattern = r"\A[^(]*\((.*)\)"
        self.assertEqual(only_match(pattern, path), self.version)

    def test_debian_package_has_the_number_of_the_abi(self):
        pattern = r"^Package: libappcache(\d+)$"
        self.assertEqual(
            only_match(pattern, f"{PACKAGE}/control"),
            only_match(r"^#define APPCACHE_ABI_VERSION (\d+)$", HEADER),
        )


if __name__ == "__main__":
    unittest.main(verbosity=2)
