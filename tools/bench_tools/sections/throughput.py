"""Throughput over threads."""

from bench_tools import summary
from bench_tools.sections import parts


def _by_threads(index, sides):
    """{(operation, setting without threads): {side: {threads: sample}}} of
    what has been measured with several numbers of threads."""
    by_key = {}
    for sample in index.samples:
        if sample["side"] not in sides:
            continue
        setting = summary.setting_of(sample)._replace(threads=1)
        of_key = by_key.setdefault((sample["operation"], setting), {})
        of_side = of_key.setdefault(sample["side"], {})
        of_side[sample["threads"]] = sample
    for key, of_key in by_key.items():
        by_key[key] = {s: t for s, t in of_key.items() if len(t) > 1}
    return by_key


def section(index):
    views = []
    for _, title, own, peers in summary.GROUPS:
        by_key = _by_threads(index, own + peers)
        for operation, setting in sorted(
            by_key, key=lambda k: parts.order(*k)
        ):
            sides = by_key[operation, setting]
            if not any(side in own for side in sides):
                continue
            choice = parts.setting_choice(setting)
            del choice["threads"]
            name = summary.label(operation)
            text = summary.setting_text(setting).rpartition(", ")[0]
            view = _view(f"{title}: {name}, {text}", sides)
            view["choice"] = {"place": title, "operation": name, **choice}
            views.append(view)
    text = [
        "Operations of all threads together in a second. More threads than"
        " processors cannot add to it."
    ]
    return parts.section("throughput", "Throughput over threads", text, views)


def _view(label, sides):
    threads = sorted({t for by_threads in sides.values() for t in by_threads})
    names = sorted(sides, key=lambda s: (not s.startswith("appcache"), s))
    series = []
    rows = []
    for side in names:
        row = [side]
        points = []
        for count in threads:
            sample = sides[side].get(count)
            if not sample:
                row.append("")
                continue
            spread = summary.quartiles(sample["real_ns"])
            points.append([count, 1e9 / spread.median])
            row.append(f"{1e3 / spread.median:,.3g}")
        series.append(
            {
                "name": side,
                "slot": summary.slot_of(side),
                "own": side.startswith("appcache"),
                "points": points,
            }
        )
        rows.append(row)
    return {
        "label": label,
        "chart": {
            "kind": "lines",
            "x": {"label": "threads", "ticks": threads},
            "y": {"label": "operations per second", "log": True},
            "series": series,
            "summary": f"Operations per second over threads: {label}. The"
            " table has the values.",
        },
        "table": {
            "head": ["million per second", *(str(t) for t in threads)],
            "rows": rows,
        },
    }
