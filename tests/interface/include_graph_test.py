"""The includes of all source files follow the layers in the table below.

Usage: include_graph_test.py FILE...

FILE...: the sources of engine/, adapters/, tools/ and bench/.
"""

import os
import re
import sys
import unittest

# The public headers. Includes of "appcache/x.h" are resolved among these.
ENGINE = "engine/include"
ADAPTERS = [
    f"adapters/{name}/include"
    for name in ("lmdb", "memcache", "redis", "tiered")
]
PUBLIC = [ENGINE, *ADAPTERS]

# The parts of the appcache command: the others that each may include, folders
# elsewhere, and third-party libraries.
COMMAND = "tools/command"
COMMAND_PARTS = [
    ("text", [], [ENGINE, "engine/support"], []),
    ("io", ["text"], [ENGINE, "engine/support", "engine/uri"], ["nlohmann"]),
    # Alone opens a cache of any backend.
    ("cache", ["text", "io"], [*PUBLIC, "engine/uri"], []),
    (
        "entries",
        ["text", "io", "cache"],
        [ENGINE, "tools/histogram"],
        ["nlohmann"],
    ),
    (
        "dump",
        ["text", "io", "cache", "entries"],
        [ENGINE, "tools/trace"],
        ["nlohmann", "zlib"],
    ),
    (
        "exec",
        ["text", "io", "cache", "entries"],
        [ENGINE, "engine/support", "engine/uri"],
        ["nlohmann", "xxhash"],
    ),
    (
        "traces",
        ["text", "io", "cache"],
        [
            ENGINE,
            "engine/record",
            "engine/uri",
            "tools/curve",
            "tools/histogram",
            "tools/trace",
        ],
        ["nlohmann"],
    ),
    (
        "stats",
        ["text", "io", "cache", "traces"],
        [ENGINE, "adapters/tiered/include", "engine/record", "engine/uri"],
        ["nlohmann"],
    ),
    (
        "cli",
        [
            "text",
            "io",
            "cache",
            "entries",
            "dump",
            "exec",
            "traces",
            "stats",
        ],
        [ENGINE, "engine/uri", "tools/trace"],
        ["cli11"],
    ),
]

# folder: (the folders that its files may include besides itself,
#          the third-party libraries that it may include).
# A file belongs to the longest folder that contains it. An arrow upwards is an
# include that is not listed here.
LAYERS = {
    ENGINE: ([], []),
    "engine/support": ([ENGINE], []),
    # Knows nothing of caches: the command uses it too.
    "engine/record": ([ENGINE, "engine/support"], ["xxhash"]),
    "engine/codec": ([ENGINE, "engine/support", "engine/record"], []),
    "engine/loading": ([ENGINE, "engine/support", "engine/codec"], []),
    "engine/interface": (
        [ENGINE, "engine/support", "engine/codec", "engine/loading"],
        ["zlib"],
    ),
    "engine/lane": ([ENGINE, "engine/support"], []),
    "engine/uri": ([ENGINE, "engine/support"], []),
    # Decides without SQL, and through an interface that the store implements.
    "engine/policy": ([ENGINE, "engine/support"], []),
    # Knows no SQL, and chooses no victims.
    "engine/residency": ([ENGINE, "engine/support", "engine/policy"], []),
    # Knows SQLite's protocol, and nothing of the cache.
    "engine/vfs": (["engine/support"], ["sqlite"]),
    "engine/store": (
        [
            ENGINE,
            "engine/support",
            "engine/lane",
            "engine/policy",
            "engine/vfs",
        ],
        ["sqlite", "xxhash"],
    ),
    "engine/lru": (
        [
            ENGINE,
            "engine/support",
            "engine/uri",
            "engine/lane",
            "engine/policy",
            "engine/residency",
            "engine/store",
        ],
        ["sqlite", "xxhash"],
    ),
    **{adapter: ([ENGINE], []) for adapter in ADAPTERS},
    "adapters/net": ([ENGINE, "engine/support"], []),
    "adapters/lmdb": (
        [
            ENGINE,
            "adapters/lmdb/include",
            "engine/support",
            "engine/lane",
            "engine/uri",
        ],
        ["lmdb", "xxhash"],
    ),
    "adapters/memcache": (
        [
            ENGINE,
            "adapters/memcache/include",
            "engine/support",
            "engine/uri",
            "adapters/net",
        ],
        ["xxhash", "zlib"],
    ),
    "adapters/redis": (
        [
            ENGINE,
            "adapters/redis/include",
            "engine/support",
            "engine/uri",
            "adapters/net",
        ],
        [],
    ),
    # A tier knows its two backends by the interface only.
    "adapters/tiered": (
        [ENGINE, "adapters/tiered/include", "engine/support", "engine/uri"],
        [],
    ),
    "tools/curve": ([], ["xxhash"]),
    "tools/histogram": ([], []),
    "tools/trace": ([ENGINE, "engine/support"], ["zlib", "zstd"]),
    **{
        f"{COMMAND}/{part}": (
            [*others, *(f"{COMMAND}/{below}" for below in parts)],
            libraries,
        )
        for part, parts, others, libraries in COMMAND_PARTS
    },
    COMMAND: ([f"{COMMAND}/cli"], []),
    "tools/examples": (PUBLIC, []),
    # Benchmarks also measure parts of the engine, and libraries side by side.
    "bench": (
        [
            *PUBLIC,
            "engine/lru",
            "engine/support",
            "engine/vfs",
            "tests/servers",
            "tools/histogram",
        ],
        ["benchmark", "hiredis", "libmemcached", "lmdb", "sqlite", "xxhash"],
    ),
    # Not checked; listed because others include it.
    "tests/servers": ([], []),
}

