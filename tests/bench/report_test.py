#!/usr/bin/env -S python3 -B
"""Tests tools/bench-report: what its HTML and Markdown contain, the format of
results, and the messages about wrong ones.

Usage: report_test.py BENCH_REPORT
"""

import copy
import html.parser
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import unittest

import jsonschema

REPORT = os.path.abspath(sys.argv.pop(1))
sys.path[:0] = [
    os.path.dirname(os.path.abspath(__file__)),
    os.path.dirname(REPORT),
]

# pylint: disable=wrong-import-position
import example_result
from bench_tools import page, results, sections, summary
from bench_tools.failure import Failure


class Page(html.parser.HTMLParser):
    """Checks that elements are closed in order, and collects what tests ask
    for."""

    VOID = ("meta", "br")

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.elements = []  # (tag, attributes)
        self.cells = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.cells[-1] += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


class HtmlTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = page.render(example_result.result())
        cls.page = Page(cls.text)

    def test_it_needs_no_network_and_no_other_file(self):
        for tag in ("link", "img", "iframe"):
            self.assertEqual(self.page.all(tag), [])
        for script in self.page.all("script"):
            self.assertNotIn("src", script)
        css = re.search("<style>(.*?)</style>", self.text, re.S)[1]
        self.assertNotIn("url(", css)
        self.assertNotIn("@import", css)

    def test_the_library_is_inlined_with_its_licence(self):
        self.assertIn("Chart.js v3.9.1", self.text)
        self.assertIn("Released under the MIT License", self.text)

    def test_every_chart_has_a_table_and_a_description(self):
        charts = self.page.all("canvas")
        regions = [a for a in self.page.all("div") if a.get("role") == "region"]
        self.assertGreater(len(charts), 6)
        self.assertEqual(len(charts), len(regions))
        for chart in charts:
            self.assertEqual(chart["role"], "img")
            self.assertGreater(len(chart["aria-label"]), 30)

    def test_every_section_is_there(self):
        titles = re.findall("<h2>(.*?)</h2>", self.text)
        self.assertEqual(
            titles,
            [
                "In memory, inside the process",
                "In a file",
                "On a server, through a unix socket",
                "Latency percentiles",
                "Throughput over threads",
                "Miss ratio over capacity",
                "Cost of an operation",
                "Environment",
            ],
        )

    def test_the_environment_is_shown(self):
        cells = self.page.cells
        for name, text in (
            ("CPU", "Example CPU, 2 cores"),
            ("Kernel", "Linux 6.1"),
            ("Commit", example_result.environment()["commit"]),
            ("Load average, start; end", "0.1, 0.2, 0.3; 1.1, 0.6, 0.4"),
            ("Libraries", "libsqlite3-0 3.40.1-2, libtkrzw1 1.0.25-1"),
        ):
            self.assertEqual(cells[cells.index(name) + 1], text)

    def test_every_peer_is_compared(self):
        for side in example_result.SIDES:
            if not side.startswith("appcache"):
                found = [c for c in self.page.cells if c.endswith(f": {side}")]
                self.assertTrue(found, side)

    def test_what_was_not_measured_is_listed(self):
        result = example_result.result()
        result["left_out"] = ["tkrzw: <not> installed"]
        self.assertIn(
            "<li>tkrzw: &lt;not&gt; installed</li>", page.render(result)
        )

    def test_text_of_a_result_cannot_become_markup(self):
        result = example_result.result()
        hostile = "</script><script>alert(1)</script>"
        result["environment"]["cpu"] = hostile
        result["curves"][0]["trace"] = hostile
        self.assertNotIn("<script>alert", page.render(result))

    def test_a_result_with_one_part_has_only_that_section(self):
        for part in ("samples", "latency", "curves"):
            result = example_result.result()
            for other in {"samples", "latency", "curves"} - {part}:
                result[other] = []
            Page(page.render(result))
            self.assertGreaterEqual(len(sections.build(result)), 1)

    def test_a_missing_library_names_its_package(self):
        path = page.CHART_JS
        page.CHART_JS = "/nonexistent"
        try:
            with self.assertRaisesRegex(Failure, "libjs-chart.js"):
                page.render(example_result.result())
        finally:
            page.CHART_JS = path

    def test_a_build_for_tests_is_told(self):
        result = example_result.result()
        rows = dict(page.environment_rows(result["environment"]))
        self.assertNotIn("optimized", rows["Compiler"])
        result["environment"]["optimized"] = "NO: build with -c opt"
        result["environment"]["flags"] = ""
        rows = dict(page.environment_rows(result["environment"]))
        self.assertRegex(
            rows["Compiler"], r"[^,], optimized: NO: build with -c opt$"
        )

    def test_the_page_has_both_environments(self):
        before = example_result.result(1)
        before["environment"]["commit"] = "fedcba"
        cells = Page(page.render(example_result.result(2), before)).cells
        at = cells.index("Commit")
        self.assertEqual(cells[at + 1], "fedcba")
        self.assertEqual(cells[at + 2][:6], "012345")


