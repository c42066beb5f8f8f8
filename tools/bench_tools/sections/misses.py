"""Miss ratios over capacities."""

from bench_tools.sections import parts



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


def section(curves):
    text = [
        "Which share of the requests of a trace a cache of a given capacity"
        " does not answer. No policy can be below the optimum, which knows the"
        " future."
    ]
    views = [_view(curve) for curve in curves]
    return parts.section("misses", "Miss ratio over capacity", text, views)


def _view(curve):
    requests = curve["requests"]
    present = [
        (field, name)
        for field, name in _POLICIES
        if _hit_percent(curve["curve"][0], field, requests) is not None
    ]
    points = [point for point in curve["curve"] if point["entries"] > 0]
    label = f"{curve['trace']}: {requests:,} requests, {curve['keys']:,} keys"
    return {
        "label": label,
        "choice": {"trace": label},
        "chart": {
            "kind": "lines",
            "x": {"label": "capacity in entries", "log": True},
            "y": {"label": "requests that miss, %", "zero": True},
            "series": [
                {
                    "name": name,
                    "slot": slot,
                    "own": field == "lru_hits",
                    "dashed": field == "optimal_hits",
                    "points": [
                        [p["entries"], 100 - _hit_percent(p, field, requests)]
                        for p in points
                    ],
                }
                for slot, (field, name) in enumerate(present)
            ],
            "summary": f"Miss ratios over capacities, {label}. The table has"
            " the values.",
        },
        "table": {
            "head": ["entries", *(name for _, name in present)],
            "rows": [
                [f"{point['entries']:,}"]
                + [
                    f"{100 - _hit_percent(point, field, requests):.1f} %"
                    for field, _ in present
                ]
                for point in _rows(points)
            ],
        },
    }


def _rows(points):
    """The points of the table: many are too many to read. The chart has all."""
    step = max(1, len(points) // 10)
    return [
        point
        for i, point in enumerate(points)
        if i % step == 0 or i + 1 == len(points)
    ]
