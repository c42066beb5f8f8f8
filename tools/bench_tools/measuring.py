"""Measures units in rounds, in random order, and collects the samples."""

import time

from bench_tools import programs
from bench_tools.failure import Failure


class Samples:
    """The field "samples" of a result, in the order of the first round."""

    def __init__(self):
        self._by_case = {}

    def add(self, measurement):
        case = programs.Case.parse(measurement.name)
        sample = self._by_case.setdefault(
            measurement.name,
            {
                "case": measurement.name,
                **case._asdict(),
                "real_ns": [],
                "cpu_ns": [],
                "counters": {},
            },
        )
        sample["real_ns"].append(measurement.real_ns)
        sample["cpu_ns"].append(measurement.cpu_ns)
        for name, value in measurement.counters.items():
            sample["counters"].setdefault(name, []).append(value)

    def list(self):
        return sorted(self._by_case.values(), key=lambda s: s["case"])


class Measuring:
    """Runs rounds of units. A unit that fails is left out of later rounds."""

    def __init__(self, commands, min_time, source, progress):
        self._commands = commands  # {program: command}
        self._min_time = min_time
        self._source = source
        self._progress = progress
        self._runs = programs.SteadyRuns()
        self.samples = Samples()
        self.left_out = []
        self.context = {}

    def run(self, units, rounds, min_rounds, seconds):
        """Runs `rounds` rounds, or fewer when the time is up, but at least
        `min_rounds`. Returns how many."""
        units = list(units)
        begin = time.monotonic()
        done = 0
        while units and done < rounds:
            elapsed = time.monotonic() - begin
            per_round = elapsed / done if done else 0
            if done >= min_rounds and elapsed + per_round > seconds:
                break
            self._source.shuffle(units)
            failed = [unit for unit in units if not self._measure(unit)]
            units = [unit for unit in units if unit not in failed]
            done += 1
            elapsed = time.monotonic() - begin
            self._progress(f"round {done} of {rounds}: {elapsed:.0f} s")
        return done

    def _measure(self, unit):
        try:
            measured, context = self._runs.run(
                self._commands[unit.program], unit.cases, self._min_time
            )
        except Failure as failure:
            case = programs.Case.parse(unit.cases[0])
            self.left_out.append(f"{case.side} ({case.place}): {failure}")
            return False
        for measurements in measured.values():
            for measurement in measurements:
                self.samples.add(measurement)
        # The context of another process says nothing about the compiler.
        if context.get("compiler"):
            self.context = context
        return True
