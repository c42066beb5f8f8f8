"""Percentiles of latencies, which //bench:latency measures."""

import json

from bench_tools import programs
from bench_tools.failure import Failure


# What fits in half a minute: closed and open loops of all sides.
STANDARD = (
    "^(get_hit|set_over)/[^p].*/256/entries:10000/keys:zipf/threads:1/"
    "|^get_beside_sets/.*memory/256/entries:10000/keys:zipf/threads:2/"
)


def name_of(entry):
    """The name of the case that an entry of the field "latency" is of."""
    return (
        f"{entry['operation']}/{entry['side']}/{entry['place']}"
        f"/{entry['value_bytes']}/entries:{entry['entries']}"
        f"/keys:{entry['keys']}/threads:{entry['threads']}"
        f"/loop:{entry['loop']}"
    )


class Group:
    """The cases of one setting, of all sides or some. One process measures
    them, in turns."""

    def __init__(self, setting):
        self.setting = setting  # "memory/256/entries:10000/keys:zipf"
        self.names = []

    def expression(self):
        """A regular expression that only the names match."""
        return f"^({'|'.join(map(programs.escaped, self.names))})$"

    def is_in(self, entries):
        return set(self.names) <= set(map(name_of, entries))

    def replace(self, entries, found):
        """The entries, with those of the group as they were found."""
        names = set(self.names)
        return [e for e in entries if name_of(e) not in names] + found


class WholeGroup(Group):
    """All cases of a setting. The setting matches them: an expression of all
    names, which are hundreds with --all, takes seconds to evaluate."""

    def expression(self):
        return f"^[^/]+/[^/]+/{self.setting}/"


def _names(program, pattern):
    """The names of the cases that match."""
    listing = programs.run([program, "--list", f"--filter={pattern}"])
    return listing.split()


def groups(program, everything, pattern="."):
    """The groups of the cases that match the regular expression, among those
    of the standard set or all."""
    if not everything:
        standard = set(_names(program, STANDARD))
    by_setting = {}
    for name in _names(program, pattern):
        if not everything and name not in standard:
            continue
        case = programs.Case.parse(name)
        setting = (
            f"{case.place}/{case.value_bytes}/entries:{case.entries}"
            f"/keys:{case.keys}"
        )
        kind = WholeGroup if everything and pattern == "." else Group
        by_setting.setdefault(setting, kind(setting)).names.append(name)
    return list(by_setting.values())


def measure(program, group, quick):
    """The entries of the group, and what reading the clock takes."""
    seconds = 0.03 if quick else 0.3
    output = programs.run(
        [program, f"--filter={group.expression()}", f"--seconds={seconds}"]
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
