"""Does what pyappcache documents, for tests of what it shares with this library.

It has the parts of pyappcache that other programs can see on a server: the
paths of keys, namespaces, serialisers, compression and read-through. It reads a
request in JSON from each line of its input, and writes the reply as a line.

Arguments: "redis" and a unix socket, or "memcached" and unix sockets.
"""

import ast
import gzip
import json
import pickle
import sys


class Redis:
    def __init__(self, socket):
        import redis

        self._redis = redis.Redis(unix_socket_path=socket)

    def get(self, path):
        return self._redis.get(path)

    def set(self, path, stored, seconds):
        self._redis.set(path, stored, ex=seconds or None)

    def delete(self, path):
        self._redis.delete(path)


class Memcached:
    def __init__(self, *sockets):
        import pylibmc

        self._client = pylibmc.Client(
            sockets, binary=True, behaviors={"ketama_weighted": True}
        )

    def get(self, path):
        return self._client.get(path)

    def set(self, path, stored, seconds):
        self._client.set(path, stored, time=seconds)

    def delete(self, path):
        self._client.delete(path)


def to_bytes(text_or_bytes):
    # pylibmc returns a str where a str was stored.
    if isinstance(text_or_bytes, str):
        return text_or_bytes.encode()
    return text_or_bytes


# By name: how a value is stored, and read.
SERIALISERS = {
    "pickle": (pickle.dumps, lambda stored: pickle.loads(stored)),
    "old pickle": (
        lambda value: pickle.dumps(value, protocol=2),
        lambda stored: pickle.loads(stored),
    ),
    "json": (
        lambda value: json.dumps(value).encode(),
        lambda stored: json.loads(stored),
    ),
    "json text": (json.dumps, lambda stored: json.loads(stored)),
    "text": (str.encode, lambda stored: to_bytes(stored).decode()),
    "bytes": (lambda value: value, to_bytes),
}

GZIP_MAGIC = b"\x1f\x8b"


class Cache:
    def __init__(self, server, prefix="pyappcache"):
        self._server = server
        self._prefix = prefix

    def get(self, request):
        path = self._path(request)
        stored = None if path is None else self._server.get(path)
        if stored is None:
            return None
        if to_bytes(stored).startswith(GZIP_MAGIC):
            stored = gzip.decompress(stored)
        return SERIALISERS[request["as"]][1](stored)

    def set(self, request):
        path = self._path(request)
        if path is None:
            return
        stored = SERIALISERS[request["as"]][0](request["value"])
        if request.get("compress"):
            stored = gzip.compress(to_bytes(stored))
        self._server.set(path, stored, request.get("ttl", 0))

    def get_via(self, request):
        found = self.get(request)
        if found is not None:
            return found, False
        self.set(request)
        return request["value"], True

    def invalidate(self, request):
        path = self._path(request)
        if path is not None:
            self._server.delete(path)

    def _path(self, request):
        segments = [self._prefix]
        if "under" in request:
            space = self.get(request["under"])
            if space is None and not request["under"].get("is_none"):
                return None
            segments.append(str(space))
        return "/".join(segments + request["key"])


def compare(found, expected):
    if found is None and expected is not None:
        return "miss"
    same = found == expected and type(found) is type(expected)
    return "same" if same else f"different: {found!r}"


def answer(cache, request):
    if "value" in request:
        request["value"] = ast.literal_eval(request["value"])
    if request["do"] == "set":
        cache.set(request)
        return "done"
    if request["do"] == "get":
        return compare(cache.get(request), request["value"])
    if request["do"] == "get via":
        found, is_loaded = cache.get_via(request)
        return "loaded" if is_loaded else compare(found, request["value"])
    if request["do"] == "invalidate":
        cache.invalidate(request)
        return "done"
    raise ValueError(request["do"])


def main():
    kinds = {"redis": Redis, "memcached": Memcached}
    cache = Cache(kinds[sys.argv[1]](*sys.argv[2:]))
    for line in sys.stdin:
        try:
            reply = answer(cache, json.loads(line))
        except Exception as error:  # The test shows it.
            reply = f"{type(error).__name__}: {error}"
        print(json.dumps(reply), flush=True)


main()
