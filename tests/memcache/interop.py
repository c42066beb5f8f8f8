"""Reads entries that the C++ test has stored, and stores some as pyappcache does.

Arguments: servers in pylibmc's notation. Exits with a message at the first entry
that is not as expected.
"""

import gzip
import json
import sys

import pylibmc

KEYS = 300


def expect(found, expected, what):
    if found != expected:
        sys.exit(f"{what}: found {found!r}, expected {expected!r}")


def read_entries_of_cpp(servers):
    expect(servers.get("pyappcache/user/7"), b"Ada", "a string")
    expect(servers.get("pyappcache/bytes"), bytes(range(256)), "bytes")
    expect(servers.get("pyappcache/count"), b"42", "a number")
    page = servers.get("pyappcache/page")
    expect(page[:2], b"\x1f\x8b", "the magic bytes of gzip")
    expect(gzip.decompress(page), b"page " * 1000, "a compressed string")
    point = json.loads(servers.get("pyappcache/point"))
    expect(point, {"x": 3, "y": -4}, "JSON")
    expect(servers.get("pyappcache/version"), b"12", "a namespace's value")
    expect(servers.get("pyappcache/12/item/1"), b"in it", "under a namespace")
    expect(servers.get("pyappcache/gr\u00fc\u00dfe"), b"umlaut", "UTF-8")


def write_for_cpp(servers):
    servers.set("pyappcache/py/string", "Gr\u00fc\u00dfe".encode())
    servers.set("pyappcache/py/bytes", bytes(range(256)))
    servers.set("pyappcache/py/page", gzip.compress(b"page " * 1000, 5))
    servers.set("pyappcache/py/point", json.dumps({"x": 5, "y": 6}).encode())
    servers.set("pyappcache/version", b"13", time=60)
    servers.set("pyappcache/13/item/1", b"in the next")


def share_many_keys(servers):
    for i in range(KEYS):
        expect(servers.get(f"pyappcache/cpp/{i}"), str(i).encode(), f"cpp/{i}")
        servers.set(f"pyappcache/py/{i}", str(i).encode())


def main():
    servers = pylibmc.Client(sys.argv[1:], behaviors={"ketama_weighted": True})
    read_entries_of_cpp(servers)
    write_for_cpp(servers)
    share_many_keys(servers)


main()
