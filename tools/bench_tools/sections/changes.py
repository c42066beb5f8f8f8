"""Before and after: the effect of a change on each case."""

import math

from bench_tools import summary
from bench_tools.failure import Failure
from bench_tools.programs import Case
from bench_tools.sections import parts



def _p_text(p):
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _case_names(names):
    """Readable names of the cases, without the settings that all have."""
    try:
        cases = [Case.parse(name) for name in names]
    except Failure:
        return list(names)
    shared = {
        field
        for field in summary.Setting._fields
        if len({getattr(case, field) for case in cases}) == 1
    }
    texts = []
    for case in cases:
        parts = [f"{case.side}: {summary.label(case.operation)}"]
        if "value_bytes" not in shared:
            parts.append(summary.bytes_text(case.value_bytes))
        if "entries" not in shared and case.entries is not None:
            parts.append(f"{case.entries:,} entries")
        if "keys" not in shared and case.keys:
            parts.append(case.keys)
        if "threads" not in shared and case.threads > 1:
            parts.append(f"{case.threads} threads")
        texts.append(", ".join(parts))
    # Two cases may differ in what is not shown.
    return texts if len(set(texts)) == len(texts) else list(names)


def _strongest(ordered, count=24):
    """The cases to draw, of all from the slowest to the fastest: those with a
    verdict, then those with the largest effects. The table has all."""
    by_strength = sorted(
        range(len(ordered)),
        key=lambda i: (
            not ordered[i][1]["verdict"],
            -abs(math.log(ordered[i][1]["ratio"])),
        ),
    )
    return [ordered[i] for i in sorted(by_strength[:count])]


def _verdict_cell(effect):
    if effect["verdict"]:
        return [effect["verdict"], effect["verdict"]]
    known = effect["low"] is not None and effect["high"] is not None
    is_near = known and max(effect["high"], 1 / effect["low"]) <= 1.05
    return ["no change" if is_near else "not known", "similar"]


def _row(name, effect):
    spread = "-"
    if effect["low"] is not None and effect["high"] is not None:
        spread = f"{effect['low']:.3f}-{effect['high']:.3f}"
    return [
        name,
        summary.time_text(effect["old_ns"]),
        summary.time_text(effect["new_ns"]),
        f"{(effect['ratio'] - 1) * 100:+.1f} %",
        spread,
        _p_text(effect["p"]),
        _verdict_cell(effect),
    ]


def section(effects, changes, level, note=""):
    """`note` is a sentence about the verdicts; it comes first."""
    if not effects:
        return None
    order = sorted(effects, key=lambda e: -e["ratio"])
    names = _case_names([effect["case"] for effect in order])
    rows = [_row(name, effect) for name, effect in zip(names, order)]
    kinds = {"slower": "slower", "faster": "faster", "": "no verdict"}
    drawn = _strongest(list(zip(names, order)))
    series = []
    for kind, name in kinds.items():
        points = [
            [i, e["ratio"], e["low"] or e["ratio"], e["high"] or e["ratio"]]
            for i, (_, e) in enumerate(drawn)
            if e["verdict"] == kind
        ]
        if points:
            slot = {"": 0, "slower": 1, "faster": 2}[kind]
            series.append(
                {"name": name, "slot": slot, "own": True, "points": points}
            )
    counts = {k: sum(e["verdict"] == k for e in effects) for k in kinds}
    text = [note] if note else []
    text.append(
        f"{len(effects)} cases: {counts['slower']} slower, {counts['faster']}"
        f" faster, {counts['']} without a verdict. The effect is the change of"
        " the time of one operation. A verdict needs an effect of more than"
        " 5 % and a p-value, adjusted for the number of cases, below"
        f" {level:g}. Without one, a case has not changed if the interval of its"
        " ratio is within 5 %; otherwise it is not known whether it has."
    )
    if len(effects) > len(drawn):
        text.append(
            f"The chart shows the {len(drawn)} strongest effects, and the table"
            " all."
        )
    for change in changes:
        text.append(
            f"{change['case']}: {change['name']} {change['old']:g} \u2192"
            f" {change['new']:g} ({change['verdict']})"
        )
    view = {
        "label": "",
        "choice": {},
        "chart": {
            "kind": "dots",
            "x": {"label": "time after : time before", "log": True},
            "categories": [name for name, _ in drawn],
            "series": series,
            "guides": [1 / 1.05, 1, 1.05],
            "summary": "The ratio of the times after and before the change,"
            f" with its 95 % confidence interval. {' '.join(text[:2])}",
        },
        "table": {
            "head": [
                "case",
                "before",
                "after",
                "effect",
                "95 % of the ratio",
                "p",
                "verdict",
            ],
            "rows": rows,
        },
    }
    return parts.section("changes", "Before and after", text, [view])