class ChoiceTest(unittest.TestCase):
    """The lists from which the reader chooses a view of a section."""

    def section(self, settings):
        """The elements and the texts of the options of the memory section, of
        a result that has the samples of one side with each of the settings."""
        samples = []
        for values, entries, threads in settings:
            for sample in example_result.samples(random.Random(1)):
                if sample["side"] == "appcache_memory":
                    sample.update(
                        value_bytes=values, entries=entries, threads=threads
                    )
                    samples.append(sample)
        result = example_result.result()
        result.update(samples=samples, latency=[], curves=[])
        text = page.render(result)
        text = text[text.index('<section id="times-memory">') :]
        text = text[: text.index("</section>") + len("</section>")]
        return Page(text), re.findall(
            "<option( selected)?>(.*?)</option>", text
        )

    def test_there_is_a_list_for_each_field_in_which_views_differ(self):
        found, options = self.section(
            [(256, 10000, 1), (4096, 10000, 1), (16, 10000, 1), (16, 10000, 2)]
        )
        self.assertEqual(len(found.all("select")), 2)
        self.assertEqual(
            [text for _, text in options],
            ["16 B", "256 B", "4 KiB", "1", "2"],
        )
        choices = [json.loads(a["data-choice"]) for a in found.all("figure")]
        self.assertEqual(
            sorted(choices),
            [["16 B", "1"], ["16 B", "2"], ["256 B", "1"], ["4 KiB", "1"]],
        )

    def test_the_first_view_is_chosen(self):
        found, options = self.section([(256, 1000, 2), (256, 10000, 2)])
        first, second = found.all("figure")
        self.assertNotIn("hidden", first)
        self.assertIn("hidden", second)
        chosen = [text for selected, text in options if selected]
        self.assertEqual(chosen, json.loads(first["data-choice"]))
        self.assertEqual(chosen, ["10,000"])

    def test_a_single_view_has_no_list(self):
        found, _ = self.section([(256, 10000, 1)])
        self.assertEqual(found.all("select"), [])


class ReadingTest(unittest.TestCase):
    """The sentences about where appcache is slower."""

    def test_slower_peers_come_first(self):
        section = sections.build(example_result.result())[0]
        self.assertTrue(section["text"][0].startswith("Slower than a peer: "))
        self.assertIn("appcache_memory takes 1.7", section["text"][0])
        self.assertIn(" times as long as tkrzw", section["text"][0])

    def test_counts_add_up(self):
        text = sections.build(example_result.result())[0]["text"][1]
        whole, slower, similar, faster = (
            int(n) for n in re.findall(r"(\d+) (?:comp|are|simi|fast)", text)
        )
        self.assertEqual(whole, slower + similar + faster)

    def test_no_slower_operation_is_said_too(self):
        result = example_result.result()
        result["samples"] = [
            sample
            for sample in result["samples"]
            if sample["side"] in ("appcache_memory", "sqlite_memory")
        ]
        text = sections.build(result)[0]["text"][0]
        self.assertEqual(text, "No operation is slower than a peer here.")

    def test_few_rounds_have_no_verdict(self):
        for rounds in (1, 2):
            result = example_result.result()
            for sample in result["samples"]:
                sample["real_ns"] = sample["real_ns"][:rounds]
            section = sections.build(result)[0]
            self.assertRegex(
                section["text"][0],
                r"^\d+ comparisons have no verdict, because they were measured"
                r" in fewer than 3 rounds\.$",
            )
            cells = [
                cell
                for row in section["views"][0]["table"]["rows"]
                for cell in row
                if isinstance(cell, list)
            ]
            self.assertTrue(cells)
            for text, kind, spread in cells:
                self.assertRegex(text, r"^[\d.]+$")
                self.assertEqual((kind, spread), ("", ""))

    def test_operations_without_drawn_keys_are_in_the_same_table(self):
        result = example_result.result()
        for sample in result["samples"]:
            if sample["operation"] == "set_new":
                sample["keys"] = "uniform"
        view = sections.build(result)[0]["views"][0]
        names = [row[0] for row in view["table"]["rows"]]
        self.assertIn("set, new key", names)
        self.assertIn("get, hit", names)

    def test_a_time_is_that_of_one_thread(self):
        sample = {"threads": 2, "real_ns": [50.0]}
        self.assertEqual(summary.time_of(sample), [100.0])

    def test_times_have_units(self):
        for ns, text in (
            (0.5, "0.50 ns"),
            (45.67, "45.7 ns"),
            (999.4, "999 ns"),
            (999.6, "1.00 \u00b5s"),
            (123456, "123 \u00b5s"),
            (5e9, "5,000 ms"),
        ):
            self.assertEqual(summary.time_text(ns), text)

    def test_percentiles_of_few_operations_are_left_out(self):
        result = example_result.result()
        for entry in result["latency"]:
            entry["count"] = 4_999
        (section,) = (
            s for s in sections.build(result) if s["id"] == "latency"
        )
        for row in section["views"][0]["table"]["rows"]:
            at_99, at_99_9, longest = row[4:7]
            self.assertTrue(at_99)
            self.assertEqual(at_99_9, "")
            self.assertTrue(longest)
        for entry in result["latency"]:
            entry["count"] = 5_000
        (section,) = (
            s for s in sections.build(result) if s["id"] == "latency"
        )
        for row in section["views"][0]["table"]["rows"]:
            self.assertTrue(row[5])