THIRD_PARTY = {
    r"benchmark/": "benchmark",
    r"CLI/": "cli11",
    r"gtest/|gmock/": "gtest",
    r"hiredis/": "hiredis",
    r"libmemcached": "libmemcached",
    r"lmdb\.h": "lmdb",
    r"nlohmann/": "nlohmann",
    r"sqlite3": "sqlite",
    r"xxhash\.h": "xxhash",
    r"zlib\.h|zconf\.h": "zlib",
    r"zstd(_errors)?\.h": "zstd",
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)


def layer_of(path):
    """The layer of the file; None if it has none."""
    folders = [f for f in LAYERS if path.startswith(f + "/")]
    return max(folders, key=len, default=None)


def library_of(include):
    """The third-party library of the header; None for other headers."""
    for pattern, library in THIRD_PARTY.items():
        if re.match(pattern, include):
            return library
    return None


def check(files):
    """The violations in `files`, a dict from path to text."""
    public = {
        path.split("/include/")[1]: path
        for path in files
        if "/include/" in path
    }
    violations = []
    graph = {path: [] for path in files}
    for path, text in sorted(files.items()):
        layer = layer_of(path)
        if layer is None:
            violations.append(f"{path}: in no layer; add its folder to LAYERS")
            continue
        folders, libraries = LAYERS[layer]
        for quote, include in INCLUDE.findall(text):
            if quote == "<":
                library = library_of(include)
                if library is not None and library not in libraries:
                    violations.append(f"{path}: may not include <{include}>")
                continue
            target = public.get(include, include)
            if target in files:
                graph[path].append(target)
            elif not target.startswith("tests/"):
                violations.append(f"{path}: {include} does not exist")
                continue
            if layer_of(target) not in [layer, *folders]:
                violations.append(f"{path}: may not include {target}")
    return violations + cycles(graph)


def cycles(graph):
    """One violation for each cycle that a depth-first search finds."""
    violations = []
    done = set()

    def visit(path, above):
        if path in above:
            cycle = [*above[above.index(path) :], path]
            violations.append("cycle: " + " -> ".join(cycle))
        elif path not in done:
            for target in graph[path]:
                visit(target, [*above, path])
            done.add(path)

    for path in sorted(graph):
        visit(path, [])
    return violations


def read(paths):
    files = {}
    for path in paths:
        if path.endswith((".h", ".cc")):
            with open(path, encoding="utf-8") as file:
                files[path] = file.read()
    return files


class IncludeGraphTest(unittest.TestCase):
    def test_the_sources_follow_the_layers(self):
        files = read(sources)
        for folder in ("engine", "adapters", "tools", "bench"):
            self.assertTrue(
                any(path.startswith(folder + "/") for path in files),
                f"no files of {folder}/ were given",
            )
        self.assertEqual(check(files), [])

    def test_each_layer_has_files(self):
        layers = {layer_of(path) for path in sources}
        self.assertEqual(set(LAYERS) - layers, {"tests/servers"})


