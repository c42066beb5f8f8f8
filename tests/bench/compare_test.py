#!/usr/bin/env -S python3 -B
"""Tests tools/bench-compare: with measurements that are given, and with
builds that are scripts.

Usage: compare_test.py BENCH_COMPARE
"""

import contextlib
import importlib.machinery
import importlib.util
import io
import os
import random
import re
import stat
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

COMPARE = os.path.abspath(sys.argv.pop(1))


def load_compare():
    loader = importlib.machinery.SourceFileLoader("bench_compare", COMPARE)
    spec = importlib.util.spec_from_loader("bench_compare", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


compare = load_compare()

# pylint: disable=wrong-import-position
from bench_tools import builds, comparison, programs, results


class FakePrograms:
    """Takes the place of running programs. `builds` maps the name of a file to
    {case: (time in ns, counters)}; times vary by 1 %."""

    def __init__(self, all_builds):
        self._builds = all_builds
        self._source = random.Random(1)
        self.runs = []

    def _cases(self, command):
        return self._builds[os.path.basename(command[0])]

    def list_cases(self, command, pattern="."):
        return [c for c in self._cases(command) if re.search(pattern, c)]

    def run_cases(self, command, cases, min_time, repetitions=1):
        self.runs.append((os.path.basename(command[0]), list(cases)))
        measured = {}
        for case in cases:
            time, counters = self._cases(command)[case]
            measured[case] = [
                self._measurement(case, time, counters)
                for _ in range(repetitions)
            ]
        return measured, {"compiler": "12.2.0"}

    def _measurement(self, case, time, counters):
        taken = time * self._source.uniform(1, 1.01)
        entry = {"name": case, "time_unit": "ns", **counters}
        entry["real_time"] = entry["cpu_time"] = taken
        return programs.Measurement(entry)


class ComparisonTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.runs = []

    def compare(self, old, new, *arguments):
        """The exit status and the output."""
        fake = FakePrograms({"old": old, "new": new})
        output = io.StringIO()
        command = ["/bin/true", "/bin/true", "--repetitions=1", *arguments]
        with mock.patch.object(
            programs, "list_cases", fake.list_cases
        ), mock.patch.object(
            programs, "run_cases", fake.run_cases
        ), contextlib.redirect_stdout(output), contextlib.redirect_stderr(
            output
        ):
            status = compare.main(command)
        self.runs = fake.runs
        return status, output.getvalue()

    def row(self, output, case):
        for line in output.splitlines():
            if line.startswith(f"| {case} "):
                return [cell.strip() for cell in line.strip("|").split("|")]
        self.fail(f"no row for {case} in {output}")

    def test_equal_builds(self):
        cases = {"get/a/1": (100, {"sql": 2}), "set/a/1": (200, {"new": 0.05})}
        status, output = self.compare(cases, cases)
        self.assertEqual(status, 0, output)
        self.assertIn("2 cases: 0 slower, 0 faster", output)
        self.assertIn("counts: 0 higher, 0 lower, 0 unexpected", output)

    def test_slower_and_faster(self):
        old = {"a": (100, {}), "b": (100, {}), "c": (100, {})}
        new = {"a": (107, {}), "b": (103.5, {}), "c": (50, {})}
        status, output = self.compare(old, new)
        self.assertEqual(status, 1)
        self.assertEqual(self.row(output, "a")[-1], "slower")
        self.assertEqual(self.row(output, "b")[-1], "")
        self.assertEqual(self.row(output, "c")[-1], "faster")

    def test_a_faster_case_alone_is_no_failure(self):
        status, _ = self.compare({"a": (100, {})}, {"a": (80, {})})
        self.assertEqual(status, 0)

    def test_times_are_those_of_one_operation(self):
        cases = {"a": (20_000, {"ops": 20})}
        _, output = self.compare(cases, cases)
        self.assertIn(self.row(output, "a")[1][:4], ("1,00", "1,01"))

    def test_a_higher_count_is_a_failure(self):
        old = {"a": (1, {"sql": 5, "new": 1}), "b": (1, {"sql": 2})}
        new = {"a": (1, {"sql": 6, "new": 1}), "b": (1, {"sql": 1, "new": 9})}
        status, output = self.compare(old, new)
        self.assertEqual(status, 1)
        self.assertIn("| a | sql | 5 | 6 | higher |", output)
        self.assertIn("| b | sql | 2 | 1 | lower |", output)
        self.assertIn("counts: 1 higher, 1 lower", output)

    def test_each_count_is_compared(self):
        for name in ("sql", "new", "bytes_written", "round_trips"):
            status, output = self.compare(
                {"a": (1, {name: 1})}, {"a": (1, {name: 2})}
            )
            self.assertEqual(status, 1)
            self.assertIn(f"| a | {name} | 1 | 2 | higher |", output)

    def test_a_lower_count_alone_is_no_failure(self):
        status, _ = self.compare(
            {"a": (100, {"new": 2})}, {"a": (100, {"new": 1})}
        )
        self.assertEqual(status, 0)

    def test_an_expected_count_replaces_that_of_the_old_build(self):
        old, new = {"a": (100, {"new": 1})}, {"a": (100, {"new": 2})}
        status, output = self.compare(old, new, "--expect=^a$:new=2")
        self.assertEqual(status, 0, output)
        status, output = self.compare(old, new, "--expect=^a$:new=1.5")
        self.assertEqual(status, 1)
        self.assertIn("| a | new | 1.5 | 2 | unexpected |", output)
        status, _ = self.compare(old, new, "--expect=^b$:new=2")
        self.assertEqual(status, 1)

    def test_order_alternates(self):
        cases = {"a": (1, {}), "b+": (1, {}), "c": (1, {})}
        self.compare(cases, cases, "--group=2")
        first, second = ["a", "b+"], ["c"]
        self.assertEqual(
            self.runs[:8],
            [
                ("old", first),
                ("new", first),
                ("new", second),
                ("old", second),
                ("new", first),
                ("old", first),
                ("old", second),
                ("new", second),
            ],
        )
        self.assertEqual(len(self.runs), comparison.MIN_ROUNDS * 2 * 2)

    def test_only_suspicious_cases_are_measured_again(self):
        old = {"a": (100, {}), "b": (100, {})}
        new = {"a": (100, {}), "b": (104, {})}
        _, output = self.compare(old, new)
        again = self.runs[comparison.MIN_ROUNDS * 2 :]
        self.assertGreaterEqual(len(again), comparison.MIN_ROUNDS * 2)
        self.assertEqual({tuple(cases) for _, cases in again}, {("b",)})
        self.assertEqual(self.row(output, "b")[-1], "")

    def test_at_least_nine_rounds(self):
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(
            io.StringIO()
        ) as errors:
            compare.main(["a", "b", "--rounds=8"])
        self.assertIn("--rounds must be at least 9", errors.getvalue())

    def test_filter_and_cases_of_one_build(self):
        old = {"get/a": (1, {}), "get/b": (1, {}), "set/a": (1, {})}
        new = {"get/a": (1, {}), "get/c": (1, {}), "set/a": (1, {})}
        status, output = self.compare(old, new, "--filter=^get")
        self.assertEqual(status, 0)
        self.assertIn("not compared, only in the old build: get/b", output)
        self.assertIn("not compared, only in the new build: get/c", output)
        self.assertIn("1 cases", output)

    def test_the_default_is_the_standard_set_where_there_is_one(self):
        standard = (
            "get_hit/appcache_file/file/256/entries:1000/keys:zipf/threads:1"
        )
        cases = {standard: (1, {}), "get_hit/tkrzw/memory/16": (1, {})}
        _, output = self.compare(cases, cases)
        self.assertIn("1 cases: ", output)
        self.assertEqual({tuple(c) for _, c in self.runs}, {(standard,)})

    def test_the_result_can_be_saved_and_read(self):
        path = os.path.join(self.directory, "result.json")
        status, _ = self.compare(
            {"a": (100, {"sql": 1})},
            {"a": (200, {"sql": 2})},
            f"--out={path}",
        )
        self.assertEqual(status, 1)
        saved = results.load(path)["comparison"]
        self.assertEqual(saved["effects"][0]["verdict"], "slower")
        self.assertAlmostEqual(saved["effects"][0]["ratio"], 2, delta=0.05)
        self.assertEqual(saved["counts"][0]["verdict"], "higher")
        samples = saved["samples"][0]
        self.assertEqual(samples["repeated_from"], comparison.MIN_ROUNDS)
        self.assertGreaterEqual(
            len(samples["new"]["cpu_ns"]), 2 * comparison.MIN_ROUNDS
        )


# A benchmark program with the case "a" of 100 ns. It logs its arguments.
BUILD = """#!/usr/bin/env bash
case $* in
  *--benchmark_list_tests*) echo a; exit ;;
esac
echo "$0 $*" >> LOG
STEP
cat <<'END'
{"benchmarks": [{"name": "a", "run_name": "a", "run_type": "iteration",
  "real_time": 0.1, "cpu_time": 0.1, "time_unit": "us"ENTRY},
  {"name": "a_mean", "run_name": "a", "run_type": "aggregate",
  "real_time": 1, "cpu_time": 1, "time_unit": "us"}]}
END
"""


class ProgramTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def build(self, name, step=":", entry="", text=BUILD):
        text = text.replace("LOG", self.path("log"))
        text = text.replace("STEP", step).replace("ENTRY", entry)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), stat.S_IRWXU)
        return self.path(name)

    def build_with(self, name, field, value):
        """A build whose report has this in its context."""
        context = '{"context": {"%s": "%s"}, "benchmarks"' % (field, value)
        return self.build(name, text=BUILD.replace('{"benchmarks"', context))

    def compare(self, *arguments):
        """The exit status and the output."""
        done = subprocess.run(
            [sys.executable, "-B", COMPARE, *arguments, "--group=9"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def test_programs_are_run_alternately_from_paths_of_one_length(self):
        status, output = self.compare(self.build("one"), self.build("another"))
        self.assertEqual(status, 0, output)
        self.assertIn("1 cases: 0 slower", output)
        with open(self.path("log"), encoding="utf-8") as file:
            runs = [line.split()[0] for line in file]
        self.assertEqual(len(runs), 18)
        self.assertEqual(len({len(path) for path in runs}), 1)
        names = [os.path.basename(path) for path in runs]
        self.assertEqual(names[:4], ["old", "new", "new", "old"])

    def test_elapsed_times_stand_beside_those_that_decide(self):
        slow = BUILD.replace('"real_time": 0.1', '"real_time": 0.3')
        old, new = self.build("old"), self.build("new", text=slow)
        status, output = self.compare(old, new)
        self.assertEqual(status, 0, output)
        self.assertIn("| p | elapsed | verdict |", output)
        self.assertRegex(output, r"\| a \|.* 1\.000 .*\| 3\.000 \|  \|")
        status, output = self.compare(old, new, "--time=real")
        self.assertEqual(status, 1, output)
        self.assertIn("| p | CPU | verdict |", output)
        self.assertRegex(output, r"\| a \|.* 3\.000 .*\| 1\.000 \| slower \|")

    def test_builds_with_and_without_optimization_are_refused(self):
        status, output = self.compare(
            self.build_with("a", "optimized", "yes"),
            self.build_with("b", "optimized", "NO: x"),
        )
        self.assertEqual(status, 2, output)
        self.assertIn("NEW was compiled without optimization", output)
        with open(self.path("log"), encoding="utf-8") as file:
            self.assertEqual(len(list(file)), 2)

    def test_cpu_times_of_different_kinds_are_refused(self):
        builds_of_both = (
            self.build("a"),
            self.build_with("b", "cpu_time", "all threads"),
        )
        status, output = self.compare(*builds_of_both)
        self.assertEqual(status, 2, output)
        self.assertIn("compare with --time=real", output)
        status, output = self.compare(*builds_of_both, "--time=real")
        self.assertEqual(status, 0, output)

    def test_failures_say_what_is_expected(self):
        good = self.build("good")
        error = ', "error_occurred": true, "error_message": "went wrong"'
        plain = self.path("plain")
        with open(plain, "w", encoding="utf-8") as file:
            file.write("text")
        for other, message in [
            (self.path("absent"), "expected a program, a Git revision, or ."),
            ("no-such-revision", "neither a file nor a Git revision"),
            (plain, "it is not executable"),
            (self.build("bad", entry=error), "a: went wrong"),
            # As suite_benchmark, which prints its report and fails.
            (
                self.build("exits", text=BUILD + "exit 1\n", entry=error),
                "a: went wrong",
            ),
            (self.build("ends", step="exit 3"), "failed with status 3"),
            (
                self.build("garbage", step="echo x; exit"),
                "printed no report of Google Benchmark",
            ),
        ]:
            status, output = self.compare(good, other)
            self.assertEqual(status, 2, output)
            self.assertIn("bench-compare: ", output)
            self.assertIn(message, output)
        status, output = self.compare(good, good, "--filter=x(")
        self.assertEqual(status, 0, output)  # The script ignores the filter.

    def test_an_expectation_of_an_unknown_count_is_refused(self):
        status, output = self.compare("a", "b", "--expect=a:nwe=1")
        self.assertEqual(status, 2)
        self.assertIn("COUNT one of sql, new, bytes_written", output)


# Takes the place of Bazel: makes a program that contains the file "version".
BAZEL = """#!/usr/bin/env bash
set -e
echo "$PWD $*" >> LOG
case $1 in
  build) mkdir -p out && sed "s/VERSION/$(cat version)/" program > out/program
    chmod +x out/program ;;
  info) pwd ;;
  cquery) echo out/program ;;
esac
"""


class RevisionTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.top = os.path.join(directory.name, "repository")
        os.mkdir(self.top)
        self.log = os.path.join(directory.name, "log")
        commands = os.path.join(directory.name, "commands")
        os.mkdir(commands)
        bazel = os.path.join(commands, "bazel")
        with open(bazel, "w", encoding="utf-8") as file:
            file.write(BAZEL.replace("LOG", self.log))
        os.chmod(bazel, stat.S_IRWXU)
        self.enterContext(mock.patch.object(builds, "TOP", self.top))
        environment = {"PATH": f"{commands}:{os.environ['PATH']}"}
        for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
            environment[name] = ""
        self.enterContext(mock.patch.dict(os.environ, environment))
        for name in list(environment)[1:]:
            del os.environ[name]
        self.program = os.path.join(directory.name, "fetched")
        self.git("init", "--quiet")
        self.write("program", "VERSION")
        self.commit("1")
        self.commit("2")
        self.write("version", "3")

    def git(self, *arguments):
        names = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        return subprocess.run(
            ["git", *names, *arguments],
            cwd=self.top,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def write(self, name, text):
        with open(os.path.join(self.top, name), "w", encoding="utf-8") as file:
            file.write(text)

    def commit(self, version):
        self.write("version", version)
        self.git("add", ".")
        self.git("commit", "--quiet", "--message=change")

    def fetch(self, name):
        builds.fetch(name, "//bench:program", self.program)
        with open(self.program, encoding="utf-8") as file:
            return file.read()

    def test_a_revision_is_built_apart_from_the_working_tree(self):
        self.assertEqual(self.fetch("HEAD~1"), "1")
        self.assertEqual(self.fetch("HEAD"), "2")
        self.assertEqual(self.fetch("."), "3")
        status = self.git("status", "--porcelain").splitlines()
        self.assertEqual(status, [" M version", "?? out/"])
        # No worktree is left.
        self.assertEqual(len(self.git("worktree", "list").splitlines()), 1)

    def test_the_build_is_optimized(self):
        self.fetch(".")
        with open(self.log, encoding="utf-8") as file:
            calls = file.read().splitlines()
        self.assertIn("--compilation_mode=opt //bench:program", calls[0])

    def test_a_failed_build_is_a_failure_and_leaves_no_worktree(self):
        self.git("rm", "--quiet", "--force", "program")
        self.git("commit", "--quiet", "--message=remove")
        with self.assertRaisesRegex(builds.Failure, "cannot build"):
            self.fetch("HEAD")
        self.assertEqual(len(self.git("worktree", "list").splitlines()), 1)


if __name__ == "__main__":
    unittest.main()
