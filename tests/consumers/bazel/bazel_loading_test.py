#!/usr/bin/env -S python3 -B
"""Loads appcache from the WORKSPACE of another project, without compiling."""

import re
import subprocess
import unittest

from consumer_workspace import TOP, WORK, Workspace

ARCHIVE = """
load("@bazel_tools//tools/build_defs/repo:http.bzl", "http_archive")

http_archive(
    name = "appcache",
    strip_prefix = "appcache-0",
    urls = ["file://{archive}"],
)
"""
OWN_RULES = """
local_repository(
    name = "rules_cc",
    path = "own_rules",
)
"""

# Newer releases of Bazel are as strict by default.
STRICT = [
    "--incompatible_disallow_empty_glob",
    "--incompatible_no_implicit_file_export",
    "--incompatible_restrict_string_escapes",
    "--incompatible_visibility_private_attributes_at_definition",
]
LOADED = [
    "//...",
    "@appcache//engine:cache",
    "@appcache//adapters/lmdb:lmdb_cache",
    "@appcache//adapters/memcache:memcache_cache",
    "@appcache//adapters/tiered:tiered_cache",
]
PARTS = ["BUILD.bazel", "WORKSPACE", "MODULE.bazel", "adapters", "engine"]
PARTS += ["tools/build", "tools/debian", "tools/deps"]


class LoadingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = Workspace()

    @classmethod
    def tearDownClass(cls):
        cls.project.stop()

    def load(self, workspace):
        self.project.write("WORKSPACE", workspace)
        self.project.run("build", "--nobuild", *STRICT, *LOADED)

    def declaration(self, name):
        """Returns how the workspace declares a repository."""
        return self.project.run("query", "--output=build", f"//external:{name}")

    def test_folder(self):
        self.load(self.project.workspace_text)

    def test_archive(self):
        archive = WORK / "appcache.tar.gz"
        subprocess.run(
            [
                "tar", "--create", "--gzip", f"--file={archive}",
                f"--directory={TOP}", "--transform=s,^,appcache-0/,", *PARTS,
            ],
            check=True,
        )
        workspace, count = re.subn(
            r"local_repository\(.*?\n\)\n",
            ARCHIVE.format(archive=archive),
            self.project.workspace_text,
            flags=re.DOTALL,
        )
        self.assertEqual(count, 1)
        self.load(workspace)

    def test_repositories_of_the_consumer_are_kept(self):
        self.project.write("WORKSPACE", self.project.workspace_text)
        self.assertNotIn("own_rules", self.declaration("rules_cc"))
        self.project.write(
            "WORKSPACE", OWN_RULES + self.project.workspace_text
        )
        self.assertIn('"own_rules"', self.declaration("rules_cc"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
