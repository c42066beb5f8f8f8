"""A run of tools/bench. Its result can be saved at any time, and resumed."""

import contextlib
import glob
import hashlib
import os
import tempfile
import time

from bench_tools import environment, latency, measuring, plan, programs
from bench_tools import results, traces
from bench_tools.failure import Failure

# After each store, and after each setting of the latencies, the result is saved
# if the last save is older than this.
SAVE_INTERVAL_S = 60

# At most once in this time, a line says how far the run is.
REPORT_INTERVAL_S = 60

# The note in a result that was saved before the end of its run.
UNFINISHED = "what the unfinished run did not reach; --resume measures it"


class Paths:
    """The executables. `peers` are the programs of peers that are processes of
    their own: {name: path}."""

    def __init__(self, suite, latency_program, appcache, peers):
        self.suite = suite
        self.latency = latency_program
        self.appcache = appcache
        self.peers = peers

    def digest(self):
        """Differs if one of the programs does, or a source beside a peer."""
        paths = [self.suite, self.latency, self.appcache]
        for name in sorted(self.peers):
            path = self.peers[name]
            paths.append(path)
            paths += sorted(glob.glob(os.path.dirname(path) + "/*.java"))
        total = hashlib.sha256()
        for path in paths:
            with open(path, "rb") as file:
                total.update(hashlib.sha256(file.read()).digest())
        return total.hexdigest()


def result_path(arguments):
    return os.path.join(arguments.out, "result.json")


