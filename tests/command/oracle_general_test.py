"""Reads a recording as libCacheSim documents its format oracleGeneral.

Usage: oracle_general_test.py APPCACHE RECORDED
"""

import collections
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import unittest

APPCACHE, RECORDED = (os.path.abspath(path) for path in sys.argv[1:3])

# uint32_t clock_time; uint64_t obj_id; uint32_t obj_size;
# int64_t next_access_vtime: packed and little-endian.
RECORD = struct.Struct("<IQIq")

# Of the cache of the program.
MAX_ENTRIES = 1000
REQUESTS = 15000


class Lru:
    """An exact LRU of keys."""

    def __init__(self, capacity):
        self.capacity = capacity
        self.keys = collections.OrderedDict()

    def get(self, key):
        """Whether the key was there. It is afterwards."""
        hit = key in self.keys
        self.keys[key] = None
        self.keys.move_to_end(key)
        if len(self.keys) > self.capacity:
            self.keys.popitem(last=False)
        return hit


class OracleGeneralTest(unittest.TestCase):
    def record(self, directory):
        """The report of a recording of the whole program, and its records.

        When the machine stops the command for seconds, the program ends the
        recording. Such a run says nothing, and is repeated.
        """
        for _ in range(10):
            report, records = self.record_once(directory)
            if report["ended_by"] != "lease":
                return report, records
        self.fail("the machine stops the command all the time")

    def record_once(self, directory):
        recorder = f"{directory}/cache.record"
        with subprocess.Popen([RECORDED, recorder, str(REQUESTS)],
                              stdout=subprocess.DEVNULL) as program:
            self.addCleanup(program.kill)
            while not os.path.exists(recorder):
                self.assertIsNone(program.poll())
                time.sleep(0.01)
            done = subprocess.run(
                [APPCACHE, "record", recorder, f"{directory}/trace",
                 "--sample", "100%", "--json"],
                stdout=subprocess.PIPE, check=True)
        os.remove(recorder)
        with open(f"{directory}/trace", "rb") as file:
            return json.loads(done.stdout), list(
                RECORD.iter_unpack(file.read()))

    def test_a_replay_has_the_hits_of_the_program(self):
        with tempfile.TemporaryDirectory() as directory:
            report, records = self.record(directory)
        self.assertEqual(len(records), REQUESTS)
        lru = Lru(MAX_ENTRIES)
        hits = sum(lru.get(key) for _, key, _, _ in records)
        self.assertEqual(hits, report["hits"])
        following = {}
        for i, (_, key, size, next_access) in reversed(
                list(enumerate(records))):
            self.assertEqual(next_access, following.get(key, -1))
            following[key] = i
            # libCacheSim skips requests of size 0.
            self.assertGreater(size, 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
