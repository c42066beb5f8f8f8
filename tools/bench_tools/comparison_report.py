"""The report of tools/bench-compare: a table, and the saved result."""

import math

from bench_tools import results


def interval(effect):
    if math.isinf(effect.high):
        return "-"
    return f"{effect.low:.3f}-{effect.high:.3f}"


def show(effects, changes, kind):
    """Prints the tables. `kind` of time decides. Returns the exit status."""
    other = {"cpu": "elapsed", "real": "CPU"}[kind]
    print(
        f"| case | old ns | new ns | ratio | 95 % | pairs | p | {other}"
        " | verdict |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for case, effect in effects.items():
        print(
            f"| {case} | {effect.old_ns:,.1f} | {effect.new_ns:,.1f}"
            f" | {effect.ratio:.3f} | {interval(effect)} | {effect.pairs}"
            f" | {effect.p:.3g} | {effect.other_ratio:.3f} | {effect.verdict} |"
        )
    if changes:
        print("\n| case | count | expected | new | verdict |")
        print("|---|---|---|---|---|")
    for change in changes:
        print(
            f"| {change.case} | {change.name} | {change.old:g}"
            f" | {change.new:g} | {change.verdict} |"
        )
    verdicts = [effect.verdict for effect in effects.values()]
    kinds = [change.verdict for change in changes]
    print(
        f"\n{len(effects)} cases: {verdicts.count('slower')} slower,"
        f" {verdicts.count('faster')} faster; counts:"
        f" {kinds.count('higher')} higher, {kinds.count('lower')} lower,"
        f" {kinds.count('unexpected')} unexpected"
    )
    vague = sum(not effect.is_precise for effect in effects.values())
    if vague:
        print(
            f"{vague} ratios are known less precisely than 2 %: the machine is"
            " busy; compare again when it is not, or with more --rounds and"
            " --max-rounds"
        )
    failed = "slower" in verdicts or {"higher", "unexpected"} & set(kinds)
    return 1 if failed else 0


def _finite(number):
    return None if math.isinf(number) else number


def _samples(work):
    """All samples of both builds, those of the repeated rounds last."""
    samples = []
    for case, first in work.first.items():
        repeated = work.repeated.get(case)
        entry = {"case": case, "repeated_from": len(first)}
        for side, name in enumerate(("old", "new")):
            both = first.sides[side] + (repeated.sides[side] if repeated else [])
            entry[name] = {
                "real_ns": [sample.real_ns for sample in both],
                "cpu_ns": [sample.cpu_ns for sample in both],
                "counters": {
                    counter: first.counts(side, counter)
                    for counter in sorted(first.sides[side][0].counters)
                },
            }
        samples.append(entry)
    return samples


def result(names, work, effects, changes):
    """What results.save writes, without the environment."""
    return {
        "format": results.FORMAT,
        "version": results.VERSION,
        "samples": [],
        "latency": [],
        "curves": [],
        "comparison": {
            "old": names[0],
            "new": names[1],
            "effects": [
                {
                    "case": case,
                    "old_ns": effect.old_ns,
                    "new_ns": effect.new_ns,
                    "ratio": effect.ratio,
                    "low": _finite(effect.low),
                    "high": _finite(effect.high),
                    "p": effect.p,
                    "pairs": effect.pairs,
                    "verdict": effect.verdict,
                }
                for case, effect in effects.items()
            ],
            "counts": [change._asdict() for change in changes],
            "samples": _samples(work),
        },
    }
