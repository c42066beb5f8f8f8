"""Medians, spread and ratios of the samples of a result."""

import collections
import statistics

# Groups of sides that do the same work: the place, a title, the backends of
# appcache, and their peers.
GROUPS = (
    (
        "memory",
        "In memory, inside the process",
        ("appcache_memory",),
        (
            "tkrzw",
            "kyotocabinet",
            "rocksdb_lru",
            "rocksdb_clock",
            "mutex_list",
            "caffeine",
            "sqlite_memory",
            "python_sqlite",
        ),
    ),
    (
        "file",
        "In a file",
        ("appcache_file", "appcache_lmdb"),
        ("sqlite_file", "lmdb", "rocksdb_store", "python_sqlite"),
    ),
    (
        "unix",
        "On a server, through a unix socket",
        ("appcache_redis", "appcache_memcached", "appcache_tiered"),
        ("hiredis", "libmemcached"),
    ),
)

# The peer whose client library or engine a backend uses, where it is not the
# whole group that is comparable.
PEERS_OF = {
    "appcache_file": ("sqlite_file", "rocksdb_store", "python_sqlite"),
    "appcache_lmdb": ("lmdb",),
    "appcache_redis": ("hiredis",),
    "appcache_memcached": ("libmemcached",),
    "appcache_tiered": ("hiredis",),
}

OPERATIONS = (
    "get_view",
    "get_hit",
    "get_copy",
    "get_via",
    "get_via_copy",
    "get_miss",
    "get_many",
    "get_timed",
    "get_many_timed",
    "get_fetch",
    "get_beside_sets",
    "set_new",
    "set_over",
    "set_evict",
    "set_sustained",
    "invalidate",
    "mix_95_5",
    "mix_50_50",
)

LABELS = {
    "get_view": "get, view",
    "get_hit": "get, hit",
    "get_copy": "get, copy",
    "get_via": "GetVia, hit",
    "get_via_copy": "GetVia, copy",
    "get_miss": "get, miss",
    "get_many": "GetMany of 100",
    "get_timed": "get, hit with its ttl",
    "get_many_timed": "GetMany of 100 with ttls",
    "get_fetch": "get, fetched from the server",
    "get_beside_sets": "get beside a thread that sets",
    "set_new": "set, new key",
    "set_over": "set, existing key",
    "set_evict": "set, evicts",
    "set_sustained": "set, evicts, endless",
    "invalidate": "invalidate",
    "mix_95_5": "95 % get, 5 % set",
    "mix_50_50": "50 % get, 50 % set",
    "loop": "loop alone",
}

Spread = collections.namedtuple("Spread", "median low high")

Ratio = collections.namedtuple("Ratio", Spread._fields + ("rounds",))

# Fewer do not show how much a ratio varies.
MIN_ROUNDS_OF_VERDICT = 3

Setting = collections.namedtuple(
    "Setting", "place value_bytes entries keys threads"
)


def label(operation):
    return LABELS.get(operation, operation)


def order(operation):
    """Sorts operations in the order of OPERATIONS, others after them."""
    known = OPERATIONS.index(operation) if operation in OPERATIONS else 99
    return known, operation


def ratio_text(ratio):
    """A ratio with two decimals; a small one with two significant digits."""
    return f"{ratio:.2f}" if ratio >= 0.095 else f"{ratio:.2g}"


def quartiles(values):
    """The median and the quartiles."""
    if len(values) < 2:
        return Spread(values[0], values[0], values[0])
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(middle, low, high)


def peers_of(side):
    if side in PEERS_OF:
        return PEERS_OF[side]
    for _, _, own, peers in GROUPS:
        if side in own:
            return peers
    return ()


def slot_of(side):
    """The number of the colour and shape of a side: the same in all charts,
    and different for the sides of a group."""
    for _, _, own, peers in GROUPS:
        if side in own + peers:
            return (own + peers).index(side)
    return len(side) % 9


def setting_of(sample):
    return Setting(*(sample[field] for field in Setting._fields))


def bytes_text(count):
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:g} KiB"


def is_standard(setting):
    """Whether it is one of the standard set of tools/bench, which a report
    shows first."""
    of = (setting.value_bytes, setting.entries, setting.keys)
    return of == (256, 10_000, "zipf")


