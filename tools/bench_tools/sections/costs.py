"""What an operation consists of."""

import statistics

from bench_tools import summary
from bench_tools.programs import COUNTERS
from bench_tools.sections import parts


def section(index):
    views = []
    for _, _, own, _ in summary.GROUPS:
        for side in own:
            for setting in index.settings((side,))[:1]:
                view = _view(index, side, setting)
                if view:
                    views.append(view)
    text = [
        "What is counted exactly, for one operation: SQL statements, C++"
        " allocations, bytes written, and exchanges with a server. The time of"
        " the loop that calls the operation and chooses its key is part of"
        " every time in this report, of peers too."
    ]
    return parts.section("costs", "Cost of an operation", text, views)


def _view(index, side, setting):
    operations = index.operations(setting, (side,))
    if not operations:
        return None
    loop = index.loop_ns(setting)
    rows = []
    loops, rests = [], []
    for operation in operations:
        sample = index.find(setting, operation, side)
        whole = statistics.median(summary.time_of(sample))
        inside = min(loop or 0, whole)
        loops.append(inside)
        rests.append(whole - inside)
        row = [summary.label(operation)]
        row.append(summary.time_text(inside) if loop is not None else "")
        row.append(summary.time_text(whole - inside))
        for name in COUNTERS:
            values = sample["counters"].get(name)
            row.append(f"{statistics.median(values):.3g}" if values else "")
        rows.append(row)
    series = [{"name": "operation", "slot": 0, "own": True, "points": rests}]
    if loop is not None:
        series.insert(
            0, {"name": "loop", "slot": 1, "own": False, "points": loops}
        )
    label = f"{side}, {summary.setting_text(setting)}"
    return {
        "label": label,
        "choice": {"side": side, **parts.setting_choice(setting)},
        "chart": {
            "kind": "bars",
            "x": {"label": "time of one operation", "time": True},
            "categories": [summary.label(o) for o in operations],
            "series": series,
            "summary": f"The loop's share of the times of {label}. The table"
            " has the values and the exact counts.",
        },
        "table": {
            "head": [
                "operation",
                "loop",
                "operation alone",
                "SQL",
                "allocations",
                "bytes written",
                "round trips",
            ],
            "rows": rows,
        },
    }