class PlantedViolationsTest(unittest.TestCase):
    """Each violation is found, and only that."""

    good = {
        "engine/include/appcache/a.h": "",
        "engine/include/appcache/b.h": '#include "appcache/a.h"\n',
        "engine/support/s.h": '#include "appcache/b.h"\n',
        "engine/codec/c.h": '#include "engine/support/s.h"\n',
        "engine/loading/l.h": '#include "engine/codec/c.h"\n',
        "engine/interface/i.cc": '#include "engine/loading/l.h"\n',
        "engine/lane/w.h": "#include <fcntl.h>\n",
        "engine/policy/p.h": "",
        "engine/store/d.h": (
            '#include <sqlite3.h>\n#include "engine/lane/w.h"\n'
        ),
        "engine/lru/e.h": '#include "engine/store/d.h"\n',
        "engine/uri/u.h": "",
        "adapters/net/n.h": "",
        "adapters/redis/include/appcache/r.h": '#include "appcache/a.h"\n',
        "adapters/redis/x.h": '#include "adapters/net/n.h"\n',
        "adapters/tiered/include/appcache/t.h": "",
        "adapters/tiered/y.h": "",
        "tools/command/cli/m.h": '#include "tools/command/exec/r.h"\n',
        "tools/command/exec/r.h": '#include "engine/uri/u.h"\n',
        "tools/examples/q.cc": '#include "appcache/r.h"\n',
        "bench/z.cc": '#include "tests/servers/redis_server.h"\n',
    }

    def test_the_good_graph_has_none(self):
        self.assertEqual(check(self.good), [])

    def planted(self, path, include):
        files = dict(self.good)
        files[path] = files.get(path, "") + f"#include {include}\n"
        return check(files)

    def test_forbidden_includes(self):
        for path, include in [
            # A public header reaches an internal one, or another adapter's.
            ("engine/include/appcache/a.h", '"engine/support/s.h"'),
            ("engine/include/appcache/a.h", '"appcache/r.h"'),
            ("adapters/redis/include/appcache/r.h", '"adapters/redis/x.h"'),
            ("adapters/redis/include/appcache/r.h", '"appcache/t.h"'),
            ("engine/include/appcache/a.h", "<sqlite3.h>"),
            # Upwards within the engine.
            ("engine/support/s.h", '"engine/codec/c.h"'),
            ("engine/codec/c.h", '"engine/loading/l.h"'),
            ("engine/loading/l.h", '"engine/interface/i.cc"'),
            ("engine/policy/p.h", '"engine/store/d.h"'),
            ("engine/policy/p.h", "<sqlite3.h>"),
            ("engine/store/d.h", '"engine/lru/e.h"'),
            ("engine/uri/u.h", '"engine/lru/e.h"'),
            # Out of the engine.
            ("engine/lru/e.h", '"adapters/net/n.h"'),
            ("engine/lru/e.h", '"appcache/r.h"'),
            ("engine/lru/e.h", '"tools/command/exec/r.h"'),
            ("engine/lru/e.h", '"bench/z.cc"'),
            ("engine/lru/e.h", '"tests/support/random.h"'),
            # Between adapters.
            ("adapters/redis/x.h", '"adapters/tiered/y.h"'),
            ("adapters/tiered/y.h", '"adapters/redis/x.h"'),
            ("adapters/tiered/y.h", '"appcache/r.h"'),
            ("adapters/tiered/y.h", '"adapters/net/n.h"'),
            # Upwards within the command.
            ("tools/command/exec/r.h", '"tools/command/cli/m.h"'),
            ("tools/command/exec/r.h", '"appcache/r.h"'),
            # Internal headers in an example.
            ("tools/examples/q.cc", '"engine/uri/u.h"'),
        ]:
            with self.subTest(path, include=include):
                violations = [
                    v for v in self.planted(path, include) if "cycle" not in v
                ]
                self.assertEqual(len(violations), 1)
                self.assertIn(f"{path}: may not include", violations[0])

    def test_a_cycle(self):
        self.assertEqual(
            self.planted("engine/include/appcache/a.h", '"appcache/b.h"'),
            [
                "cycle: engine/include/appcache/a.h -> "
                "engine/include/appcache/b.h -> engine/include/appcache/a.h"
            ],
        )

    def test_a_header_that_does_not_exist(self):
        self.assertEqual(
            self.planted("engine/lru/e.h", '"engine/lru/none.h"'),
            ["engine/lru/e.h: engine/lru/none.h does not exist"],
        )

    def test_a_folder_without_a_layer(self):
        self.assertEqual(
            check({"engine/new/n.h": ""}),
            ["engine/new/n.h: in no layer; add its folder to LAYERS"],
        )


if __name__ == "__main__":
    sources = [os.path.normpath(path) for path in sys.argv[1:]]
    unittest.main(argv=sys.argv[:1])
