"""Pickles of Python's that appcache reads and writes again.

Usage: pickle_python_test.py PICKLE_FILTER
"""

import datetime
import os
import pickle
import random
import struct
import subprocess
import sys

PICKLE_FILTER = sys.argv[1]
VALUES = 10_000
NOT_READ = 0xFFFFFFFF


def through_filter(pickles):
    """The pickles that the filter writes for these; None for one not read."""
    framed = b"".join(struct.pack("<I", len(each)) + each for each in pickles)
    done = subprocess.run(
        [PICKLE_FILTER], input=framed, stdout=subprocess.PIPE, check=True
    )
    written = []
    rest = memoryview(done.stdout)
    while rest:
        (size,) = struct.unpack("<I", rest[:4])
        rest = rest[4:]
        if size == NOT_READ:
            written.append(None)
        else:
            written.append(bytes(rest[:size]))
            rest = rest[size:]
    assert len(written) == len(pickles)
    return written


def random_text(source):
    kinds = ["a\n\\'\"\0\r\x1a", "äÿ\x80", "λ漢\ud800\udfff", "\U0001f600\U0010ffff"]
    size = source.choice([0, 1, 3, 20, 255, 256, 300])
    return "".join(source.choice(source.choice(kinds)) for _ in range(size))


def random_int(source):
    bits = source.choice([1, 7, 8, 9, 16, 31, 32, 33, 62, 63])
    number = source.getrandbits(bits)
    return source.choice([number, -number, 2**63 - 1, -(2**63), 2**64 - 1])


def random_float(source):
    special = [0.0, -0.0, float("inf"), float("-inf"), float("nan"), 5e-324]
    (anything,) = struct.unpack("<d", source.randbytes(8))
    return source.choice(special + [source.uniform(-1e6, 1e6), anything])


def random_key(source):
    make = source.choice(
        [random_text, random_int, random_float, random_bytes]
    )
    return make(source)


def random_bytes(source):
    return source.randbytes(source.choice([0, 1, 5, 255, 256, 1000]))


def random_value(source, depth=0):
    scalars = [
        lambda: None,
        lambda: source.random() < 0.5,
        lambda: random_int(source),
        lambda: random_float(source),
        lambda: random_text(source),
        lambda: random_bytes(source),
    ]
    if depth == 3 or source.random() < 0.4:
        return source.choice(scalars)()
    size = source.choice([0, 1, 2, 3, 4, 10])
    items = [random_value(source, depth + 1) for _ in range(size)]
    if items and source.random() < 0.2:  # one object in several places
        items += [items[0]] * 3
    kind = source.randrange(3)
    if kind == 0:
        return items
    if kind == 1:
        return tuple(items)
    return {random_key(source): item for item in items}


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


def shared(doublings):
    value = ["x"]
    for _ in range(doublings):
        value = [value, value]
    return value


class Evil:
    def __reduce__(self):
        return (os.system, ("touch evil",))


class Plain:
    def __init__(self):
        self.attribute = 1


def not_read():
    yield b""
    yield b"."
    yield b"\x80\x04."
    yield b"\x80\x04N"
    yield b"\x80\x04NN."
    yield b"\x80\x04N.N"
    yield b"\x80\x06N."
    yield b"\x80\x04(N."
    yield b"\x80\x04Ne."
    yield b"\x80\x04]N(e."
    yield b"\x80\x04(](Ne."
    yield b"\x80\x04}(Nu."
    yield b"\x80\x04}](](Ntu."
    yield b"\x80\x04}(]Nu."  # a key that Python does not have
    yield b"\x80\x04h\x00."
    yield b"\x80\x04X\xff\xff\xff\xffabc."  # a size that is too large
    yield b"\x80\x04\x8d" + b"\xff" * 8 + b"."
    yield b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7fabc."
    yield b"\x80\x04\x8c\x02\xc3\x28."  # no UTF-8
    yield b"\x80\x04\x8c\x02\xc0\x80."
    yield b"cos\nsystem\n(S'touch evil'\ntR."
    yield b"cos\nsystem\n(Vtouch evil\ntR."
    yield b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x0atouch evil\x85R."
    yield b"\x80\x02cos\nsystem\nX\x0a\x00\x00\x00touch evil\x85R."
    yield b"(Vtouch evil\nios\nsystem\n."
    yield b"(cos\nsystem\nVtouch evil\no."
    yield b"\x80\x02}}b."
    yield b"\x80\x02\x82\x01."
    yield b"\x80\x02c_codecs\nencode\n."  # a function is no value
    yield b"\x80\x02]c_codecs\nencode\na."
    yield b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00utf-8\x86R."
    yield b"\x80\x02c_codecs\nencode\nX\x02\x00\x00\x00\xc4\x80X\x06\x00\x00\x00latin1\x86R."
    yield b"\x80\x02c_codecs\ndecode\nX\x01\x00\x00\x00aX\x06\x00\x00\x00latin1\x86R."
    yield b"\x80\x02c__builtin__\nbytes\nK\x05\x85R."
    yield b"\x80\x02c__builtin__\nstr\n)R."
    yield b"PNone\n."
    yield b"NQ."
    yield b"(" * 1_000_000
    yield b"\x80\x04" + b"](" * 100_000 + b"e" * 100_000 + b"."
    yield b"\x80\x04]\x94h\x00a."  # a list that contains itself
    yield b"L9223372036854775808" + b"0" * 100_000 + b"L\n."
    for protocol in range(6):
        for value in (
            Evil(),
            Plain(),
            {1, 2},
            frozenset((1, 2)),
            bytearray(b"x"),
            complex(1, 2),
            datetime.datetime(2020, 1, 1),
            2**64,
            -(2**63) - 1,
            2**3000,
        ):
            yield pickle.dumps(value, protocol)
    for value in (nested(101), shared(30), ["x" * 1_000_000] * 20):
        yield pickle.dumps(value)


def main():
    seed = int(os.environ.get("APPCACHE_TEST_SEED", random.getrandbits(32)))
    print(f"APPCACHE_TEST_SEED={seed}")
    source = random.Random(seed)
    values = [random_value(source) for _ in range(VALUES)]
    values += [nested(100), shared(16), ["x" * 100_000] * 100, list(range(100_000))]
    pickles = [pickle.dumps(v, source.randrange(6)) for v in values]
    for value, read, written in zip(values, pickles, through_filter(pickles)):
        assert written is not None, (value, read)
        assert repr(pickle.loads(written)) == repr(value), (value, read, written)

    hostile = list(not_read())
    for read, written in zip(hostile, through_filter(hostile)):
        assert written is None, (read[:100], written)
    assert not os.path.exists("evil")


main()
