"""A result as tools/bench writes it, with invented and reproducible figures."""

import math
import random

# The median nanoseconds of a get and of a set over a key.
SIDES = {
    "appcache_memory": ("memory", 46, 118),
    "tkrzw": ("memory", 62, 64),
    "kyotocabinet": ("memory", 96, 104),
    "rocksdb_lru": ("memory", 70, 88),
    "rocksdb_clock": ("memory", 74, 120),
    "mutex_list": ("memory", 81, 150),
    "caffeine": ("memory", 30, 210),
    "sqlite_memory": ("memory", 830, 1550),
    "appcache_file": ("file", 2900, 39000),
    "appcache_lmdb": ("file", 600, 9400),
    "sqlite_file": ("file", 3300, 38000),
    "lmdb": ("file", 480, 8800),
    "rocksdb_store": ("file", 1900, 5200),
    "python_sqlite": ("file", 9100, 61000),
    "appcache_redis": ("unix", 27200, 27400),
    "appcache_memcached": ("unix", 26400, 26500),
    "appcache_tiered": ("unix", 240, 29100),
    "hiredis": ("unix", 26500, 27000),
    "libmemcached": ("unix", 24500, 24700),
}

# How many gets and sets each operation is worth.
OPERATIONS = {
    "get_hit": (1, 0),
    "get_miss": (0.8, 0),
    "get_many": (0.7, 0),
    "get_via": (1.1, 0),
    "set_new": (0, 0.9),
    "set_over": (0, 1),
    "set_evict": (0, 1.3),
    "invalidate": (0, 0.7),
    "mix_95_5": (0.95, 0.05),
    "mix_50_50": (0.5, 0.5),
}

LOOP_NS = 4
ROUNDS = 9


def environment():
    return {
        "date": "2026-11-29T20:00:00+00:00",
        "end": "2026-11-29T20:04:00+00:00",
        "cpu": "Example CPU",
        "cores": 2,
        "memory_bytes": 24 << 30,
        "kernel": "Linux 6.1",
        "compiler": "12.2.0",
        "optimized": "yes",
        "flags": "--compilation_mode=opt",
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "modified": False,
        "libraries": {"libsqlite3-0": "3.40.1-2", "libtkrzw1": "1.0.25-1"},
        "load_average_start": [0.1, 0.2, 0.3],
        "load_average_end": [1.1, 0.6, 0.4],
        "seed": 1,
    }


def _sample(source, operation, side, place, ns, threads):
    times = [ns * source.lognormvariate(0, 0.03) for _ in range(ROUNDS)]
    settings = "256/entries:10000/keys:zipf"
    sql = 0.0 if place == "memory" else 1.0
    return {
        "case": f"{operation}/{side}/{place}/{settings}/threads:{threads}",
        "operation": operation,
        "side": side,
        "place": place,
        "value_bytes": 256,
        "entries": 10000,
        "keys": "zipf",
        "threads": threads,
        "real_ns": [time / threads for time in times],
        "cpu_ns": times,
        "counters": {"sql": [sql] * ROUNDS, "new": [1.0] * ROUNDS}
        if threads == 1
        else {},
    }


def samples(source, slower=None, factor=1.0):
    """The sample of every case; `slower` takes `factor` times as long."""
    found = [_sample(source, "loop", "none", "memory", LOOP_NS, 1)]
    for side, (place, get, put) in SIDES.items():
        for operation, (gets, sets) in OPERATIONS.items():
            ns = LOOP_NS + gets * get + sets * put
            if (operation, side) == slower:
                ns *= factor
            for threads in (1, 2) if operation == "get_hit" else (1,):
                slowed = ns * (1 if threads == 1 else 1.1)
                found.append(
                    _sample(source, operation, side, place, slowed, threads)
                )
    return found


def _latency(operation, side, place, ns, rate):
    def at(percent):
        nines = -math.log10(1 - percent / 100)
        return ns * (1 + 0.35 * nines**2) * (1 if rate is None else 1.5)

    percents = [0, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.9, 99.95, 99.99]
    return {
        "operation": operation,
        "side": side,
        "place": place,
        "value_bytes": 256,
        "entries": 10000,
        "keys": "zipf",
        "threads": 1,
        "loop": "closed" if rate is None else "open",
        "rate_per_second": rate,
        "count": 100000,
        "mean_ns": ns * 1.2,
        "p50_ns": at(50),
        "p90_ns": at(90),
        "p99_ns": at(99),
        "p99_9_ns": at(99.9),
        "max_ns": at(99.999),
        "percentiles": [[p, at(p)] for p in percents],
    }


def _curve():
    requests, keys = 100000, 20000

    def hits(capacity, power):
        return int(requests * 0.9 * (capacity / keys) ** power)

    capacities = [keys * i // 20 for i in range(1, 21)]
    return {
        "trace": "Zipf 0.99",
        "requests": requests,
        "keys": keys,
        "sample": 1,
        "curve": [
            {
                "entries": capacity,
                "lru_hits": hits(capacity, 0.3),
                "lru_hit_percent": 100 * hits(capacity, 0.3) / requests,
                "fifo_hits": hits(capacity, 0.36),
                "s3_fifo_hits": hits(capacity, 0.25),
                "optimal_hits": hits(capacity, 0.15),
            }
            for capacity in capacities
        ],
        "targets": [],
    }


def result(seed=1, slower=None, factor=1.0):
    source = random.Random(seed)
    latency = [
        _latency("get_hit", side, "memory", SIDES[side][1], rate)
        for side in ("appcache_memory", "tkrzw", "caffeine")
        for rate in (None, 100000)
    ]
    return {
        "format": "appcache-bench",
        "version": 1,
        "environment": environment(),
        "left_out": [],
        "clock_ns": 18,
        "samples": samples(source, slower, factor),
        "latency": latency,
        "curves": [_curve()],
    }
