"""Percentiles of latencies, which //bench:latency measures."""

import json

from bench_tools import programs
from bench_tools.failure import Failure


def measure(program, arguments):
    """The field "latency" of a result."""
    del arguments
    try:
        found = json.loads(programs.run([program]))["latency"]
        if not isinstance(found, list):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise Failure(
            f'{program} printed no JSON with "latency"; is it //bench:latency?'
        ) from None
    return found