class Run:
    """Fills `result`. `left_out` are notes on what is not measured."""

    def __init__(self, paths, arguments, step, left_out):
        self._paths = paths
        self._arguments = arguments
        self._step = step
        self._left_out = left_out
        settings = {"programs": paths.digest(), "quick": arguments.quick}
        path = result_path(arguments)
        if arguments.resume and os.path.exists(path):
            self.result = _resumable(path, settings)
            step(f"resuming {path}: {len(self.result['samples'])} cases")
            self._replaces_earlier = False
        else:
            self.result = _empty(settings, arguments.seed)
            self._replaces_earlier = os.path.exists(path)
        self._seed = self.result["environment"]["seed"]
        self._work = measuring.Measuring(
            {programs.SUITE: [paths.suite, programs.JSON_FLAG]}
            | {name: [path] for name, path in paths.peers.items()},
            arguments.min_time,
            self._seed,
            step,
            self.result["samples"],
        )
        self._saved = self._reported = time.monotonic()
        self._is_complete = False

    def measure(self):
        self._measure_cases()
        with self._noting_failure("latencies"):
            self._measure_latencies()
        with self._noting_failure("curves"):
            self._compute_curves()
        self._is_complete = True

    def notes(self):
        """What is not measured, and why."""
        return self._left_out + self._work.left_out

    def save(self):
        """Writes result.json. Returns whether anything has been measured."""
        result = self.result
        result["samples"] = self._work.samples.list()
        if not (result["samples"] or result["latency"] or result["curves"]):
            return False
        result["left_out"] = self.notes()
        if not self._is_complete:
            result["left_out"] = [*self.notes(), UNFINISHED]
        self.result["environment"] = environment.describe(
            self._work.context,
            self.result["environment"],
            is_built=self._arguments.programs is None,
        )
        os.makedirs(self._arguments.out, exist_ok=True)
        self._keep_earlier()
        results.save(self.result, result_path(self._arguments))
        self._saved = time.monotonic()
        return True

    def _keep_earlier(self):
        """Renames the result of an earlier run, which may have taken hours."""
        if self._replaces_earlier:
            path = result_path(self._arguments)
            os.replace(path, f"{path}.before")
            self._step(f"renamed the earlier result to {path}.before")
            self._replaces_earlier = False

    @contextlib.contextmanager
    def _noting_failure(self, what):
        try:
            yield
        except Failure as failure:
            self._left_out.append(f"{what}: {failure}")

    def _report_sometimes(self, text):
        if time.monotonic() - self._reported > REPORT_INTERVAL_S:
            self._step(text)
            self._reported = time.monotonic()

    def _save_sometimes(self):
        if time.monotonic() - self._saved > SAVE_INTERVAL_S:
            self.save()

    def _measure_cases(self):
        names_of = self._selected_cases()
        units = plan.units(names_of)
        count = sum(len(names) for names in names_of.values())
        self._step(
            f"measuring {count} cases of {len(units)} stores, seed {self._seed}"
        )
        rounds, seconds = self._arguments.rounds, self._arguments.seconds
        done = self._work.run(
            units, rounds, min(3, rounds), seconds, self._after_unit
        )
        if done < rounds:
            self._left_out.append(
                f"{rounds - done} of {rounds} rounds: the time of"
                f" {seconds:g} s was up"
            )

    def _after_unit(self, number, done, count):
        if done < count:
            self._report_sometimes(f"round {number}: {done} of {count} stores")
        self._save_sometimes()

    def _selected_cases(self):
        """{program: names of its cases}"""
        names_of = {}
        other_count = 0
        for program, command in self._work.commands.items():
            try:
                names = programs.list_cases(command, self._arguments.filter)
            except Failure as failure:
                if program == programs.SUITE:
                    raise
                self._left_out.append(f"{program}: {failure}")
                continue
            if not self._arguments.all:
                chosen = plan.standard(names)
                other_count += len(names) - len(chosen)
                names = chosen
            if names:
                names_of[program] = names
        if not names_of:
            no_case = f'no case matches the filter "{self._arguments.filter}"'
            raise Failure(
                f"{no_case} in the standard set; {other_count} do with --all"
                if other_count
                else f"{no_case}; list them with bazel run -c opt"
                f" //bench:{programs.SUITE} -- --benchmark_list_tests=true"
            )
        return names_of

    def _measure_latencies(self):
        everything, quick = self._arguments.all, self._arguments.quick
        groups = latency.groups(
            self._paths.latency, everything, self._arguments.filter
        )
        self._step(f"measuring latencies of {len(groups)} settings")
        for done, group in enumerate(groups):
            if group.is_in(self.result["latency"]):
                continue
            self._report_sometimes(
                f"latencies: {done} of {len(groups)} settings"
            )
            with self._noting_failure(f"latencies of {group.setting}"):
                found, self.result["clock_ns"] = latency.measure(
                    self._paths.latency, group, quick
                )
                self.result["latency"] = group.replace(
                    self.result["latency"], found
                )
            self._save_sometimes()

    def _compute_curves(self):
        if self.result["curves"] and not self._arguments.trace:
            return
        self._step("computing miss ratios")
        self.result["curves"] = self._curves()

    def _curves(self):
        if self._arguments.trace:
            return [
                traces.curve(self._paths.appcache, path, os.path.basename(path))
                for path in self._arguments.trace
            ]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "trace")
            traces.write_zipf(path, self._seed)
            name = f"Zipf {traces.ZIPF_EXPONENT:g}, made with this seed"
            return [traces.curve(self._paths.appcache, path, name)]


def _empty(settings, seed):
    return {
        "format": results.FORMAT,
        "version": results.VERSION,
        "run": settings,
        "environment": environment.at_start(seed),
        "left_out": [],
        "samples": [],
        "latency": [],
        "curves": [],
    }


def _resumable(path, settings):
    result = results.load(path)
    before = result["environment"]
    differing = [
        name
        for name, value in environment.machine().items()
        if before[name] != value
    ]
    if result.get("run") != settings:
        commit = before["commit"] or "unknown"
        reason = (
            f"other programs measured it (commit {commit}), or only one of the"
            " two runs has --quick"
        )
    elif differing:
        reason = f"this machine differs in: {', '.join(differing)}"
    else:
        return result
    raise Failure(
        f"cannot resume {path}: {reason}; choose another --out, or leave out"
        " --resume to measure again"
    )
