"""Percentiles of latencies, which //bench:latency measures."""

import json

from bench_tools import programs
from bench_tools.failure import Failure


# What fits in half a minute: closed and open loops of all sides.
STANDARD = (
    "^(get_hit|set_over)/[^p].*/256/entries:10000/keys:zipf/threads:1/"
    "|^get_beside_sets/.*memory/256/entries:10000/keys:zipf/threads:2/"
)


def measure(program, everything, quick):
    """The fields "latency" and "clock_ns" of a result."""
    selected = "." if everything else STANDARD
    seconds = 0.03 if quick else 0.3
    output = programs.run(
        [program, f"--filter={selected}", f"--seconds={seconds}"]
    )
    try:
        report = json.loads(output)
        entries = report["latency"]
        clock = report.get("context", {}).get("clock_ns")
        # The clock itself is the first entry.
        found = [entry for entry in entries if entry["operation"] != "clock"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Failure(
            f'{program} printed no JSON with "latency"; is it //bench:latency?'
        ) from None
    return found, clock
