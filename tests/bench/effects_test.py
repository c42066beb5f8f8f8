#!/usr/bin/env -S python3 -B
"""Tests what a report says of two results: the effects and their verdicts.

Usage: effects_test.py TOOLS
"""

import os
import sys
import unittest

sys.path[:0] = [
    os.path.dirname(os.path.abspath(__file__)),
    os.path.abspath(sys.argv.pop(1)),
]

# pylint: disable=wrong-import-position
import example_result
from bench_tools import effects, sections


class BeforeAndAfterTest(unittest.TestCase):
    def test_a_slower_case_is_found_and_others_are_not(self):
        before = example_result.result(1)
        slower = ("set_over", "appcache_file")
        after = example_result.result(2, slower, 1.2)
        found = effects.from_results(before, after)
        verdicts = {e["case"]: e["verdict"] for e in found if e["verdict"]}
        self.assertEqual(set(verdicts.values()), {"slower"})
        self.assertEqual(
            {case.split("/")[0:2][0] for case in verdicts}, {"set_over"}
        )
        self.assertEqual(len(verdicts), 1)
        (effect,) = (e for e in found if e["verdict"])
        self.assertAlmostEqual(effect["ratio"], 1.2, delta=0.05)
        self.assertLess(effect["p"], 0.05)
        self.assertLess(effect["low"], effect["ratio"])

    def test_results_of_one_build_have_no_verdict(self):
        for seed in range(10):
            found = effects.from_results(
                example_result.result(seed), example_result.result(seed + 50)
            )
            self.assertEqual([e for e in found if e["verdict"]], [])

    def test_too_few_rounds_for_a_verdict_are_said(self):
        slower = ("set_over", "appcache_file")
        before = example_result.result(1)
        after = example_result.result(2, slower, 10)
        for rounds, text in ((4, "3 to 4"), (3, "3")):
            for result, count in ((before, 3), (after, rounds)):
                for sample in result["samples"]:
                    sample["real_ns"] = sample["real_ns"][:count]
            section = sections.build(after, before)[0]
            self.assertEqual(section["id"], "changes")
            self.assertRegex(
                section["text"][0],
                rf"^{text} rounds are too few for a verdict on \d+ cases: ",
            )
        self.assertIn(" 0 slower, 0 faster", section["text"][1])
        (row,) = (
            row
            for row in section["views"][0]["table"]["rows"]
            if row[0] == "appcache_file: set, existing key"
        )
        self.assertEqual(row[-1][0], "not known")

    def test_a_case_has_not_changed_if_its_interval_says_so(self):
        before, after = example_result.result(1), example_result.result(1)
        for number, sample in enumerate(after["samples"]):
            sample["real_ns"] = [
                (1.04 if number % 2 else 1) * ns for ns in sample["real_ns"]
            ]
        rows = sections.build(after, before)[0]["views"][0]["table"]["rows"]
        self.assertEqual(
            {row[-1][0] for row in rows}, {"no change", "not known"}
        )
        for row in rows:
            low, high = (float(end) for end in row[4].split("-"))
            is_near = low >= 1 / 1.05 and high <= 1.05
            self.assertEqual(row[-1][0] == "no change", is_near, row)

    def test_changed_counts_are_listed(self):
        before, after = example_result.result(), example_result.result()
        sample = next(
            s for s in after["samples"] if s["side"] == "appcache_memory"
        )
        sample["counters"]["new"] = [2.0] * 9
        (change,) = effects.count_changes(before, after)
        self.assertEqual(change["verdict"], "higher")
        text = "".join(sections.build(after, before)[0]["text"])
        self.assertIn("new 1 \u2192 2 (higher)", text)


if __name__ == "__main__":
    unittest.main()
