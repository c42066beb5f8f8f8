"""What appcache compresses Python reads, and the other way round.

Usage: gzip_python_test.py GZIP_FILTER
"""

import gzip
import os
import random
import subprocess
import sys

GZIP_FILTER = sys.argv[1]


def through_filter(what, data):
    done = subprocess.run(
        [GZIP_FILTER, what], input=data, stdout=subprocess.PIPE, check=True
    )
    return done.stdout


def main():
    seed = int(os.environ.get("APPCACHE_TEST_SEED", random.getrandbits(32)))
    print(f"APPCACHE_TEST_SEED={seed}")
    source = random.Random(seed)
    values = [b"", b"x", b"appcache " * 1000]
    values += [source.randbytes(source.randrange(100_000)) for _ in range(20)]
    for value in values:
        assert gzip.decompress(through_filter("compress", value)) == value
        for level in range(10):
            written = gzip.compress(value, compresslevel=level)
            assert through_filter("decompress", written) == value
        padded = written + bytes(source.randrange(1, 1000))
        assert gzip.decompress(padded) == value
        assert through_filter("decompress", padded) == value
    members = b"".join(gzip.compress(value) for value in values)
    assert through_filter("decompress", members) == b"".join(values)


main()
