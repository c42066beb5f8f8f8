#!/usr/bin/env -S python3 -B
"""Tests tools/bench with programs that are scripts: what it measures, in which
order, and what it does without some of them.

Usage: bench_test.py BENCH
"""

import argparse
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

BENCH = os.path.abspath(sys.argv.pop(1))
sys.path[:0] = [
    os.path.dirname(os.path.abspath(__file__)),
    os.path.dirname(BENCH),
]

# pylint: disable=wrong-import-position
import example_result
from bench_tools import latency, results, run, traces

# A program with the cases NAMES. It logs the cases of each run, and interrupts
# tools/bench in the run with the number INTERRUPTS.
PROGRAM = """#!/usr/bin/env -S python3 -S
import json, os, re, signal, sys
options = dict(a.lstrip("-").partition("=")[::2] for a in sys.argv[1:])
names = [n for n in NAMES if re.search(options["benchmark_filter"], n)]
if "benchmark_list_tests" in options:
    print("\\n".join(names))
    sys.exit()
with open(LOG, "a") as log:
    log.write(" ".join(names) + "\\n")
with open(LOG) as log:
    if len(list(log)) == INTERRUPTS:
        os.kill(os.getppid(), signal.SIGTERM)
if FAILS:
    sys.exit("out of memory")
print(json.dumps({"context": {"compiler": "12.2.0", "optimized": "yes"},
  "benchmarks": [{"name": n, "run_name": n, "run_type": "iteration",
  "real_time": 50, "cpu_time": 40, "time_unit": "ns", "ops": 2, "sql": 1,
  "new": 0.5} for n in names]}))
"""

# It logs its filters.
LATENCY = """#!/usr/bin/env bash
if [[ $1 == --list ]]; then
  grep --extended-regexp "${2#--filter=}" "${0%/*}/latency.list"
else
  echo "$1" >> "${0%/*}/latency.log"
  cat "${0%/*}/latency.json"
fi
"""

APPCACHE = """#!/usr/bin/env bash
[[ "$1 $3 $4" == 'mrc --compare --json' ]] || exit 2
printf '{"requests": %s, "keys": 9, "curve": [{"entries": 1,
  "lru_hits": 1, "lru_hit_percent": 10}]}' "$(wc -l < "$2")"
"""

MEMORY = "/memory/256/entries:10000/keys:zipf/threads:1"


class BenchTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.program("latency", LATENCY)
        self.program("appcache", APPCACHE)
        latencies = example_result.result()["latency"]
        clock = dict(latencies[0], operation="clock", side="none")
        with open(self.path("latency.json"), "w", encoding="utf-8") as file:
            json.dump(
                {"context": {"clock_ns": 18}, "latency": [clock, *latencies]},
                file,
            )
        with open(self.path("latency.list"), "w", encoding="utf-8") as file:
            file.writelines(latency.name_of(e) + "\n" for e in latencies)
        self.names = [
            f"{operation}/{side}{MEMORY}"
            for side in ("appcache_memory", "tkrzw")
            for operation in ("get_hit", "set_over")
        ]
        self.suite("suite_benchmark", self.names)
        with open(self.path("my.trace"), "w", encoding="utf-8") as file:
            file.write("a\nb\na\n")
        self.trace = f"--trace={self.path('my.trace')}"

    def path(self, name):
        return os.path.join(self.directory, name)

    def program(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), stat.S_IRWXU)

    def suite(self, name, names, fails=False, interrupts=None):
        text = PROGRAM.replace("NAMES", repr(names))
        text = text.replace("INTERRUPTS", repr(interrupts))
        text = text.replace("LOG", repr(self.path(f"{name}.log")))
        self.program(name, text.replace("FAILS", repr(fails)))

    def log(self, name="suite_benchmark"):
        with open(self.path(f"{name}.log"), encoding="utf-8") as file:
            return [line.split() for line in file]

    def bench(self, *arguments):
        """The exit status, the output, and the result if there is one."""
        out = self.path("out")
        done = subprocess.run(
            [
                sys.executable,
                "-B",
                BENCH,
                f"--programs={self.directory}",
                f"--out={out}",
                "--rounds=4",
                *(arguments or [self.trace]),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        path = os.path.join(out, "result.json")
        result = results.load(path) if done.returncode != 2 else None
        return done.returncode, done.stdout, result

    def test_it_writes_a_result_and_a_report(self):
        status, output, result = self.bench("--seed=5")
        self.assertEqual(status, 0, output)
        self.assertEqual(result["environment"]["seed"], 5)
        self.assertEqual(result["environment"]["compiler"], "12.2.0")
        cases = [sample["case"] for sample in result["samples"]]
        self.assertEqual(sorted(cases), sorted(self.names))
        for sample in result["samples"]:
            self.assertEqual(sample["real_ns"], [25.0] * 4)
            self.assertEqual(sample["cpu_ns"], [20.0] * 4)
            self.assertEqual(sample["counters"]["new"], [0.5] * 4)
        self.assertEqual(result["clock_ns"], 18)
        self.assertEqual(len(result["latency"]), 6)
        self.assertEqual(result["curves"][0]["requests"], traces.REQUESTS)
        report = os.path.join(self.path("out"), "report.html")
        self.assertGreater(os.path.getsize(report), 100_000)
        self.assertIn("seed 5", output)
        self.assertIn("In memory, inside the process", output)
        self.assertIn("1.00 (1.00\u20131.00)", output)

    def test_every_round_has_every_side_in_random_order(self):
        self.bench("--seed=1", self.trace)
        first = [cases[0].split("/")[1] for cases in self.log()]
        self.assertEqual(len(first), 8)
        # Of seed 1.
        self.assertEqual(set(first[::2]), {"appcache_memory", "tkrzw"})
        for i in range(0, 8, 2):
            self.assertEqual(
                sorted(first[i : i + 2]), ["appcache_memory", "tkrzw"]
            )
        os.remove(self.path("suite_benchmark.log"))
        self.bench("--seed=1", self.trace)
        again = [cases[0].split("/")[1] for cases in self.log()]
        self.assertEqual(again, first)

    def test_a_side_that_fails_is_left_out_and_named(self):
        name = f"get_hit/caffeine{MEMORY}"
        self.suite("caffeine", [name], fails=True)
        status, output, result = self.bench()
        self.assertEqual(status, 0, output)
        self.assertEqual(len(self.log("caffeine")), 1)
        (note,) = result["left_out"]
        self.assertTrue(note.startswith("caffeine (memory): "), note)
        self.assertIn("out of memory", note)
        self.assertIn("not measured: caffeine", output)

    def test_an_interrupted_run_is_resumed(self):
        # Two stores and four rounds are eight runs of the program.
        self.suite("suite_benchmark", self.names, interrupts=6)
        status, output, first = self.bench("--seed=3", self.trace)
        self.assertEqual(status, 1, output)
        self.assertIn("--resume measures the rest", output)
        self.assertEqual(first["left_out"], [run.UNFINISHED])
        rounds = [len(sample["real_ns"]) for sample in first["samples"]]
        self.assertEqual(sorted(rounds), [2, 2, 3, 3])
        self.assertEqual((first["latency"], first["curves"]), ([], []))
        status, output, result = self.bench("--resume", self.trace)
        self.assertEqual(status, 0, output)
        self.assertEqual(result["left_out"], [])
        for sample in result["samples"]:
            self.assertEqual(len(sample["real_ns"]), 4)
        self.assertEqual(len(self.log()), 9)
        self.assertEqual(len(result["latency"]), 6)
        self.assertEqual(len(result["curves"]), 1)
        for field in ("seed", "date", "compiler", "load_average_start"):
            self.assertEqual(
                result["environment"][field], first["environment"][field]
            )

    def test_the_result_is_saved_while_measuring(self):
        self.suite("suite_benchmark", self.names, interrupts=4)
        paths = run.Paths(
            *map(self.path, ("suite_benchmark", "latency", "appcache")), {}
        )
        arguments = argparse.Namespace(
            all=False,
            quick=False,
            resume=False,
            out=self.path("out"),
            filter=".",
            rounds=4,
            seed=1,
            programs=self.directory,
            min_time=0.002,
            seconds=1e9,
        )
        work = run.Run(paths, arguments, lambda text: None, [])
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGTERM, before)
        with mock.patch.object(run, "SAVE_INTERVAL_S", 0):
            with self.assertRaises(KeyboardInterrupt):
                work.measure()
        result = results.load(run.result_path(arguments))
        rounds = [len(sample["real_ns"]) for sample in result["samples"]]
        self.assertEqual(sorted(rounds), [1, 1, 2, 2])
        self.assertEqual(result["left_out"], [run.UNFINISHED])

    def test_a_complete_run_has_nothing_to_resume(self):
        _, _, first = self.bench()
        _, _, again = self.bench("--resume")
        for part in ("samples", "latency", "curves"):
            self.assertEqual(again[part], first[part])
        self.assertEqual(len(self.log()), 8)
        self.assertEqual(len(self.log("latency")), 1)
        _, _, more = self.bench("--resume", "--rounds=5")
        self.assertEqual(len(more["samples"][0]["real_ns"]), 5)
        self.assertEqual(len(self.log()), 10)

    def test_a_resumed_run_with_more_cases_measures_these_only(self):
        self.bench("--filter=get_hit")
        _, _, result = self.bench("--resume")
        for sample in result["samples"]:
            self.assertEqual(len(sample["real_ns"]), 4, sample["case"])
        for cases in self.log()[8:]:
            self.assertEqual(
                {case.split("/")[0] for case in cases}, {"set_over"}
            )

    def test_a_filter_selects_latencies_too(self):
        self.bench("--filter=/tkrzw/")
        (call,) = self.log("latency")
        self.assertIn("/tkrzw/", call[0])
        self.assertNotIn("/appcache_memory/", call[0])

    def test_a_filter_of_other_cases_than_the_standard_ones_is_explained(self):
        self.bench("--seed=1")
        others = [name.replace("/256/", "/16/") for name in self.names]
        self.suite("suite_benchmark", self.names + others)
        for pattern, message in (
            ("/16/", '"/16/" in the standard set; 4 do with --all'),
            ("/17/", '"/17/"; list them with'),
        ):
            status, output, _ = self.bench(f"--filter={pattern}")
            self.assertEqual(status, 2, output)
            self.assertIn(f"no case matches the filter {message}", output)
        # The earlier result is where it was.
        path = os.path.join(self.path("out"), "result.json")
        self.assertEqual(results.load(path)["environment"]["seed"], 1)
        self.assertFalse(os.path.exists(f"{path}.before"))

    def test_an_earlier_result_is_kept(self):
        _, _, first = self.bench("--seed=1")
        status, output, second = self.bench("--seed=2")
        self.assertEqual(status, 0, output)
        self.assertEqual(second["environment"]["seed"], 2)
        before = os.path.join(self.path("out"), "result.json.before")
        self.assertIn(before, output)
        self.assertEqual(results.load(before), first)

    def test_there_may_be_no_run_to_resume(self):
        status, output, result = self.bench("--resume")
        self.assertEqual(status, 0, output)
        self.assertEqual(len(result["samples"]), 4)

    def test_results_of_other_programs_are_not_mixed(self):
        self.bench()
        with open(self.path("latency"), "a", encoding="utf-8") as file:
            file.write("# changed\n")
        status, output, _ = self.bench("--resume")
        self.assertEqual(status, 2, output)
        self.assertIn("other programs measured it", output)
        self.assertIn("choose another --out", output)
        self.program("latency", LATENCY)
        status, output, _ = self.bench("--resume", "--quick")
        self.assertEqual(status, 2, output)
        self.assertIn("--quick", output)
        self.suite("caffeine", [f"get_hit/caffeine{MEMORY}"])
        status, output, _ = self.bench("--resume")
        self.assertEqual(status, 2, output)
        self.assertIn("other programs measured it", output)

    def test_results_of_other_machines_are_not_mixed(self):
        _, _, result = self.bench()
        result["environment"]["kernel"] = "Linux 1.0"
        results.save(result, os.path.join(self.path("out"), "result.json"))
        status, output, _ = self.bench("--resume")
        self.assertEqual(status, 2, output)
        self.assertIn("this machine differs in: kernel; choose", output)

    def test_the_reasons_are_printed_if_nothing_was_measured(self):
        self.suite("suite_benchmark", self.names, fails=True)
        for name in ("latency", "appcache"):
            self.program(name, "#!/bin/sh\nexit 3")
        status, output, _ = self.bench()
        self.assertEqual(status, 2, output)
        self.assertIn("nothing has been measured", output)
        self.assertIn("out of memory", output)
        self.assertIn("latencies: ", output)

    def test_an_interrupt_before_the_first_figure_writes_nothing(self):
        self.suite("suite_benchmark", self.names, interrupts=1)
        status, output, _ = self.bench()
        self.assertEqual(status, 2, output)
        self.assertIn("nothing has been measured", output)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_each_setting_has_a_process_for_its_latencies(self):
        with open(self.path("latency.list"), "a", encoding="utf-8") as file:
            file.write("get_hit/lmdb/file/256/entries:10/keys:hot/threads:1/\n")
        self.bench("--all")
        self.assertEqual(
            self.log("latency"),
            [
                ["--filter=^[^/]+/[^/]+/memory/256/entries:10000/keys:zipf/"],
                ["--filter=^[^/]+/[^/]+/file/256/entries:10/keys:hot/"],
            ],
        )

    def test_other_programs_are_measured_too(self):
        name = f"get_hit/caffeine{MEMORY}"
        self.suite("caffeine", [name])
        _, output, result = self.bench()
        self.assertIn(name, [s["case"] for s in result["samples"]])
        self.assertIn(": caffeine", output)

    def test_a_trace_of_the_user(self):
        _, _, result = self.bench(self.trace)
        (curve,) = result["curves"]
        self.assertEqual((curve["trace"], curve["requests"]), ("my.trace", 3))

    def test_latencies_and_curves_may_fail(self):
        self.program("latency", LATENCY.replace("json", "list"))
        status, output, result = self.bench("--trace=/nonexistent")
        self.assertEqual(status, 0, output)
        self.assertEqual((result["latency"], result["curves"]), ([], []))
        notes = "\n".join(result["left_out"])
        self.assertIn("is it //bench:latency?", notes)
        self.assertIn("cannot open /nonexistent", notes)
        self.program("latency", "#!/bin/sh\necho no")
        _, _, result = self.bench()
        self.assertIn('"no" is no name of a case', result["left_out"][0])

    def test_messages_say_what_is_expected(self):
        status, output, _ = self.bench("--filter=nothing")
        self.assertEqual(status, 2)
        self.assertIn('no case matches the filter "nothing"', output)
        os.remove(self.path("latency"))
        status, output, _ = self.bench()
        self.assertEqual(status, 2)
        self.assertIn("expected suite_benchmark, latency and", output)
        self.assertNotIn("Traceback", output)


if __name__ == "__main__":
    unittest.main()
