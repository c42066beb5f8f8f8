"""Benchmark programs: their cases, and running them.

A program understands the options of Google Benchmark and prints its JSON. The
name of a case has the parts of Case, separated by slashes.
"""

import collections
import json
import os
import re
import subprocess

from bench_tools.failure import Failure

# Exact counts of one operation: SQL statements, C++ allocations, bytes given
# to the system's writing calls, and exchanges with a server.
COUNTERS = ("sql", "new", "bytes_written", "round_trips")

# The program with all sides that are not processes of their own.
SUITE = "suite_benchmark"

# For programs with Google Benchmark itself, which prints a table otherwise.
JSON_FLAG = "--benchmark_format=json"

NS_PER = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}

# Keeps freed memory in the process. Otherwise the layout of the heap decides
# whether the C library returns the memory of each operation to the system,
# which can more than double its time.
MALLOC_SETTINGS = {
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
}

FIELDS = "operation side place value_bytes entries keys threads"


class Case(collections.namedtuple("Case", FIELDS)):
    """What the name of a case says. `entries` and `keys` are None where the
    name has none."""

    @staticmethod
    def parse(name):
        """The parts of "get_hit/tkrzw/memory/256/entries:10000/keys:zipf/
        threads:2". Failure if it has not at least the first four."""
        try:
            operation, side, place, size, *settings = name.split("/")
            of = dict(s.split(":", 1) for s in settings if ":" in s)
            return Case(
                operation,
                side,
                place,
                int(size),
                int(of["entries"]) if "entries" in of else None,
                of.get("keys"),
                int(of.get("threads", 1)),
            )
        except ValueError:
            raise Failure(
                f'"{name}" is no name of a case; expected'
                " operation/side/place/value_bytes[/entries:N][/keys:KIND]"
                "[/threads:T]"
            ) from None

    @property
    def setting(self):
        """What cases of several sides have in common."""
        return self._replace(side=None)


class Measurement:
    """What one run of a case has measured: nanoseconds of one operation, and
    exact counts of one operation."""

    def __init__(self, run):
        scale = NS_PER[run["time_unit"]] / run.get("ops", 1)
        self.name = run.get("run_name", run["name"])
        self.iterations = run.get("iterations", 0)
        # Elapsed time, divided by the operations of all threads.
        self.real_ns = run["real_time"] * scale
        self.cpu_ns = run["cpu_time"] * scale
        self.counters = {name: run[name] for name in COUNTERS if name in run}


def _run(command, environment=None):
    try:
        return subprocess.run(
            command,
            env={**os.environ, **MALLOC_SETTINGS, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise Failure(
            f"cannot run {command[0]}: {error.strerror};"
            " expected an executable benchmark program"
        ) from error


def _output_of(done, command):
    if done.returncode != 0:
        raise Failure(
            f"{command[0]} failed with status {done.returncode}:\n"
            + done.stderr[-2000:].strip()
        )
    return done.stdout


def run(command, environment=None):
    """The standard output of a program that must succeed."""
    return _output_of(_run(command, environment), command)


def list_cases(command, pattern="."):
    """The names of the cases that match the regular expression."""
    listing = run(
        [
            *command,
            "--benchmark_list_tests=true",
            f"--benchmark_filter={pattern}",
        ]
    )
    return listing.split()


def escaped(name):
    """A regular expression that matches the name only."""
    return re.sub(r"([][.^$*+?(){}|\\])", r"\\\1", name)


def run_cases(command, cases, min_time, repetitions=1):
    """{name of a case: [Measurement, one for each repetition]}, and the context
    that the program reports."""
    names = "|".join(escaped(case) for case in cases)
    done = _run(
        [
            *command,
            f"--benchmark_filter=^({names})$",
            f"--benchmark_min_time={min_time:g}",
            f"--benchmark_repetitions={repetitions}",
        ]
    )
    _raise_failed_case(done.stdout, command[0])
    report = read_report(_output_of(done, command), command[0])
    measured = collections.defaultdict(list)
    for entry in report["benchmarks"]:
        if entry.get("run_type", "iteration") == "iteration":
            measurement = Measurement(entry)
            measured[measurement.name].append(measurement)
    if sorted(measured) != sorted(cases):
        raise Failure(f"{command[0]} did not run exactly the cases {cases}")
    return measured, report.get("context", {})


def _raise_failed_case(text, program):
    """A program with a failed case fails too, but prints in its report which
    one it was, and why."""
    try:
        entries = read_report(text, program)["benchmarks"]
    except Failure:
        return
    for entry in entries:
        if entry.get("error_occurred"):
            raise Failure(
                f"{program}: {entry['name']}: {entry['error_message']}"
            )


class SteadyRuns:
    """Runs cases, and runs those again that another program has disturbed.

    Google Benchmark chooses the number of iterations by elapsed time. A program
    that waits for a processor at that moment gets so few that their time is
    that of cold caches. Such runs have much fewer iterations than others of
    the same case.
    """

    FEW = 1 / 3
    TRIES = 4

    def __init__(self):
        self._most = {}

    def run(self, command, cases, min_time, repetitions=1):
        """As run_cases."""
        measured = {}
        left, context = list(cases), {}
        for _ in range(self.TRIES):
            found, context = run_cases(command, left, min_time, repetitions)
            measured.update(found)
            left = [case for case in left if self._is_short(found[case])]
            if not left:
                break
        return measured, context

    def _is_short(self, measurements):
        name = measurements[0].name
        iterations = max(m.iterations for m in measurements)
        most = max(self._most.get(name, 0), iterations)
        self._most[name] = most
        return iterations < most * self.FEW


def read_report(text, program):
    try:
        report = json.loads(text)
        if not isinstance(report.get("benchmarks"), list):
            raise ValueError
    except (ValueError, AttributeError):
        raise Failure(
            f"{program} printed no report of Google Benchmark; expected JSON"
            ' with "benchmarks"'
        ) from None
    return report
