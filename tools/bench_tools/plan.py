"""Which cases tools/bench measures, and in which order."""

import collections

from bench_tools.programs import Case

# With two threads, the standard set has these operations only.
SHARED_OPERATIONS = ("get_hit", "get_view", "set_over", "mix_95_5")

# A floor for the time of a hit, and no cache: for those who change the engine.
PROBES = ("probe",)

# What one process measures: cases of one program that use the same store.
Unit = collections.namedtuple("Unit", "program cases")


def parsed(names):
    return {name: Case.parse(name) for name in names}


def standard(names):
    """256-byte values and 10,000 entries, with keys of a Zipf distribution
    where the operation draws keys."""
    cases = parsed(names)
    drawn = {
        case._replace(keys=None)
        for case in cases.values()
        if case.keys == "zipf"
    }

    def is_standard(case):
        if case.side in PROBES or case.entries not in (10_000, None):
            return False
        if case.value_bytes != 256 and case.operation != "loop":
            return False
        if case.keys != "zipf" and case._replace(keys=None) in drawn:
            return False
        if case.keys == "hot":
            return False
        if case.threads == 1:
            return True
        return case.threads == 2 and case.operation in SHARED_OPERATIONS

    return [name for name, case in cases.items() if is_standard(case)]


def units(names_of):
    """The units of the cases of each program: {program: names}."""
    groups = {}
    for program, names in names_of.items():
        for name, case in parsed(names).items():
            store = (case.side, case.place, case.value_bytes, case.entries)
            groups.setdefault((program, store), []).append(name)
    return [Unit(key[0], names) for key, names in groups.items()]