class FormatTest(unittest.TestCase):
    def test_the_schema_is_one(self):
        jsonschema.Draft202012Validator.check_schema(results.schema())

    def test_the_example_is_valid(self):
        jsonschema.validate(example_result.result(), results.schema())
        results.check(example_result.result())

    def test_this_program_and_the_schema_refuse_the_same(self):
        def set_at(path, value):
            def change(result):
                *parents, last = path
                for key in parents:
                    result = result[key]
                if value is None:
                    del result[last]
                else:
                    result[last] = value

            return change

        for path, value in (
            (("samples", 0, "real_ns"), None),
            (("samples", 0, "real_ns"), []),
            (("samples", 0, "real_ns", 0), -1),
            (("samples", 0, "real_ns", 0), "1"),
            (("samples", 0, "real_ns", 0), True),
            (("samples", 0, "threads"), 0),
            (("samples", 0, "threads"), 1.5),
            (("samples", 0, "unknown"), 1),
            (("samples", 0, "counters", "sql"), 1),
            (("latency", 0, "loop"), "half"),
            (("latency", 0, "percentiles"), [[1]]),
            (("curves", 0, "curve"), []),
            (("environment", "commit"), None),
            (("environment", "cores"), 0),
            (("samples",), {}),
            (("version",), 2),
            (("format",), "other"),
        ):
            result = copy.deepcopy(example_result.result())
            set_at(path, value)(result)
            with self.assertRaises(Failure, msg=path):
                results.check(result)
            with self.assertRaises(jsonschema.ValidationError, msg=path):
                jsonschema.validate(result, results.schema())

    def test_a_wrong_field_is_named(self):
        result = example_result.result()
        result["samples"][3]["real_ns"][2] = None
        with self.assertRaisesRegex(
            Failure, r"result\.samples\[3\]\.real_ns\[2\]: expected number"
        ):
            results.check(result)

    def test_saving_is_the_inverse_of_loading(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "result.json")
            results.save(example_result.result(), path)
            self.assertEqual(results.load(path), example_result.result())
            self.assertEqual(os.listdir(folder), ["result.json"])


class ProgramTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def example(self, name, seed=1):
        return self.write(name, json.dumps(example_result.result(seed)))

    def report(self, *arguments):
        """The exit status and the output."""
        done = subprocess.run(
            [sys.executable, "-B", REPORT, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def test_the_report_is_beside_the_result(self):
        status, output = self.report(self.example("result.json"))
        self.assertEqual((status, output), (0, self.path("report.html\n")))
        with open(self.path("report.html"), encoding="utf-8") as file:
            Page(file.read())

    def test_two_results_are_compared(self):
        status, output = self.report(
            self.example("a.json"),
            self.example("b.json", 2),
            "-o",
            self.path("out.html"),
        )
        self.assertEqual(status, 0, output)
        with open(self.path("out.html"), encoding="utf-8") as file:
            self.assertIn("<h2>Before and after</h2>", file.read())

    def test_markdown_has_tables_of_equal_width(self):
        status, output = self.report("--markdown", self.example("a.json"))
        self.assertEqual(status, 0, output)
        self.assertIn("### In memory, inside the process", output)
        self.assertIn("| operation | appcache_memory | : tkrzw |", output)
        width = 0
        for line in output.splitlines():
            if not line.startswith("|"):
                width = 0
                continue
            cells = line.count("|")
            self.assertIn(width, (0, cells), line)
            width = cells

    def test_messages_say_what_is_expected(self):
        empty = example_result.result()
        empty.update(samples=[], latency=[], curves=[])
        other = dict(example_result.result(), version=9)
        for name, message in (
            (self.path("absent"), "cannot open"),
            (self.write("text", "hello"), "is not JSON"),
            (self.write("list", "[]"), "is no result of tools/bench"),
            (self.write("object", '{"context": {}}'), '"appcache-bench"'),
            (self.write("new", json.dumps(other)), "reads version 1"),
            (self.write("empty", json.dumps(empty)), "run tools/bench again"),
            (self.directory, "cannot open"),
        ):
            status, output = self.report(name)
            self.assertEqual(status, 2, output)
            self.assertTrue(output.startswith("bench-report: "), output)
            self.assertIn(message, output)
            self.assertIn(name, output)
            self.assertNotIn("Traceback", output)

    def test_three_results_are_too_many(self):
        status, output = self.report("a", "b", "c")
        self.assertEqual(status, 2)
        self.assertIn("expected one result, or BEFORE and AFTER", output)


if __name__ == "__main__":
    unittest.main()
