"""Decides whether the cases of one build are slower than those of another.

A round measures each case in both builds, one directly after the other, and
alternates which of them is first. The logarithm of the ratio of such a pair is
one sample: load that affects both measurements cancels.

First, all cases have the same number of rounds. A case whose ratio and its
confidence interval are then close to 1 has no verdict. The others are measured again, until their ratios
are precise or the limit of rounds is reached. Their verdicts depend on these
new samples alone, and their p-values are adjusted for the number of cases that
were measured again. So neither the number of cases nor the choice of the most
suspicious ones makes a verdict by chance more probable. When to stop depends
on the width of the confidence interval and not on where it lies, for the same
reason.
"""

import collections
import math
import statistics

from bench_tools import significance

SLOWER_RATIO = 1.05

# For a ratio that is precise, and for one that is not because the machine is
# busy: there, chance alone can make a ratio of 1.05, and twenty comparisons of
# equal builds should all have no verdict.
SIGNIFICANT_P = 0.05
SIGNIFICANT_P_OF_VAGUE = 0.005

# Cases whose ratios differ more from 1 in the first rounds are measured again,
# and those whose confidence intervals reach beyond SLOWER_RATIO.
SUSPICIOUS_RATIO = 1.03
# Half the width of a confidence interval that is precise enough.
PRECISE_RATIO = 1.02

MIN_ROUNDS = 9
MAX_ROUNDS = 60  # Of a suspicious case, by default.

OLD, NEW = 0, 1

OTHER_KIND = {"cpu": "real", "real": "cpu"}

# What one turn of a case has measured: the nanoseconds of one operation, and
# the counts of one operation by name.
Sample = collections.namedtuple("Sample", "real_ns cpu_ns counters")


class Pairs:
    """The samples of a case. The i-th of each side were measured together."""

    def __init__(self):
        self.sides = ([], [])

    def __len__(self):
        return len(self.sides[NEW])

    def times(self, side, kind):
        return [getattr(sample, f"{kind}_ns") for sample in self.sides[side]]

    def log_ratios(self, kind):
        olds, news = self.times(OLD, kind), self.times(NEW, kind)
        return [math.log(new / old) for old, new in zip(olds, news)]

    def counts(self, side, name):
        samples = self.sides[side]
        return [s.counters[name] for s in samples if name in s.counters]


def _is_narrow(low, high):
    """Of the interval of the logarithm of a ratio."""
    return high - low <= 2 * math.log(PRECISE_RATIO)


def is_precise(pairs, kind):
    logs = pairs.log_ratios(kind)
    return _is_narrow(*significance.paired_interval(logs))


class Effect:
    """The estimated ratio of a case, its 95 % confidence interval, and the
    p-value; and the ratio by the other kind of time. decide() sets the verdict:
    "slower", "faster" or ""."""

    def __init__(self, pairs, kind, confirmed=False):
        logs = pairs.log_ratios(kind)
        low, high = significance.paired_interval(logs)
        self.old_ns = statistics.median(pairs.times(OLD, kind))
        self.new_ns = statistics.median(pairs.times(NEW, kind))
        self.ratio = math.exp(significance.hodges_lehmann(logs))
        other = pairs.log_ratios(OTHER_KIND[kind])
        self.other_ratio = math.exp(significance.hodges_lehmann(other))
        self.low = max(math.exp(low), 1e-9)
        self.high = math.exp(high) if high < math.inf else math.inf
        self.p = significance.signed_rank_p(logs)
        self.pairs = len(pairs)
        self.is_precise = _is_narrow(low, high)
        self.confirmed = confirmed
        self.verdict = ""

    @property
    def is_suspicious(self):
        """Whether a difference that matters is likely, or not excluded."""
        differs = abs(math.log(self.ratio)) > math.log(SUSPICIOUS_RATIO)
        return differs or max(self.high, 1 / self.low) > SLOWER_RATIO

    def decide(self, adjusted_p):
        self.p = adjusted_p
        level = SIGNIFICANT_P if self.is_precise else SIGNIFICANT_P_OF_VAGUE
        self.verdict = verdict(self.ratio, adjusted_p, level)


