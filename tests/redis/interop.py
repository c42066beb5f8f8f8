"""What a Python program, as pyappcache, finds on the server, and leaves there.

Argument: the server's unix socket. Exits with a message at the first thing that
is not as it should be.
"""

import gzip
import json
import sys

import redis


def expect(found, expected, what):
    if found != expected:
        sys.exit(f"{what}: {found!r}, not {expected!r}")


def read_what_cpp_wrote(server):
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
    expect(0 < server.pttl("pyappcache/brief") <= 60_000, True, "a ttl")
    expect(server.pttl("pyappcache/user/7"), -1, "no ttl")


def write_for_cpp(server):
    server.set("pyappcache/py/string", "Gr\u00fc\u00dfe".encode())
    server.set("pyappcache/py/bytes", bytes(range(256)))
    server.set("pyappcache/py/page", gzip.compress(b"page " * 1000, 5))
    server.set("pyappcache/py/point", json.dumps({"x": 5, "y": 6}))
    server.set("pyappcache/version", b"13", px=60_000)
    server.set("pyappcache/13/item/1", b"in the next")


def main():
    server = redis.Redis(unix_socket_path=sys.argv[1])
    read_what_cpp_wrote(server)
    write_for_cpp(server)


main()
