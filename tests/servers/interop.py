"""Reads entries that a C++ test has stored, and stores some as pyappcache does.

Arguments: "redis" and a unix socket, or "memcached" and servers in pylibmc's
notation. Exits with a message at the first entry that is not as expected.
"""

import gzip
import json
import sys

KEYS = 300


class Redis:
    def __init__(self, socket):
        import redis

        self._redis = redis.Redis(unix_socket_path=socket)

    def get(self, key):
        return self._redis.get(key)

    def set(self, key, value, seconds=None):
        self._redis.set(key, value, ex=seconds)

    def expect_ttls(self):
        ttl = self._redis.pttl("pyappcache/brief")
        expect(0 < ttl <= 60_000, True, "a ttl")
        expect(self._redis.pttl("pyappcache/user/7"), -1, "no ttl")


class Memcached:
    def __init__(self, *servers):
        import pylibmc

        self._client = pylibmc.Client(
            servers, behaviors={"ketama_weighted": True}
        )

    def get(self, key):
        return self._client.get(key)

    def set(self, key, value, seconds=0):
        self._client.set(key, value, time=seconds)

    def expect_ttls(self):
        pass  # pylibmc has no ttl query


def expect(found, expected, what):
    if found != expected:
        sys.exit(f"{what}: found {found!r}, expected {expected!r}")


def read_entries_of_cpp(server):
    expect(server.get("pyappcache/user/7"), b"Ada", "a string")
    expect(server.get("pyappcache/bytes"), bytes(range(256)), "bytes")
    expect(server.get("pyappcache/count"), b"42", "a number")
    page = server.get("pyappcache/page")
    expect(page[:2], b"\x1f\x8b", "the magic bytes of gzip")
    expect(gzip.decompress(page), b"page " * 1000, "a compressed string")
    point = json.loads(server.get("pyappcache/point"))
    expect(point, {"x": 3, "y": -4}, "JSON")
    expect(server.get("pyappcache/version"), b"12", "a namespace's value")
    expect(server.get("pyappcache/12/item/1"), b"in it", "under a namespace")
    expect(server.get("pyappcache/gr\u00fc\u00dfe"), b"umlaut", "UTF-8")
    expect(server.get("pyappcache/brief"), b"1", "an entry with a ttl")
    server.expect_ttls()
    for i in range(KEYS):
        expect(server.get(f"pyappcache/cpp/{i}"), str(i).encode(), f"cpp/{i}")


def write_for_cpp(server):
    server.set("pyappcache/py/string", "Gr\u00fc\u00dfe".encode())
    server.set("pyappcache/py/bytes", bytes(range(256)))
    server.set("pyappcache/py/page", gzip.compress(b"page " * 1000, 5))
    server.set("pyappcache/py/point", json.dumps({"x": 5, "y": 6}).encode())
    server.set("pyappcache/version", b"13", seconds=60)
    server.set("pyappcache/13/item/1", b"in the next")
    for i in range(KEYS):
        server.set(f"pyappcache/py/{i}", str(i).encode())


def main():
    kinds = {"redis": Redis, "memcached": Memcached}
    server = kinds[sys.argv[1]](*sys.argv[2:])
    read_entries_of_cpp(server)
    write_for_cpp(server)


main()
