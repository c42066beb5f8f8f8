"""Measures units in rounds, in random order, and collects the samples."""

import random
import time

from bench_tools import programs
from bench_tools.failure import Failure


class Samples:
    """The field "samples" of a result, by the names of the cases."""

    def __init__(self, earlier=()):
        self._by_case = {sample["case"]: sample for sample in earlier}

    def add(self, measurements):
        """Adds all or, if it is interrupted, none."""
        changed = {}
        for measurement in measurements:
            name = measurement.name
            sample = changed.get(name) or self._by_case.get(name)
            changed[name] = _extended(sample, measurement)
        self._by_case.update(changed)

    def missing(self, unit, rounds):
        """The unit with the cases that have not been measured so often."""
        return unit._replace(
            cases=[c for c in unit.cases if self._count(c) < rounds]
        )

    def _count(self, case):
        sample = self._by_case.get(case)
        return len(sample["real_ns"]) if sample else 0

    def list(self):
        return sorted(self._by_case.values(), key=lambda s: s["case"])


def _extended(sample, measurement):
    """A copy of the sample, which may be None, with one measurement more."""
    case = programs.Case.parse(measurement.name)
    before = sample or {"real_ns": [], "cpu_ns": [], "counters": {}}
    counters = dict(before["counters"])
    for name, value in measurement.counters.items():
        counters[name] = [*counters.get(name, ()), value]
    return {
        "case": measurement.name,
        **case._asdict(),
        "real_ns": [*before["real_ns"], measurement.real_ns],
        "cpu_ns": [*before["cpu_ns"], measurement.cpu_ns],
        "counters": counters,
    }


class Measuring:
    """Runs rounds of units. A unit that fails is left out of later rounds.

    Rounds that the earlier samples have are not repeated, so that a run can be
    interrupted and resumed.
    """

    def __init__(self, commands, min_time, seed, progress, earlier=()):
        self.commands = commands  # {program: command}
        self._min_time = min_time
        self._seed = seed
        self._progress = progress
        self._runs = programs.SteadyRuns()
        self.samples = Samples(earlier)
        self.left_out = []
        self.context = {}

    def run(self, units, rounds, min_rounds, seconds, after_unit=None):
        """Measures until every unit has `rounds` rounds, or fewer when the time
        is up, but at least `min_rounds`. Returns how many. After each unit,
        calls after_unit with the number of the round, and how many of how many
        units it has."""
        units = sorted(units)
        begin = time.monotonic()
        ran = 0
        for number in range(rounds):
            elapsed = time.monotonic() - begin
            per_round = elapsed / ran if ran else 0
            if number >= min_rounds and elapsed + per_round > seconds:
                return number
            missing = (self.samples.missing(u, number + 1) for u in units)
            left = [unit for unit in missing if unit.cases]
            if not left:
                continue
            random.Random(f"{self._seed} {number}").shuffle(left)
            failed = set()
            for done, unit in enumerate(left, 1):
                if not self._measure(unit):
                    failed.update(unit.cases)
                if after_unit:
                    after_unit(number + 1, done, len(left))
            units = [u for u in units if failed.isdisjoint(u.cases)]
            ran += 1
            elapsed = time.monotonic() - begin
            self._progress(f"round {number + 1} of {rounds}: {elapsed:.0f} s")
        return rounds

    def _measure(self, unit):
        try:
            measured, context = self._runs.run(
                self.commands[unit.program], unit.cases, self._min_time
            )
        except Failure as failure:
            case = programs.Case.parse(unit.cases[0])
            self.left_out.append(f"{case.side} ({case.place}): {failure}")
            return False
        self.samples.add(m for each in measured.values() for m in each)
        # The context of another process says nothing about the compiler.
        if context.get("compiler"):
            self.context = context
        return True
