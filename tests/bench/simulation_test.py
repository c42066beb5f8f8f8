#!/usr/bin/env -S python3 -B
"""Simulates comparisons with times that were recorded on a busy machine: equal
builds have no verdict, and a build that is 10 % slower is found.

Usage: simulation_test.py TOOLS NOISE

NOISE is noise.json: the nanoseconds of one operation in consecutive runs of one
program, for some cases. The fastest of five repetitions of each run counts, as
in tools/bench-compare. Load lasts for several runs, so that consecutive values
are alike; the simulation keeps their order.
"""

import json
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.abspath(sys.argv.pop(1)))

# pylint: disable=wrong-import-position
from bench_tools import comparison

with open(sys.argv.pop(1), encoding="utf-8") as recorded:
    NOISE = json.load(recorded)

CASES = 4
COMPARISONS = 20
SLOWER = "case 3"


class Machine:
    """Takes the place of running programs. Each case has the noise of one of
    the recorded cases, from a random place on."""

    def __init__(self, seed, factor):
        self._source = random.Random(seed)
        self._factor = factor
        self.cases = [f"case {i}" for i in range(CASES)]
        noises = list(NOISE.values())
        self._noise = {
            case: noises[i % len(noises)] for i, case in enumerate(self.cases)
        }
        self._at = {
            case: self._source.randrange(len(self._noise[case]))
            for case in self.cases
        }

    def measure(self, side, cases):
        samples = {}
        for case in cases:
            noise = self._noise[case]
            self._at[case] = (self._at[case] + 1) % len(noise)
            time = noise[self._at[case]]
            # The record is short: no two rounds of it are the same.
            time *= self._source.lognormvariate(0, 0.005)
            if side == comparison.NEW and case == SLOWER:
                time *= self._factor
            samples[case] = comparison.Sample(time, time, {"new": 1.0})
        return samples


def verdicts(seed, factor):
    """{case: verdict} of the cases that have one."""
    machine = Machine(seed, factor)
    work = comparison.Comparison(machine.measure)
    rounds = comparison.MIN_ROUNDS, comparison.MAX_ROUNDS
    effects = work.run(machine.cases, *rounds)
    return {c: e.verdict for c, e in effects.items() if e.verdict}


class SimulationTest(unittest.TestCase):
    def test_equal_builds_have_no_verdict(self):
        found = [verdicts(seed, 1.0) for seed in range(COMPARISONS)]
        self.assertEqual([v for v in found if v], [])

    def test_a_build_that_is_10_percent_slower_is_found(self):
        found = [verdicts(100 + seed, 1.1) for seed in range(COMPARISONS)]
        slower = sum(v == {SLOWER: "slower"} for v in found)
        self.assertGreaterEqual(slower, 19, found)

    def test_a_build_that_is_10_percent_faster_is_found(self):
        found = [verdicts(200 + seed, 1 / 1.1) for seed in range(COMPARISONS)]
        faster = sum(v == {SLOWER: "faster"} for v in found)
        self.assertGreaterEqual(faster, 19, found)


class StoppingTest(unittest.TestCase):
    """When a suspicious case has been measured often enough."""

    def run_case(self, times, max_rounds=60, cases=("a",)):
        """The effect of the case "a", whose new times are `times()`."""

        def measure(side, asked):
            values = {
                case: times() if side == comparison.NEW else 100.0
                for case in asked
            }
            return {c: comparison.Sample(t, t, {}) for c, t in values.items()}

        work = comparison.Comparison(measure)
        return work.run(list(cases), comparison.MIN_ROUNDS, max_rounds)["a"]

    def test_a_precise_case_needs_few_pairs(self):
        source = random.Random(1)
        effect = self.run_case(lambda: source.uniform(109, 111))
        self.assertEqual(effect.verdict, "slower")
        self.assertLess(effect.pairs, 15)
        self.assertTrue(effect.is_precise)

    def test_a_noisy_case_ends_at_the_limit(self):
        source = random.Random(2)
        effect = self.run_case(lambda: source.uniform(60, 160), 30)
        self.assertEqual(effect.pairs, 30)
        self.assertFalse(effect.is_precise)

    def test_many_suspicious_cases_have_enough_pairs_to_be_significant(self):
        source = random.Random(3)
        cases = ["a"] + [f"b{i}" for i in range(200)]
        effect = self.run_case(lambda: source.uniform(119, 121), 9, cases)
        self.assertEqual(effect.verdict, "slower")

    def test_a_change_below_5_percent_has_no_verdict(self):
        source = random.Random(4)
        effect = self.run_case(lambda: source.uniform(103.8, 104.2))
        self.assertEqual(effect.verdict, "")
        self.assertLess(effect.p, 0.01)


if __name__ == "__main__":
    unittest.main()
