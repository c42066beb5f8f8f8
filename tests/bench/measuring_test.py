#!/usr/bin/env -S python3 -B
"""Tests what tools/bench measures: the choice of cases, the number of rounds,
runs that have to be repeated, and the synthetic trace.

Usage: measuring_test.py TOOLS
"""

import os
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, os.path.abspath(sys.argv.pop(1)))

# pylint: disable=wrong-import-position
from bench_tools import measuring, plan, programs, traces
from bench_tools.failure import Failure

MEMORY = "/memory/256/entries:10000/keys:zipf/threads:1"


class PlanTest(unittest.TestCase):
    def test_the_standard_set(self):
        def name(operation, side, size, entries, keys, threads):
            return (
                f"{operation}/{side}/memory/{size}/entries:{entries}"
                f"/keys:{keys}/threads:{threads}"
            )

        chosen = [
            name("get_hit", "tkrzw", 256, 10000, "zipf", 1),
            name("get_hit", "tkrzw", 256, 10000, "zipf", 2),
            # It draws no keys.
            name("set_new", "tkrzw", 256, 10000, "uniform", 1),
            name("loop", "none", 0, 10000, "zipf", 1),
        ]
        others = [
            name("get_hit", "tkrzw", 256, 10000, "zipf", 4),
            name("get_hit", "tkrzw", 256, 10000, "uniform", 1),
            name("get_hit", "tkrzw", 256, 10000, "hot", 1),
            name("get_hit", "tkrzw", 16, 10000, "zipf", 1),
            name("get_hit", "tkrzw", 256, 1000, "zipf", 1),
            name("get_hit", "probe", 256, 10000, "zipf", 1),
            name("set_new", "tkrzw", 256, 10000, "uniform", 2),
        ]
        self.assertEqual(plan.standard(chosen + others), chosen)

    def test_a_unit_has_the_cases_of_one_store(self):
        names = [
            f"{operation}/{side}{MEMORY}"
            for operation in ("get_hit", "set_over")
            for side in ("tkrzw", "caffeine")
        ]
        units = plan.units({"program": names})
        self.assertEqual([len(unit.cases) for unit in units], [2, 2])
        for unit in units:
            self.assertEqual(len({n.split("/")[1] for n in unit.cases}), 1)

    def test_a_name_without_the_parts_is_refused(self):
        for name in ("get_hit", "get/a/memory/x", "a/b/c/1/threads:x"):
            with self.assertRaisesRegex(Failure, "is no name of a case"):
                programs.Case.parse(name)


class SteadyRunsTest(unittest.TestCase):
    def measure(self, iterations):
        """The times of the measurements of runs with these iterations, of
        which each has a time of its own."""
        runs = iter(enumerate(iterations))

        def run_cases(command, cases, min_time, repetitions):
            del command, min_time, repetitions
            number, count = next(runs)
            entry = {
                "name": cases[0],
                "iterations": count,
                "real_time": number,
                "cpu_time": number,
                "time_unit": "ns",
            }
            return {cases[0]: [programs.Measurement(entry)]}, {}

        steady = programs.SteadyRuns()
        times = []
        with mock.patch.object(programs, "run_cases", run_cases):
            try:
                while True:
                    measured, _ = steady.run([], ["a"], 0.1)
                    times.append(measured["a"][0].real_ns)
            except StopIteration:
                return times

    def test_a_run_with_few_iterations_is_repeated(self):
        self.assertEqual(self.measure([900, 5, 800, 400]), [0, 2, 3])

    def test_a_slower_program_is_accepted_in_the_end(self):
        self.assertEqual(self.measure([900, 90, 90, 90, 90]), [0, 4])


class BudgetTest(unittest.TestCase):
    """The number of rounds, with a clock that each run moves."""

    def rounds(self, of_one, seconds, rounds=9, least=3):
        clock = [0.0]

        def run_cases(command, cases, min_time, repetitions):
            del command, min_time, repetitions
            clock[0] += of_one
            entry = {"real_time": 1, "cpu_time": 1, "time_unit": "ns"}
            return {
                case: [programs.Measurement({"name": case, **entry})]
                for case in cases
            }, {}

        unit = plan.Unit("program", ["get_hit/tkrzw" + MEMORY])
        work = measuring.Measuring(
            {"program": []}, 0.1, 1, lambda text: None
        )
        with mock.patch.object(
            programs, "run_cases", run_cases
        ), mock.patch.object(
            measuring.time, "monotonic", lambda: clock[0]
        ):
            return work.run([unit], rounds, least, seconds)

    def test_all_rounds_if_there_is_time(self):
        self.assertEqual(self.rounds(of_one=1, seconds=200), 9)

    def test_no_round_begins_that_would_not_end_in_time(self):
        self.assertEqual(self.rounds(of_one=40, seconds=200), 5)

    def test_some_rounds_in_any_case(self):
        self.assertEqual(self.rounds(of_one=500, seconds=200), 3)


class TraceTest(unittest.TestCase):
    def test_the_synthetic_trace_is_reproducible_and_skewed(self):
        with tempfile.TemporaryDirectory() as folder:
            texts = []
            for seed in (1, 1, 2):
                path = os.path.join(folder, "trace")
                traces.write_zipf(path, seed, requests=20_000, keys=1_000)
                with open(path, encoding="utf-8") as file:
                    texts.append(file.read())
        self.assertEqual(texts[0], texts[1])
        self.assertNotEqual(texts[0], texts[2])
        keys = texts[0].split()
        self.assertEqual(len(keys), 20_000)
        total = sum(1 / rank**0.99 for rank in range(1, 1001))
        for key in (0, 1, 9):
            expected = 20_000 / (key + 1) ** 0.99 / total
            counted = keys.count(str(key))
            self.assertLess(abs(counted - expected), 5 * expected**0.5)


if __name__ == "__main__":
    unittest.main()
