"""The sections of a report: what its charts and tables show.

A section is a dict: id, title, text (paragraphs), and views. A view is one
chart and one table: id, label (of the choice between the views of a section),
chart, table. A chart is a dict that report.js draws:

  kind     "dots": a value with its spread for each category
           "lines": a value over another one
           "bars": stacked parts of a value for each category
  x, y     axes: label, log, and for "nines" the scale of percentiles
  categories   the names of the rows of "dots" and "bars"
  series   name, slot (its colour and shape), own (whether it is a backend of
           appcache), points:
           "dots": [category, value, low, high]; "lines": [x, y];
           "bars": one value for each category; dashed (of "lines")
  guides   values at which "dots" have a vertical line
  summary  what the chart shows, for those who do not see it

A table is a dict: head and rows. A cell is a string, or a list: the string,
its class, and a note, which is less important.
"""

import math
import statistics

from bench_tools import comparison as comparison_tools
from bench_tools import effects as effect_tools
from bench_tools import summary
from bench_tools.failure import Failure
from bench_tools.programs import COUNTERS, Case


def build(result, before=None):
    """The sections of a result, compared with an earlier one if there is."""
    index = summary.Index(result["samples"])
    sections = []
    comparison = result.get("comparison")
    if comparison:
        sections.append(
            _effects(
                comparison["effects"],
                comparison["counts"],
                comparison_tools.SIGNIFICANT_P,
            )
        )
    if before:
        effects = effect_tools.from_results(before, result)
        changes = effect_tools.count_changes(before, result)
        level = effect_tools.SIGNIFICANT_P
        sections.append(_effects(effects, changes, level))
    for group in summary.GROUPS:
        sections.append(_times(index, group))
    sections.append(_latency(result["latency"], result.get("clock_ns")))
    sections.append(_throughput(index))
    sections.append(_curves(result["curves"]))
    sections.append(_costs(index))
    return [section for section in sections if section and section["views"]]


def _section(identity, title, text, views):
    return {"id": identity, "title": title, "text": text, "views": views}


def ratio_cell(spread):
    """A cell with a ratio, its spread, and what it means."""
    if spread is None:
        return ""
    kind = summary.verdict_text(spread)
    mark = {"slower": " \u25b2", "faster": " \u25bc", "similar": ""}[kind]
    text = summary.ratio_text
    note = f"({text(spread.low)}\u2013{text(spread.high)})"
    return [f"{text(spread.median)}{mark}", kind, note]


# --- Before and after.


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


