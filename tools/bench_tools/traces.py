"""Miss-ratio curves of a trace, also of one that is made here."""

import bisect
import itertools
import json
import os
import random

from bench_tools import programs
from bench_tools.failure import Failure

ZIPF_EXPONENT = 0.99
KEYS = 50_000
REQUESTS = 200_000


def write_zipf(path, seed, requests=REQUESTS, keys=KEYS):
    """A trace whose k-th most popular key is requested in proportion to
    1 / k^0.99, one key a line."""
    weights = [1 / rank**ZIPF_EXPONENT for rank in range(1, keys + 1)]
    totals = list(itertools.accumulate(weights))
    source = random.Random(seed)
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(requests):
            drawn = bisect.bisect(totals, source.random() * totals[-1])
            file.write(f"{min(drawn, keys - 1)}\n")


def curve(appcache, trace, name):
    """A curve as in the field "curves" of a result."""
    if not os.path.isfile(trace):
        raise Failure(f"cannot open {trace}: expected the file of a trace")
    output = programs.run([appcache, "mrc", trace, "--compare", "--json"])
    try:
        parsed = json.loads(output)
        if not parsed["curve"]:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise Failure(
            f"appcache mrc printed no curve of {trace}; expected a trace with"
            " one key a line"
        ) from None
    return {"trace": name, **parsed}
