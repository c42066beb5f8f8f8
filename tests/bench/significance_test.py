#!/usr/bin/env -S python3 -B
"""Tests the estimates and tests of tools/bench_tools/significance.py.

Usage: significance_test.py FOLDER_OF_BENCH_TOOLS
"""

import itertools
import math
import os
import random
import statistics
import sys
import unittest

sys.path.insert(0, os.path.abspath(sys.argv.pop(1)))

# pylint: disable=wrong-import-position
from bench_tools import significance


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


class MannWhitneyTest(unittest.TestCase):
    def test_published_example(self):
        # The example in SciPy's documentation of mannwhitneyu.
        males, females = [19, 22, 16, 29, 24], [20, 11, 17, 12]
        p = significance.mann_whitney_p(males, females)
        self.assertAlmostEqual(p, 1 / 9)

    def test_published_approximation(self):
        males, females = [19, 22, 16, 29, 24], [20, 11, 17, 12]
        exact = significance.MAX_EXACT_SAMPLES
        significance.MAX_EXACT_SAMPLES = 0
        try:
            p = significance.mann_whitney_p(males, females)
        finally:
            significance.MAX_EXACT_SAMPLES = exact
        self.assertAlmostEqual(p, 0.11134688653314041)

    def test_exact_equals_enumeration(self):
        source = random.Random(1)
        for sizes in itertools.product(range(1, 6), repeat=2):
            pooled = source.sample(range(1000), sum(sizes))
            one, other = pooled[: sizes[0]], pooled[sizes[0] :]
            self.assertAlmostEqual(
                significance.mann_whitney_p(one, other),
                min(1.0, p_by_enumeration(one, other)),
            )

    def test_distribution_counts_all_orders(self):
        self.assertEqual(significance.u_distribution(2, 2), [1, 1, 2, 1, 1])
        for first, second in [(1, 7), (20, 20), (13, 5)]:
            self.assertEqual(
                sum(significance.u_distribution(first, second)),
                math.comb(first + second, second),
            )

    def test_sides_are_interchangeable(self):
        source = random.Random(2)
        for _ in range(100):
            one = source.choices(range(50), k=source.randrange(1, 30))
            other = source.choices(range(60), k=source.randrange(1, 30))
            self.assertAlmostEqual(
                significance.mann_whitney_p(one, other),
                significance.mann_whitney_p(other, one),
            )

    def test_ties_are_close_to_enumeration(self):
        one, other = [1, 1, 2, 3, 3, 4, 5, 5], [3, 4, 4, 5, 6, 6, 7]
        self.assertAlmostEqual(
            significance.mann_whitney_p(one, other),
            p_by_enumeration(one, other),
            delta=0.01,
        )

    def test_extremes(self):
        self.assertEqual(significance.mann_whitney_p([1, 1, 1], [1, 1]), 1)
        self.assertEqual(significance.mann_whitney_p([1], [2]), 1)
        apart = significance.mann_whitney_p(range(20), range(20, 40))
        self.assertAlmostEqual(apart, 2 / math.comb(40, 20))

    def test_equal_distributions_are_rarely_significant(self):
        source = random.Random(3)
        significant = 0
        for _ in range(1000):
            one, other = ([source.random() for _ in range(20)] for _ in "ab")
            significant += significance.mann_whitney_p(one, other) < 0.05
        self.assertLess(significant, 80)
        self.assertGreater(significant, 20)


def signed_rank_by_enumeration(differences):
    """The share of all choices of signs whose sum of positive ranks is at
    least as far from the middle."""
    all_ranks, _ = significance.ranks([abs(d) for d in differences])
    middle = sum(all_ranks) / 2

    def distance(signs):
        positive = sum(r for r, sign in zip(all_ranks, signs) if sign > 0)
        return abs(positive - middle)

    observed = distance(differences)
    choices = list(itertools.product((-1, 1), repeat=len(differences)))
    return sum(distance(c) >= observed for c in choices) / len(choices)


class SignedRankTest(unittest.TestCase):
    def test_published_example(self):
        # The example in SciPy's documentation of wilcoxon: p is 0.041259766.
        heights = [6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75]
        self.assertAlmostEqual(
            significance.signed_rank_p(heights), 0.041259765625
        )

    def test_exact_equals_enumeration_also_with_ties(self):
        source = random.Random(4)
        for size in range(1, 10):
            differences = [
                source.choice((-3, -2, -1, 1, 2, 3)) for _ in range(size)
            ]
            self.assertAlmostEqual(
                significance.signed_rank_p(differences),
                min(1.0, signed_rank_by_enumeration(differences)),
            )

    def test_extremes(self):
        self.assertEqual(significance.signed_rank_p([]), 1)
        self.assertEqual(significance.signed_rank_p([0, 0]), 1)
        apart = significance.signed_rank_p(range(1, 10))
        self.assertAlmostEqual(apart, 2 / 2**9)

    def test_symmetric_differences_are_rarely_significant(self):
        source = random.Random(5)
        significant = sum(
            significance.signed_rank_p([source.gauss(0, 1) for _ in range(15)])
            < 0.05
            for _ in range(2000)
        )
        self.assertLess(significant, 2000 * 0.07)
        self.assertGreater(significant, 2000 * 0.03)


class EstimateTest(unittest.TestCase):
    def test_hodges_lehmann_is_the_median_of_the_walsh_averages(self):
        # (1, 1), (1, 2), (1, 9), (2, 2), (2, 9), (9, 9)
        averages = [1, 1.5, 2, 5, 5.5, 9]
        self.assertEqual(
            significance.hodges_lehmann([1, 2, 9]),
            statistics.median(averages),
        )

    def test_an_outlier_hardly_moves_the_estimate(self):
        usual = [1.0, 1.1, 0.9, 1.05, 0.95, 1.02, 0.98]
        moved = significance.hodges_lehmann(usual + [1000])
        self.assertLess(abs(moved - 1), 0.1)

    def test_intervals_contain_the_truth_as_often_as_they_say(self):
        source = random.Random(6)
        paired = independent = 0
        for _ in range(1000):
            ones = [source.gauss(0, 1) for _ in range(12)]
            others = [source.gauss(0.5, 1) for _ in range(12)]
            low, high = significance.paired_interval(others)
            paired += low <= 0.5 <= high
            low, high = significance.shift_interval(ones, others)
            independent += low <= 0.5 <= high
        for contained in (paired, independent):
            self.assertGreater(contained, 930)
            self.assertLess(contained, 985)

    def test_few_samples_have_no_interval(self):
        everything = (-math.inf, math.inf)
        self.assertEqual(significance.paired_interval([1, 2, 3]), everything)
        self.assertEqual(significance.shift_interval([1], [2]), everything)

    def test_shift_is_the_median_difference(self):
        self.assertEqual(significance.shift([1, 2, 3], [11, 12, 13]), 10)


class HolmTest(unittest.TestCase):
    def test_published_example(self):
        # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
        adjusted = significance.holm([0.01, 0.04, 0.03, 0.005])
        for one, other in zip(adjusted, [0.03, 0.06, 0.06, 0.02]):
            self.assertAlmostEqual(one, other)

    def test_no_more_than_one(self):
        self.assertEqual(significance.holm([0.9, 0.8]), [1, 1])
        self.assertEqual(significance.holm([]), [])


if __name__ == "__main__":
    unittest.main()
