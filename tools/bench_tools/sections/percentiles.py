"""Percentiles of latencies."""

from bench_tools import summary
from bench_tools.sections import parts


def _key(entry):
    return entry["operation"], summary.setting_of(entry)


# A percentile that fewer operations exceed depends on chance.
MIN_ABOVE = 5

PERCENTS = {"p50_ns": 50, "p90_ns": 90, "p99_ns": 99, "p99_9_ns": 99.9}


def _cell(entry, field):
    above = round(entry["count"] * (100 - PERCENTS.get(field, 0)) / 100, 6)
    if above < MIN_ABOVE:
        return ""
    return summary.time_text(entry[field])


def _series_name(entry):
    if entry["loop"] == "closed":
        return entry["side"]
    return f"{entry['side']}, {entry['rate_per_second']:,.0f}/s"


def section(entries, clock):
    by_key = {}
    for entry in entries:
        by_key.setdefault(_key(entry), []).append(entry)
    views = []
    for operation, setting in sorted(by_key, key=lambda k: parts.order(*k)):
        group = sorted(
            by_key[operation, setting],
            key=lambda e: (not e["side"].startswith("appcache"), e["side"]),
        )
        views.append(_view(operation, setting, group))
    text = [
        "How long the slowest operations take. The scale has as much room for"
        " 99 to 99.9 % as for 90 to 99 %. A name with a rate is an open loop:"
        " operations are due at that rate, and each is timed from the moment"
        " when it was due, so that a stall counts for all that waited. The"
        " others start when the one before has finished. The table leaves out"
        f" percentiles that fewer than {MIN_ABOVE} operations exceed."
    ]
    if clock is not None:
        text.append(
            f"Taking the time of an operation takes {clock:g} ns, which are"
            " subtracted."
        )
    return parts.section("latency", "Latency percentiles", text, views)


def _view(operation, setting, group):
    place = {"unix": "server"}.get(setting.place, setting.place)
    label = f"{summary.label(operation)}, {place}, "
    label += summary.setting_text(setting)
    series = [
        {
            "name": _series_name(entry),
            "slot": summary.slot_of(entry["side"]),
            "own": entry["side"].startswith("appcache"),
            "dashed": entry["loop"] == "open",
            "points": [
                [percent, max(ns, 1)]
                for percent, ns in entry["percentiles"]
                if percent < 100
            ],
        }
        for entry in group
    ]
    fields = ("mean_ns", "p50_ns", "p90_ns", "p99_ns", "p99_9_ns", "max_ns")
    rows = [
        [
            _series_name(entry),
            *(_cell(entry, field) for field in fields),
            f"{entry['count']:,}",
        ]
        for entry in group
    ]
    return {
        "label": label,
        "choice": {
            "operation": summary.label(operation),
            "place": place,
            **parts.setting_choice(setting),
        },
        "chart": {
            "kind": "lines",
            "x": {"label": "percentile", "nines": True},
            "y": {"label": "latency", "log": True, "time": True},
            "series": series,
            "summary": f"Latency percentiles: {label}. The table has the"
            " values.",
        },
        "table": {
            "head": [
                "",
                "mean",
                "50 %",
                "90 %",
                "99 %",
                "99.9 %",
                "longest",
                "count",
            ],
            "rows": rows,
        },
    }
