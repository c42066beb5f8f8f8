#!/usr/bin/env python3
"""clang reports a member that is used without its lock.

Compiles faults.cc with each of its faults, and sources of the library without
one of their locks, with the options of --config=thread-safety.
"""

import os
import pathlib
import re
import subprocess
import unittest

FAULTS = "tests/thread_safety/faults.cc"

# FAULT: what clang says.
REPORTS = {
    1: r"variable 'count_' requires holding mutex 'mutex_'",
    2: r"cannot call function 'Add' while mutex 'mutex_' is held",
    3: r"mutex 'mutex_' must be acquired before 'last_mutex_'",
    4: r"function 'ResetLocked' requires holding mutex 'mutex_'",
    5: r"variable 'count_' requires holding mutex 'mutex_'",
    6: r"variable 'hits_' requires holding spin lock 'hits_lock_'",
    7: r"variable 'name_' requires holding shared mutex 'name_mutex_'",
}

# Each of these lines of the library acquires a lock.
LOCKS = [
    ("engine/policy/pending_accesses.cc", "internal::MutexLock guard(mutex_);"),
    ("engine/policy/live_curve.cc",
     "const internal::SpinLockGuard guard(stripe.lock);"),
    ("engine/residency/directory_sizes.cc",
     "const internal::LockGuard<Shard> guard(shards_[i]);"),
    ("engine/lru/resident_limits.cc",
     "const internal::MutexLock guard(demote_mutex_, std::adopt_lock);"),
    ("engine/lru/resident_maintenance.cc",
     "const internal::LockGuard<FlushTurn> turn(flush_turn_);"),
]  # fmt: skip


def options():
    """The warnings of --config=thread-safety."""
    text = pathlib.Path(".bazelrc").read_text(encoding="utf-8")
    found = re.findall(
        r"^build:thread-safety --per_file_copt=\^//@(\S+)$", text, re.MULTILINE
    )
    return [option for options in found for option in options.split(",")]


def compile_file(path, *more):
    """Returns clang's exit status and messages."""
    command = ["clang++-14", "-std=c++20", "-fsyntax-only", "-Werror"]
    command += [*options(), "-Iengine/include", "-I.", *more, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


class ThreadSafetyTest(unittest.TestCase):
    def test_accepts_correct_locks(self):
        self.assertEqual(compile_file(FAULTS), (0, ""))

    def test_reports_each_fault(self):
        for fault, report in REPORTS.items():
            with self.subTest(fault=fault):
                status, messages = compile_file(FAULTS, f"-DFAULT={fault}")
                self.assertNotEqual(status, 0)
                self.assertRegex(messages, report)

    def test_reports_a_lock_that_is_missing_from_the_library(self):
        for path, lock in LOCKS:
            with self.subTest(path=path):
                self.assertEqual(compile_file(path), (0, ""))
                text = pathlib.Path(path).read_text(encoding="utf-8")
                self.assertIn(lock, text)
                changed = pathlib.Path(os.environ["TEST_TMPDIR"], "changed.cc")
                changed.write_text(text.replace(lock, "", 1), encoding="utf-8")
                status, messages = compile_file(changed)
                self.assertNotEqual(status, 0)
                self.assertIn("-Wthread-safety", messages)


if __name__ == "__main__":
    unittest.main()
