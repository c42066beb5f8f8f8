"""Tests bench/compare: its statistics, and whole runs with builds that are
scripts.

Usage: compare_test.py COMPARE
"""

import contextlib
import importlib.machinery
import importlib.util
import io
import itertools
import json
import math
import os
import random
import stat
import sys
import tempfile
import unittest

COMPARE = sys.argv.pop(1)


def load_compare():
    loader = importlib.machinery.SourceFileLoader("compare", COMPARE)
    spec = importlib.util.spec_from_loader("compare", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


compare = load_compare()


def p_by_enumeration(one, other):
    """The share of all ways to split the samples that give a U at least as far
    from the middle."""

    def distance(first, second):
        u = sum((a > b) + (a == b) / 2 for a in first for b in second)
        return abs(u - len(first) * len(second) / 2)

    pooled = one + other
    observed = distance(one, other)
    extreme = total = 0
    for chosen in itertools.combinations(range(len(pooled)), len(one)):
        first = [pooled[i] for i in chosen]
        second = [x for i, x in enumerate(pooled) if i not in chosen]
        extreme += distance(first, second) >= observed
        total += 1
    return extreme / total


class StatisticsTest(unittest.TestCase):
    def test_published_example(self):
        # The example in SciPy's documentation of mannwhitneyu.
        males, females = [19, 22, 16, 29, 24], [20, 11, 17, 12]
        p = compare.mann_whitney_p(males, females)
        self.assertAlmostEqual(p, 1 / 9)

    def test_published_approximation(self):
        males, females = [19, 22, 16, 29, 24], [20, 11, 17, 12]
        exact = compare.MAX_EXACT_SAMPLES
        compare.MAX_EXACT_SAMPLES = 0
        try:
            p = compare.mann_whitney_p(males, females)
        finally:
            compare.MAX_EXACT_SAMPLES = exact
        self.assertAlmostEqual(p, 0.11134688653314041)

    def test_exact_equals_enumeration(self):
        source = random.Random(1)
        for sizes in itertools.product(range(1, 6), repeat=2):
            pooled = source.sample(range(1000), sum(sizes))
            one, other = pooled[: sizes[0]], pooled[sizes[0] :]
            self.assertAlmostEqual(
                compare.mann_whitney_p(one, other),
                min(1.0, p_by_enumeration(one, other)),
            )

    def test_distribution_counts_all_orders(self):
        self.assertEqual(compare.u_distribution(2, 2), [1, 1, 2, 1, 1])
        for first, second in [(1, 7), (20, 20), (13, 5)]:
            self.assertEqual(
                sum(compare.u_distribution(first, second)),
                math.comb(first + second, second),
            )

    def test_sides_are_interchangeable(self):
        source = random.Random(2)
        for _ in range(100):
            one = source.choices(range(50), k=source.randrange(1, 30))
            other = source.choices(range(60), k=source.randrange(1, 30))
            self.assertAlmostEqual(
                compare.mann_whitney_p(one, other),
                compare.mann_whitney_p(other, one),
            )

    def test_ties_are_close_to_enumeration(self):
        one, other = [1, 1, 2, 3, 3, 4, 5, 5], [3, 4, 4, 5, 6, 6, 7]
        self.assertAlmostEqual(
            compare.mann_whitney_p(one, other),
            p_by_enumeration(one, other),
            delta=0.01,
        )

    def test_extremes(self):
        self.assertEqual(compare.mann_whitney_p([1, 1, 1], [1, 1]), 1)
        self.assertEqual(compare.mann_whitney_p([1], [2]), 1)
        apart = compare.mann_whitney_p(range(20), range(20, 40))
        self.assertAlmostEqual(apart, 2 / math.comb(40, 20))

    def test_equal_distributions_are_rarely_significant(self):
        source = random.Random(3)
        significant = 0
        for _ in range(1000):
            one, other = ([source.random() for _ in range(20)] for _ in "ab")
            significant += compare.mann_whitney_p(one, other) < 0.05
        self.assertLess(significant, 80)
        self.assertGreater(significant, 20)


# A benchmark program as far as bench/compare can tell. CASES maps names to
# (time in ns, counters); each run is logged.
BUILD = """#!/usr/bin/env python3
import json, random, re, sys

CASES = {cases!r}
options = dict(a.lstrip("-").partition("=")[::2] for a in sys.argv[1:])
pattern = options["benchmark_filter"]
names = [name for name in CASES if re.search(pattern, name)]
if "benchmark_list_tests" in options:
    print("\\n".join(names))
    sys.exit()
with open({log!r}, "a") as log:
    log.write({name!r} + " " + " ".join(names) + "\\n")
runs = []
for name in names:
    time, counters = CASES[name]
    time *= random.uniform(1, 1.01) / 1000
    runs.append({{"name": name, "run_type": "iteration", "real_time": time,
                 "cpu_time": time, "time_unit": "us", **counters}})
with open(options["benchmark_out"], "w") as out:
    json.dump({{"benchmarks": runs}}, out)
"""


class RunTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.log = self.path("log")

    def path(self, name):
        return os.path.join(self.directory, name)

    def build(self, name, cases):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(BUILD.format(cases=cases, log=self.log, name=name))
        os.chmod(path, stat.S_IRWXU)
        return path

    def runs(self):
        with open(self.log, encoding="utf-8") as file:
            return [line.split() for line in file]

    def compare(self, *arguments):
        """The exit status and the output."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(
            output
        ):
            status = compare.main([*arguments, "--repetitions=5"])
        return status, output.getvalue()

    def row(self, output, case):
        for line in output.splitlines():
            if line.startswith(f"| {case} "):
                return [cell.strip() for cell in line.strip("|").split("|")]
        self.fail(f"no row for {case} in {output}")

    def test_equal_builds(self):
        cases = {"get/a/1": (100, {"sql": 2}), "set/a/1": (200, {"new": 0.05})}
        status, output = self.compare(
            self.build("old", cases), self.build("new", cases)
        )
        self.assertEqual(status, 0, output)
        self.assertIn("2 cases: 0 slower, 0 faster", output)
        self.assertIn("counts: 0 higher, 0 lower", output)

    def test_slower_and_faster(self):
        old = {"a": (100, {}), "b": (100, {}), "c": (100, {})}
        new = {"a": (107, {}), "b": (103, {}), "c": (50, {})}
        status, output = self.compare(
            self.build("old", old), self.build("new", new)
        )
        self.assertEqual(status, 1)
        self.assertEqual(self.row(output, "a")[-1], "slower")
        self.assertEqual(self.row(output, "b")[-1], "")
        self.assertEqual(self.row(output, "c")[-1], "faster")

    def test_times_are_those_of_one_operation(self):
        cases = {"a": (20_000, {"ops": 20})}
        _, output = self.compare(
            self.build("old", cases), self.build("new", cases)
        )
        self.assertIn(self.row(output, "a")[1][:4], ("1,00", "1,01"))

    def test_higher_count(self):
        old = {"a": (1, {"sql": 5, "new": 1}), "b": (1, {"sql": 2})}
        new = {"a": (1, {"sql": 6, "new": 1}), "b": (1, {"sql": 1, "new": 9})}
        status, output = self.compare(
            self.build("old", old), self.build("new", new)
        )
        self.assertEqual(status, 1)
        self.assertIn("| a | sql | 5 | 6 | higher |", output)
        self.assertIn("| b | sql | 2 | 1 | lower |", output)
        self.assertIn("counts: 1 higher, 1 lower", output)

    def test_lower_count_alone_is_no_failure(self):
        status, _ = self.compare(
            self.build("old", {"a": (100, {"new": 2})}),
            self.build("new", {"a": (100, {"new": 1})}),
        )
        self.assertEqual(status, 0)

    def test_order_alternates(self):
        cases = {"a": (1, {}), "b+": (1, {}), "c": (1, {})}
        self.compare(
            self.build("old", cases), self.build("new", cases), "--group=2"
        )
        first, second = ["a", "b+"], ["c"]
        self.assertEqual(
            self.runs()[:8],
            [
                ["old", *first],
                ["new", *first],
                ["new", *second],
                ["old", *second],
                ["new", *first],
                ["old", *first],
                ["old", *second],
                ["new", *second],
            ],
        )
        self.assertEqual(len(self.runs()), 5 * 2 * 2)

    def test_filter_and_cases_of_one_build(self):
        old = {"get/a": (1, {}), "get/b": (1, {}), "set/a": (1, {})}
        new = {"get/a": (1, {}), "get/c": (1, {}), "set/a": (1, {})}
        status, output = self.compare(
            self.build("old", old), self.build("new", new), "--filter=^get"
        )
        self.assertEqual(status, 0)
        self.assertIn("not compared, only in the old build: get/b", output)
        self.assertIn("not compared, only in the new build: get/c", output)
        self.assertIn("1 cases", output)

    def test_saved_measurements(self):
        cases = ({"a": (100, {"sql": 1})}, {"a": (200, {"sql": 2})})
        _, measured = self.compare(
            self.build("old", cases[0]),
            self.build("new", cases[1]),
            f"--out={self.path('saved')}",
        )
        status, output = self.compare(f"--json={self.path('saved')}")
        self.assertEqual(status, 1)
        self.assertEqual(self.row(output, "a"), self.row(measured, "a"))
        self.assertIn("| a | sql | 1 | 2 | higher |", output)

    def test_failures(self):
        good = self.build("good", {"a": (1, {})})
        failed_case = {"error_occurred": True, "error_message": "went wrong"}
        bad = self.build("bad", {"a": (1, failed_case)})
        for arguments, message in [
            ((good, self.path("absent")), "cannot run"),
            ((good, bad), "went wrong"),
            ((good, "/bin/false"), "status 1"),
            ((good, good, "--filter=x"), "no case of both builds"),
            ((f"--json={self.path('absent')}",), "No such file"),
        ]:
            status, output = self.compare(*arguments)
            self.assertEqual(status, 2)
            self.assertIn(message, output)


if __name__ == "__main__":
    unittest.main()