def _effects(effects, changes, level):
    if not effects:
        return None
    order = sorted(effects, key=lambda e: -e["ratio"])
    names = _case_names([effect["case"] for effect in order])
    rows = []
    for name, effect in zip(names, order):
        kind = effect["verdict"]
        spread = "-"
        if effect["low"] is not None and effect["high"] is not None:
            spread = f"{effect['low']:.3f}-{effect['high']:.3f}"
        rows.append(
            [
                name,
                summary.time_text(effect["old_ns"]),
                summary.time_text(effect["new_ns"]),
                f"{(effect['ratio'] - 1) * 100:+.1f} %",
                spread,
                _p_text(effect["p"]),
                [kind or "no change", kind or "similar"],
            ]
        )
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
    text = [
        f"{len(effects)} cases: {counts['slower']} slower, {counts['faster']}"
        f" faster, {counts['']} without a verdict. The effect is the change of"
        " the time of one operation. A verdict needs an effect of more than"
        " 5 % and a p-value, adjusted for the number of cases, below"
        f" {level:g}."
    ]
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
        "id": "effects",
        "label": "",
        "chart": {
            "kind": "dots",
            "x": {"label": "time after : time before", "log": True},
            "categories": [name for name, _ in drawn],
            "series": series,
            "guides": [1 / 1.05, 1, 1.05],
            "summary": "The ratio of the times after and before the change,"
            f" with its 95 % confidence interval. {text[0]}",
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
    return _section("changes", "Before and after", text, [view])


# --- Times beside peers.


def _readings(index, settings, own):
    """Sentences about the peers that are faster, which come first, and how
    many are not."""
    slower, faster, similar = [], 0, 0
    for setting in settings:
        for side in own:
            for operation in index.operations(setting, (side,)):
                ours = index.find(setting, operation, side)
                for peer in summary.peers_of(side):
                    theirs = index.find(setting, operation, peer)
                    spread = theirs and summary.ratio(ours, theirs)
                    if not spread:
                        continue
                    kind = summary.verdict_text(spread)
                    faster += kind == "faster"
                    similar += kind == "similar"
                    if kind == "slower":
                        slower.append((spread.median, side, operation, peer))
    slower.sort(reverse=True)
    if not slower and not faster and not similar:
        return []
    texts = []
    if slower:
        listed = "; ".join(
            f"{summary.label(operation)}: {side} takes"
            f" {summary.ratio_text(median)} times as long as {peer}"
            for median, side, operation, peer in slower[:5]
        )
        more = f"; and {len(slower) - 5} more" if len(slower) > 5 else ""
        texts.append(f"Slower than a peer: {listed}{more}.")
    else:
        texts.append("No operation is slower than a peer here.")
    texts.append(
        f"Of {len(slower) + faster + similar} comparisons, {len(slower)} are"
        f" slower, {similar} similar (within 5 % or the spread), and {faster}"
        " faster."
    )
    return texts


def _times(index, group):
    identity, title, own, peers = group
    sides = own + peers
    views = []
    settings = index.settings(own)
    for number, setting in enumerate(settings):
        view = _times_view(index, setting, own, sides)
        view["id"] = f"times-{identity}-{number}"
        views.append(view)
    text = _readings(index, settings[:1], own)
    if text:
        text.append(
            "Elapsed time of one operation and thread. Points are medians, and"
            " lines reach from the lower to the upper quartile of the rounds."
            " A ratio below 1 means that appcache is faster; the brackets"
            " contain the quartiles of the ratios of single rounds."
        )
    return _section(f"times-{identity}", title, text, views)


def _times_view(index, setting, own, sides):
    operations = index.operations(setting, own)
    series = []
    for side in sides:
        points = []
        for row, operation in enumerate(operations):
            sample = index.find(setting, operation, side)
            if sample:
                spread = summary.quartiles(summary.time_of(sample))
                points.append([row, *spread])
        if points:
            series.append(
                {
                    "name": side,
                    "slot": summary.slot_of(side),
                    "own": side in own,
                    "points": points,
                }
            )
    measured = [s["name"] for s in series]
    label = summary.setting_text(setting)
    return {
        "label": label,
        "chart": {
            "kind": "dots",
            "x": {"label": "time of one operation", "log": True, "time": True},
            "categories": [summary.label(o) for o in operations],
            "series": series,
            "guides": [],
            "summary": f"Times of {len(operations)} operations of "
            f"{', '.join(measured)}; {label}. The table has the values.",
        },
        "table": _times_table(index, setting, operations, own, sides),
    }


def _times_table(index, setting, operations, own, sides):
    """Times of appcache, and its ratio to each of its peers."""
    pairs = [
        (side, peer)
        for side in own
        for peer in summary.peers_of(side)
        if peer in sides
        and any(
            index.find(setting, o, peer) and index.find(setting, o, side)
            for o in operations
        )
    ]
    present = [
        side
        for side in own
        if any(index.find(setting, o, side) for o in operations)
    ]
    head = ["operation", *present]
    head += [
        f": {peer}" if len(present) == 1 else f"{side} : {peer}"
        for side, peer in pairs
    ]
    rows = []
    for operation in operations:
        row = [summary.label(operation)]
        for side in present:
            sample = index.find(setting, operation, side)
            times = sample and statistics.median(summary.time_of(sample))
            row.append(summary.time_text(times) if sample else "")
        for side, peer in pairs:
            ours = index.find(setting, operation, side)
            theirs = index.find(setting, operation, peer)
            spread = summary.ratio(ours, theirs) if ours and theirs else None
            row.append(ratio_cell(spread))
        rows.append(row)
    return {"head": head, "rows": rows}


# --- Percentiles.


def _latency_key(entry):
    return entry["operation"], summary.setting_of(entry)


def _plain(setting):
    """Sorts settings: memory before files and servers."""
    places = ("memory", "file", "unix")
    place = places.index(setting.place) if setting.place in places else 9
    return place, setting.value_bytes, setting.entries or 0, str(setting)


def _series_name(entry):
    if entry["loop"] == "closed":
        return entry["side"]
    return f"{entry['side']}, {entry['rate_per_second']:,.0f}/s"


def _latency(entries, clock):
    by_key = {}
    for entry in entries:
        by_key.setdefault(_latency_key(entry), []).append(entry)
    views = []
    order = sorted(by_key, key=lambda k: (summary.order(k[0]), *_plain(k[1])))
    for number, key in enumerate(order):
        operation, setting = key
        place = {"unix": "server"}.get(setting.place, setting.place)
        label = f"{summary.label(operation)}, {place}, "
        label += summary.setting_text(setting)
        group = sorted(
            by_key[key],
            key=lambda e: (not e["side"].startswith("appcache"), e["side"]),
        )
        views.append(_latency_view(f"latency-{number}", label, group))
    text = [
        "How long the slowest operations take. The scale has as much room for"
        " 99 to 99.9 % as for 90 to 99 %. A name with a rate is an open loop:"
        " operations are due at that rate, and each is timed from the moment"
        " when it was due, so that a stall counts for all that waited. The"
        " others start when the one before has finished."
    ]
    if clock is not None:
        text.append(
            f"Taking the time of an operation takes {clock:g} ns, which are"
            " subtracted."
        )
    return _section("latency", "Latency percentiles", text, views)


def _latency_view(identity, label, group):
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
            *(summary.time_text(entry[field]) for field in fields),
            f"{entry['count']:,}",
        ]
        for entry in group
    ]
    return {
        "id": identity,
        "label": label,
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


# --- Throughput over threads.


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


def _throughput(index):
    views = []
    for _, title, own, peers in summary.GROUPS:
        by_key = _by_threads(index, own + peers)
        for operation, setting in sorted(
            by_key, key=lambda k: (summary.order(k[0]), *_plain(k[1]))
        ):
            sides = by_key[operation, setting]
            if not any(side in own for side in sides):
                continue
            text = summary.setting_text(setting).rpartition(", ")[0]
            label = f"{title}: {summary.label(operation)}, {text}"
            view = _throughput_view(label, sides)
            view["id"] = f"throughput-{len(views)}"
            views.append(view)
    text = [
        "Operations of all threads together in a second. More threads than"
        " processors cannot add to it."
    ]
    return _section("throughput", "Throughput over threads", text, views)


def _throughput_view(label, sides):
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


# --- Miss ratios.

_POLICIES = (
    ("lru_hits", "LRU (appcache)"),
    ("s3_fifo_hits", "S3-FIFO"),
    ("fifo_hits", "FIFO"),
    ("optimal_hits", "optimal"),
)


def _hit_percent(point, field, requests):
    if field == "lru_hits":
        return point["lru_hit_percent"]
    hits = point.get(field)
    return None if hits is None else 100 * hits / requests


def _curves(curves):
    views = []
    for number, curve in enumerate(curves):
        # Many rows are too many to read; the chart has all points.
        step = max(1, len(curve["curve"]) // 10)
        present = [
            (field, name)
            for field, name in _POLICIES
            if _hit_percent(curve["curve"][0], field, curve["requests"])
            is not None
        ]
        series = []
        for field, name in present:
            points = [
                [
                    point["entries"],
                    100 - _hit_percent(point, field, curve["requests"]),
                ]
                for point in curve["curve"]
                if point["entries"] > 0
            ]
            series.append(
                {
                    "name": name,
                    "slot": len(series),
                    "own": field == "lru_hits",
                    "dashed": field == "optimal_hits",
                    "points": points,
                }
            )
        rows = [
            [f"{point['entries']:,}"]
            + [
                f"{100 - _hit_percent(point, field, curve['requests']):.1f} %"
                for field, _ in present
            ]
            for i, point in enumerate(curve["curve"])
            if point["entries"] > 0
            and (i % step == 0 or i + 1 == len(curve["curve"]))
        ]
        label = (
            f"{curve['trace']}: {curve['requests']:,} requests,"
            f" {curve['keys']:,} keys"
        )
        views.append(
            {
                "id": f"curve-{number}",
                "label": label,
                "chart": {
                    "kind": "lines",
                    "x": {"label": "capacity in entries", "log": True},
                    "y": {"label": "requests that miss, %", "zero": True},
                    "series": series,
                    "summary": f"Miss ratios over capacities, {label}. The"
                    " table has the values.",
                },
                "table": {
                    "head": ["entries", *(name for _, name in present)],
                    "rows": rows,
                },
            }
        )
    text = [
        "Which share of the requests of a trace a cache of a given capacity"
        " does not answer. No policy can be below the optimum, which knows the"
        " future."
    ]
    return _section("misses", "Miss ratio over capacity", text, views)


# --- What an operation consists of.


def _costs(index):
    views = []
    for _, _, own, _ in summary.GROUPS:
        for side in own:
            for setting in index.settings((side,))[:1]:
                view = _costs_view(index, side, setting)
                if view:
                    view["id"] = f"costs-{len(views)}"
                    views.append(view)
    text = [
        "What is counted exactly, for one operation: SQL statements, C++"
        " allocations, bytes written, and exchanges with a server. The time of"
        " the loop that calls the operation and chooses its key is part of"
        " every time in this report, of peers too."
    ]
    return _section("costs", "Cost of an operation", text, views)


def _costs_view(index, side, setting):
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