def keys_text(keys):
    return {"zipf": "Zipf 0.99", "hot": "one hot key"}.get(keys, keys)


def setting_text(setting):
    parts = [f"values of {bytes_text(setting.value_bytes)}"]
    if setting.entries is not None:
        parts.append(f"{setting.entries:,} entries")
    if setting.keys is not None:
        parts.append(keys_text(setting.keys))
    plural = "thread" if setting.threads == 1 else "threads"
    parts.append(f"{setting.threads} {plural}")
    return ", ".join(parts)


def time_text(ns):
    """Three digits and a unit."""
    for unit, size in (("ns", 1), ("\u00b5s", 1e3), ("ms", 1e6)):
        if ns < 999.5 * size or unit == "ms":
            number = ns / size
            digits = 0 if number >= 99.95 else 1 if number >= 9.995 else 2
            return f"{number:,.{digits}f} {unit}"
    return f"{ns / 1e9:g} s"


class Index:
    """The samples of a result by setting, operation and side.

    An operation that draws no keys, such as a set of a new key, is measured
    once and belongs to the settings of all distributions.
    """

    def __init__(self, samples):
        self.samples = [s for s in samples if s["operation"] != "loop"]
        self._loops = [s for s in samples if s["operation"] == "loop"]
        self._drawing = {
            sample["operation"]
            for sample in self.samples
            if sample["keys"] in ("zipf", "hot")
        }
        self._by = {}
        for sample in self.samples:
            setting = setting_of(sample)
            if not self._draws(sample):
                setting = setting._replace(keys=None)
            self._by[setting, sample["operation"], sample["side"]] = sample

    def _draws(self, sample):
        return not self._drawing or sample["operation"] in self._drawing

    def find(self, setting, operation, side):
        found = self._by.get((setting, operation, side))
        if found:
            return found
        return self._by.get((setting._replace(keys=None), operation, side))

    def loop_ns(self, setting):
        """The time of the loop around an operation, or None."""
        for sample in self._loops:
            same = (sample["entries"], sample["keys"], sample["threads"]) == (
                setting.entries,
                setting.keys,
                setting.threads,
            )
            if same and sample["side"] == "none":
                return statistics.median(time_of(sample))
        return None

    def settings(self, sides):
        """The settings of the sides: the standard one and those with Zipf keys
        first, then those with most samples."""
        own = [sample for sample in self.samples if sample["side"] in sides]
        drawing = [sample for sample in own if self._draws(sample)]
        counts = collections.Counter(map(setting_of, drawing or own))

        def place(setting):
            return (
                not is_standard(setting),
                setting.keys != "zipf",
                -counts[setting],
                setting.threads,
                setting.value_bytes,
                setting.entries or 0,
                setting.keys or "",
            )

        return sorted(counts, key=place)

    def operations(self, setting, sides):
        settings = (setting, setting._replace(keys=None))
        found = {
            operation
            for of, operation, side in self._by
            if of in settings and side in sides
        }
        return sorted(found, key=order)


def time_of(sample):
    """The time of one operation of one thread, as it takes in each round."""
    threads = sample["threads"]
    return [real * threads for real in sample["real_ns"]]


def ratio(ours, theirs):
    """The Ratio of times in the same round, which the load of the machine
    affects alike. Its median is the ratio of the medians."""
    mine, others = time_of(ours), time_of(theirs)
    rounds = [a / b for a, b in zip(mine, others) if b > 0]
    if not rounds:
        return None
    spread = quartiles(rounds)
    middle = statistics.median(mine) / statistics.median(others)
    return Ratio(
        middle,
        min(spread.low, middle),
        max(spread.high, middle),
        len(rounds),
    )


def verdict_text(ratio):
    """Whether a ratio of ours to theirs differs clearly from 1: "slower",
    "faster" or "similar". Empty after too few rounds."""
    if ratio.rounds < MIN_ROUNDS_OF_VERDICT:
        return ""
    if ratio.low > 1.05:
        return "slower"
    return "faster" if ratio.high < 1 / 1.05 else "similar"
