"""Before and after: the effect of a change on every case of two results."""

import math
import statistics

from bench_tools import comparison, significance


SIGNIFICANT_P = comparison.SIGNIFICANT_P


def from_results(before, after):
    """Effects as in the field "comparison" of a result, for the cases of
    appcache that both results have. The samples are not pairs, so the test is
    that of Mann and Whitney on elapsed times; p is adjusted for the number of
    cases (Holm)."""
    olds = {sample["case"]: sample for sample in before["samples"]}
    effects = []
    for sample in after["samples"]:
        old = olds.get(sample["case"])
        if old and sample["side"].startswith("appcache"):
            effects.append(_effect(sample["case"], old, sample))
    adjusted = significance.holm([effect["p"] for effect in effects])
    for effect, p in zip(effects, adjusted):
        effect["p"] = p
        effect["verdict"] = comparison.verdict(
            effect["ratio"], p, SIGNIFICANT_P
        )
    return effects


def too_few_rounds(before, after, effects):
    """A sentence if no case can have a verdict, however large the effect."""
    of_old = {sample["case"]: sample for sample in before["samples"]}
    of_new = {sample["case"]: sample for sample in after["samples"]}
    least = 1.0
    counts = set()
    for effect in effects:
        old, new = (
            len(of[effect["case"]]["real_ns"]) for of in (of_old, of_new)
        )
        counts |= {old, new}
        least = min(least, 2 / math.comb(old + new, old))
    if not effects or least * len(effects) < SIGNIFICANT_P:
        return ""
    rounds = " to ".join(str(n) for n in sorted({min(counts), max(counts)}))
    return (
        f"{rounds} rounds are too few for a verdict on {len(effects)} cases:"
        " measure more (--rounds), or use tools/bench-compare."
    )


def _effect(case, old, new):
    one, other = old["real_ns"], new["real_ns"]
    logs = [[math.log(max(t, 1e-3)) for t in times] for times in (one, other)]
    low, high = significance.shift_interval(*logs)
    return {
        "case": case,
        "old_ns": statistics.median(one),
        "new_ns": statistics.median(other),
        "ratio": math.exp(significance.shift(*logs)),
        "low": math.exp(low) if low > -math.inf else None,
        "high": math.exp(high) if high < math.inf else None,
        "p": significance.mann_whitney_p(*logs),
        "pairs": min(len(one), len(other)),
        "verdict": "",
    }


def count_changes(before, after):
    """The exact counts that differ, as in the field "comparison"."""
    olds = {sample["case"]: sample for sample in before["samples"]}
    changes = []
    for sample in after["samples"]:
        old = olds.get(sample["case"])
        if not old:
            continue
        for name, news in sorted(sample["counters"].items()):
            earlier = old["counters"].get(name)
            if not earlier or not news:
                continue
            change = comparison.changed(sample["case"], name, earlier, news)
            if change:
                changes.append(change._asdict())
    return changes
