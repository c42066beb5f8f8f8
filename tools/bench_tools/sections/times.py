"""Times of operations, beside those of peers."""

import statistics

from bench_tools import summary
from bench_tools.sections import parts


def _ratio_cell(ratio):
    """A cell with a ratio, its spread, and what it means."""
    if ratio is None:
        return ""
    kind = summary.verdict_text(ratio)
    mark = {"slower": " \u25b2", "faster": " \u25bc"}.get(kind, "")
    text = summary.ratio_text
    note = f"({text(ratio.low)}\u2013{text(ratio.high)})"
    return [f"{text(ratio.median)}{mark}", kind, note if kind else ""]


def _comparisons(index, settings, own):
    """The ratio to every peer, with side, operation and peer."""
    for setting in settings:
        for side in own:
            for operation in index.operations(setting, (side,)):
                ours = index.find(setting, operation, side)
                for peer in summary.peers_of(side):
                    theirs = index.find(setting, operation, peer)
                    ratio = theirs and summary.ratio(ours, theirs)
                    if ratio:
                        yield ratio, side, operation, peer


def _readings(index, settings, own):
    """Sentences about the peers that are faster, which come first, and how
    many are not."""
    by_verdict = {"slower": [], "similar": [], "faster": [], "": []}
    for comparison in _comparisons(index, settings, own):
        by_verdict[summary.verdict_text(comparison[0])].append(comparison)
    counts = {verdict: len(of) for verdict, of in by_verdict.items()}
    unknown = counts.pop("")
    texts = []
    if sum(counts.values()) > 0:
        texts += [
            _slower_text(sorted(by_verdict["slower"], reverse=True)),
            f"Of {sum(counts.values())} comparisons, {counts['slower']} are"
            f" slower, {counts['similar']} similar (within 5 % or the"
            f" spread), and {counts['faster']} faster.",
        ]
    if unknown:
        texts.append(
            f"{unknown} comparisons have no verdict, because they were"
            f" measured in fewer than {summary.MIN_ROUNDS_OF_VERDICT} rounds."
        )
    return texts


def _slower_text(slower):
    if not slower:
        return "No operation is slower than a peer here."
    listed = "; ".join(
        f"{summary.label(operation)}: {side} takes"
        f" {summary.ratio_text(ratio.median)} times as long as {peer}"
        for ratio, side, operation, peer in slower[:5]
    )
    more = f"; and {len(slower) - 5} more" if len(slower) > 5 else ""
    return f"Slower than a peer: {listed}{more}."


def section(index, group):
    identity, title, own, peers = group
    sides = own + peers
    settings = index.settings(own)
    views = [_view(index, setting, own, sides) for setting in settings]
    text = _readings(index, settings[:1], own)
    if text:
        text.append(
            "Elapsed time of one operation and thread. Points are medians, and"
            " lines reach from the lower to the upper quartile of the rounds."
            " A ratio below 1 means that appcache is faster; the brackets"
            " contain the quartiles of the ratios of single rounds."
        )
    return parts.section(f"times-{identity}", title, text, views)


def _view(index, setting, own, sides):
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
        "choice": parts.setting_choice(setting),
        "chart": {
            "kind": "dots",
            "x": {"label": "time of one operation", "log": True, "time": True},
            "categories": [summary.label(o) for o in operations],
            "series": series,
            "guides": [],
            "summary": f"Times of {len(operations)} operations of "
            f"{', '.join(measured)}; {label}. The table has the values.",
        },
        "table": _table(index, setting, operations, own, sides),
    }


def _table(index, setting, operations, own, sides):
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
            ratio = summary.ratio(ours, theirs) if ours and theirs else None
            row.append(_ratio_cell(ratio))
        rows.append(row)
    return {"head": head, "rows": rows}
