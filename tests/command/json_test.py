"""Validates what every command prints with --json against json.schema.json.

Usage: json_test.py APPCACHE SCHEMA PAGE RECORDED

RECORDED is the program that `record` records.
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

import jsonschema

APPCACHE, SCHEMA, PAGE, RECORDED = (
    os.path.abspath(path) for path in sys.argv[1:5])

# For each command, the arguments of its runs, in order. {} is a cache with a
# few entries, which each command gets anew.
RUNS = {
    "get": [["{}", "key"], ["{}", "--key-path", b"\xff"], ["{}", "missing"]],
    "set": [["{}", "key", "value"], ["{}", "--key-path", b"\xff", "value"]],
    "del": [["{}", "key"], ["{}", "--matching", "*", "--dry-run"]],
    "ttl": [["{}", "key"], ["{}", "forever"], ["{}", "missing"]],
    "expire": [["{}", "key", "5m"], ["{}", "key", "never"],
               ["{}", "missing", "5m"]],
    "keys": [["{}"], ["{}", "nothing*"]],
    "stats": [["{}"], ["{}", "--watch=1ms", "--count=3"],
              ["--recorder", "cache.record", "--timeout=1h"],
              ["--recorder", "cache.record", "--timeout=1h", "--watch=1ms",
               "--count=3"]],
    "top": [["{}"], ["{}", "--by", "use"]],
    "clear": [["{}", "ke"], ["{}", "--yes"]],
    "check": [["{}"], ["{}", "--fix"]],
    "dump": [["{}", "dump.bin"], ["{}", "--format", "jsonl", "dump.jsonl"]],
    "load": [["{}", "dump.bin"], ["{}", "dump.jsonl"]],
    "ping": [["{}", "--count", "3"]],
    "exec": [["{}", "--list"]],
    "mrc": [["trace"], ["trace", "--compare", "--hit-ratio", "50"],
            ["trace", "--sample", "50", "--hit-ratio", "99"],
            ["ttl.csv", "--hit-ratio", "50"]],
    "record": [["cache.record", "recorded"],
               ["cache.record", "recorded", "--sample", "100%"],
               ["cache.record", "recorded", "--requests", "5"]],
    "replay": [["trace", "--max-entries", "1"],
               ["trace", "--max-entries", "1,2", "--max-bytes", "1KiB"]],
}

# Only a SQLite file has a check, and sorts by the last access.
ONLY_SQLITE = ("check", "load", "mrc", "record", "replay")
CACHES = ["cache.db", "lmdb:lmdb", "tiered:memory:json_test|lmdb:lmdb"]


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class JsonTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.schema = load(SCHEMA)

    def run_command(self, *arguments):
        environment = {"HOME": self.directory, "PATH": os.environ["PATH"]}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                environment[name] = os.environ[name]
        return subprocess.run(
            [APPCACHE, *arguments], cwd=self.directory, env=environment,
            stdin=subprocess.DEVNULL, capture_output=True, check=False)

    def must_run(self, *arguments):
        done = self.run_command(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def files(self, cache, directory):
        """The files of a closed cache, in the directory."""
        name = "cache.db" if cache == "cache.db" else "lmdb"
        return glob.glob(f"{directory}/{name}*")

    def copy(self, cache, source, to):
        # LMDB's file has holes.
        subprocess.run(["cp", "-r", "--sparse=always",
                        *self.files(cache, source), to], check=True)

    def keep(self, cache):
        """Keeps a copy of the closed cache, for restore."""
        self.copy(cache, self.directory, f"{self.directory}/filled")

    def restore(self, cache):
        subprocess.run(["rm", "-r", *self.files(cache, self.directory)],
                       check=True)
        self.copy(cache, f"{self.directory}/filled", self.directory)

    def fill(self, cache):
        self.must_run("set", "--cache", cache, "--ttl", "1h", "key", "value")
        self.must_run("set", "--cache", cache, "forever", "value")
        self.must_run("set", "--cache", cache, "--key-path", b"\xff", b"\xfe")
        for word in ("echo", b"\xff"):
            self.must_run("exec", "--cache", cache, "--scope", "cwd", "--",
                          "echo", word)

    def start_recorded(self, requests):
        """Starts a program that makes cache.record, and is then recorded."""
        recorder = f"{self.directory}/cache.record"
        program = subprocess.Popen([RECORDED, recorder, str(requests)],
                                   stdout=subprocess.PIPE)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        while not os.path.exists(recorder):
            self.assertIsNone(program.poll())
            time.sleep(0.01)
        return program

    def start_program_of(self, command, words):
        """Starts the program that a run is about, if it is about one."""
        if command == "record":
            return self.start_recorded(2000)
        if "--recorder" not in words:
            return None
        # A program that does requests until it is killed.
        program = self.start_recorded(2 ** 64 - 1)
        self.must_run("record", "cache.record", "started", "--requests", "1")
        return program

    def validate(self, command, text):
        schema = {"$ref": f"#/definitions/{command}",
                  "definitions": self.schema["definitions"]}
        jsonschema.validate(json.loads(text), schema)

    def reports(self, run, text):
        """The reports of a run: one, or one on each line."""
        several = {"--count=3": 3, "1,2": 2}
        counts = [count for word, count in several.items() if word in run]
        if not counts:
            return [text]
        lines = text.splitlines()
        self.assertEqual(len(lines), counts[0])
        return lines

    def commands_with_json(self):
        listed = re.findall(r"^  (\w+) ", self.must_run("--help").decode(),
                            re.MULTILINE)
        return [command for command in listed
                if b"--json" in self.run_command(command, "--help").stdout]

    def test_every_command_with_json_is_in_the_schema_and_in_a_run(self):
        commands = self.commands_with_json()
        self.assertGreaterEqual(len(commands), 14)
        for command in commands:
            self.assertIn(command, self.schema["definitions"])
            self.assertIn(command, RUNS)

    def test_the_output_matches_the_schema(self):
        with open(f"{self.directory}/trace", "w", encoding="utf-8") as trace:
            trace.write("a\nb\na\na\n")
        with open(f"{self.directory}/ttl.csv", "w", encoding="utf-8") as trace:
            trace.write("time,key,ttl\n1,a,5\n2,a,5\n9,a,5\n")
        os.mkdir(f"{self.directory}/filled")
        for cache in CACHES[:2]:  # The tier has its entries in the second.
            self.fill(cache)
            self.keep(cache)
        for command, runs in RUNS.items():
            for cache in CACHES:
                is_sqlite = cache == CACHES[0]
                for run in runs:
                    others = "--by" in run or "--recorder" in run
                    if not is_sqlite and (command in ONLY_SQLITE or others):
                        continue
                    self.restore(cache)
                    words = []
                    for word in run:
                        words += (["--cache", cache] if word == "{}"
                                  else [word])
                    program = self.start_program_of(command, words)
                    done = self.run_command(command, "--json", *words)
                    if program:
                        if command == "stats":
                            program.kill()
                        program.communicate()
                        os.remove(f"{self.directory}/cache.record")
                    with self.subTest(command=command, words=words):
                        expected = 1 if "missing" in run else 0
                        self.assertEqual(done.returncode, expected,
                                         done.stderr)
                        for line in self.reports(run, done.stdout):
                            self.validate(command, line)

    def test_the_schema_refuses_other_fields_and_missing_ones(self):
        good = {"key": "a", "hit": True, "ttl_ms": None}
        self.validate("ttl", json.dumps(good))
        for bad in ({**good, "more": 1}, {"key": "a", "hit": True},
                    {**good, "key_base64": "YQ=="},
                    {**good, "ttl_ms": "1"}):
            with self.assertRaises(jsonschema.ValidationError):
                self.validate("ttl", json.dumps(bad))

    def test_the_page_has_every_field(self):
        with open(PAGE, encoding="utf-8") as file:
            sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)",
                                       file.read(), re.MULTILINE | re.DOTALL))
        for command in RUNS:
            self.assertIn(command, sections)
        where = {"entry": "keys", "tier": "stats", "times": "replay",
                 "run": "exec", "point": "mrc", "target": "mrc",
                 "hit_ratio_curve": "stats", "hit_ratio_point": "stats"}
        for name, schema in self.schema["definitions"].items():
            for field in schema.get("properties", {}):
                if not field.endswith("_base64"):
                    self.assertIn(f"`{field}`",
                                  sections[where.get(name, name)])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
