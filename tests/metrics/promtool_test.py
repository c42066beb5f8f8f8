"""Checks what is published for Prometheus with promtool, which accepts no
text that breaks the rules of the format or the conventions for names.

Usage: promtool_test.py EXPORTER APPCACHE
"""

import os
import subprocess
import sys
import tempfile
import unittest

EXPORTER, APPCACHE = (os.path.abspath(path) for path in sys.argv[1:3])


def promtool(text):
    """The exit status and the complaints of promtool."""
    result = subprocess.run(["promtool", "check", "metrics"], input=text,
                            text=True, capture_output=True)
    return result.returncode, result.stdout + result.stderr


class PromtoolTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def stats(self, location, *options):
        arguments = ["--cache", location]
        subprocess.run([APPCACHE, "set", *arguments, "key", "value"],
                       cwd=self.directory, check=True)
        return subprocess.run(
            [APPCACHE, "stats", *arguments, "--prometheus", *options],
            cwd=self.directory, check=True, text=True, capture_output=True
        ).stdout

    def assert_accepted(self, text):
        status, complaints = promtool(text)
        self.assertEqual((status, complaints), (0, ""), text)

    def test_promtool_finds_violations(self):
        for text in (
            "# HELP hits Reads.\n# TYPE hits counter\nhits 1\n",
            "# HELP a Text.\n# TYPE a gauge\na 1\n# HELP a Text.\n",
            '# HELP a Text.\n# TYPE a gauge\na{b="\\x"} 1\n',
        ):
            self.assertNotEqual(promtool(text)[0], 0, text)

    def test_a_program_with_several_caches(self):
        scrapes = subprocess.run([EXPORTER], check=True, text=True,
                                 capture_output=True).stdout
        scrapes = scrapes.split("# scrape\n")[1:]
        self.assertGreater(len(scrapes), 2)
        for text in scrapes[0], scrapes[-1]:
            self.assertIn('appcache_hits_total{cache="sessions"}', text)
            self.assertIn('appcache_hits_total{cache="users"}', text)
            self.assert_accepted(text)

    def test_the_command_with_each_set_of_names(self):
        odd_name = 'a"b\\c\nd.db'
        for location in ("cache.db", odd_name, "lmdb:.",
                         "tiered:memory:promtool|lmdb:."):
            text = self.stats(location)
            self.assertIn("# TYPE appcache_hits_total counter\n", text)
            self.assertEqual(text, self.stats(location, "--names", "appcache"))
            self.assert_accepted(text)
            text = self.stats(location, "--names", "micrometer")
            self.assertIn("# TYPE cache_gets_total counter\n", text)
            self.assertNotIn("appcache_", text)
            self.assert_accepted(text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