def verdict(ratio, adjusted_p, level):
    if adjusted_p >= level:
        return ""
    if ratio > SLOWER_RATIO:
        return "slower"
    return "faster" if ratio < 1 / SLOWER_RATIO else ""


def adjust(effects):
    """Adjusts the p-values for their number. Returns them."""
    return significance.holm([effect.p for effect in effects])


class Comparison:
    """Measures pairs with `measure(side, cases)`, which returns the Sample of
    each case by name, `group` cases at a time."""

    def __init__(self, measure, kind="cpu", group=6, progress=lambda text: None):
        self._measure = measure
        self._kind = kind
        self._group = group
        self._progress = progress
        self._turn = 0
        self.first = {}  # case: Pairs
        self.repeated = {}

    def run(self, cases, rounds, max_rounds):
        """{case: Effect}, in the order of the cases."""
        self.first = {case: Pairs() for case in cases}
        for i in range(rounds):
            self._round(self.first, cases)
            self._progress(f"round {i + 1} of {rounds}")
        effects = {c: Effect(p, self._kind) for c, p in self.first.items()}
        for effect, p in zip(effects.values(), adjust(effects.values())):
            effect.p = p
        suspects = [case for case in cases if effects[case].is_suspicious]
        if suspects:
            effects.update(self._confirm(suspects, rounds, max_rounds))
        return effects

    def _confirm(self, suspects, rounds, max_rounds):
        self.repeated = {case: Pairs() for case in suspects}
        # So many pairs that the adjusted p-value can be significant.
        least = math.log2(2 * len(suspects) / SIGNIFICANT_P_OF_VAGUE)
        rounds = max(rounds, math.floor(least) + 2)
        open_cases = suspects
        for i in range(max(rounds, max_rounds)):
            self._round(self.repeated, open_cases)
            self._progress(
                f"{len(open_cases)} suspicious cases, round {i + 1}"
            )
            if i + 1 < rounds:
                continue
            open_cases = [
                case
                for case in open_cases
                if not is_precise(self.repeated[case], self._kind)
            ]
            if not open_cases:
                break
        effects = {
            case: Effect(self.repeated[case], self._kind, True)
            for case in suspects
        }
        ordered = list(effects.values())
        for effect, p in zip(ordered, adjust(ordered)):
            effect.decide(p)
        return effects

    def _round(self, all_pairs, cases):
        groups = [
            cases[i : i + self._group]
            for i in range(0, len(cases), self._group)
        ]
        for number, group in enumerate(groups):
            sides = (OLD, NEW) if (self._turn + number) % 2 == 0 else (NEW, OLD)
            for side in sides:
                samples = self._measure(side, group)
                for case in group:
                    all_pairs[case].sides[side].append(samples[case])
        self._turn += 1


# --- Counts.


class CountChange(
    collections.namedtuple("CountChange", "case name old new verdict")
):
    """A count that differs from the expected one. The verdict is "higher",
    "lower", or "unexpected" if --expect says something else."""


class Expectation(collections.namedtuple("Expectation", "pattern name value")):
    """The count that the cases with a matching name must have."""


def _differs(one, other):
    return not math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9)


def changed(case, name, olds, news):
    """The CountChange between the counts of two sides, or None. A count that
    varies has changed if all of one side are above all of the other. One that
    a side does not report is not compared."""
    if not olds or not news:
        return None
    old, new = statistics.median(olds), statistics.median(news)
    if not _differs(old, new):
        return None
    if min(news) > max(olds):
        return CountChange(case, name, old, new, "higher")
    if max(news) < min(olds):
        return CountChange(case, name, old, new, "lower")
    return None


def changed_counts(pairs_of, names, expectations=()):
    """The counts that differ between the sides, or from an expectation."""
    changes = []
    for case, pairs in pairs_of.items():
        for name in names:
            olds, news = pairs.counts(OLD, name), pairs.counts(NEW, name)
            if not news:
                continue
            new = statistics.median(news)
            expected = [
                e.value
                for e in expectations
                if e.name == name and e.pattern.search(case)
            ]
            if expected:
                if any(_differs(count, expected[-1]) for count in news):
                    change = CountChange(
                        case, name, expected[-1], new, "unexpected"
                    )
                    changes.append(change)
                continue
            change = changed(case, name, olds, news)
            if change:
                changes.append(change)
    return changes
