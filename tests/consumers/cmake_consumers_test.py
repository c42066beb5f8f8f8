#!/usr/bin/env python3
"""Installs appcache with tools/install, and builds and runs its consumers.

It compiles the library once for the tests of the installation, and twice
without optimisation for those that build it as a part of their project. It
writes to TEST_TMPDIR only; with the folder of an earlier run, it builds only
what has changed. It prints the sizes of what it has installed.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import unittest

# The checkout, which the files of a test link to.
TOP = pathlib.Path("CMakeLists.txt").resolve().parent
CONSUMERS = TOP / "tests/consumers"
WORK = pathlib.Path(os.environ["TEST_TMPDIR"]).resolve()
BUILD = WORK / "build"
PREFIX = WORK / "prefix"

VERSION = re.search(
    r'APPCACHE_VERSION "(.*)"',
    (TOP / "engine/include/appcache/version.h").read_text(encoding="utf-8"),
).group(1)
SCHEMES = ("redis", "memcache", "lmdb", "tiered")
LIBRARIES = ["appcache"] + [f"appcache-{scheme}" for scheme in SCHEMES]

# What a program may load besides appcache: the runtime of C++ and the loader.
RUNTIME = {
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libgcc_s.so.1",
    "libm.so.6",
    "libstdc++.so.6",
    "linux-vdso.so.1",
}
ENGINE = {"libsqlite3.so.0", "libz.so.1"}


def call(*command, **options):
    """Runs a command. Returns its status, and its output and errors."""
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **options,
    )
    return done.returncode, done.stdout


def run(*command, **options):
    """Runs a command that must succeed. Returns its output."""
    status, output = call(*command, **options)
    if status != 0:
        words = " ".join(str(word) for word in command)
        raise AssertionError(f"{words}: exit status {status}\n{output}")
    return output


def install(prefix, *options):
    return run(
        TOP / "tools/install", "--prefix", prefix, "--build", BUILD, *options
    )


def configure(source, build, *options):
    """Configures an empty build folder. Returns its status and output."""
    shutil.rmtree(build, ignore_errors=True)
    return call("cmake", "-S", source, "-B", build, "-G", "Ninja", *options)


def unwrapped(text):
    """Returns the text of a message of CMake, which breaks lines."""
    return " ".join(text.split())


def dynamic(file, tag):
    """Returns the names of the NEEDED or SONAME entries of a file."""
    output = run("readelf", "--dynamic", "--wide", file)
    return set(re.findall(rf"\({tag}\).*\[(.*)\]", output))


def loaded(program):
    """Returns the names of the libraries that ldd prints, without folders."""
    output = run("ldd", program)
    if "not found" in output:
        raise AssertionError(output)
    return {line.split()[0].rpartition("/")[2] for line in output.splitlines()}


class Servers:
    """Redis and Memcached on unix sockets."""

    def __init__(self):
        self._folder = WORK / "servers"
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        # The path of a socket has at most 107 bytes; that of TEST_TMPDIR may
        # be longer. This path leads to the same folder.
        self._fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        short = f"/proc/{os.getpid()}/fd/{self._fd}"
        self.redis = f"{short}/redis"
        self.memcached = f"{short}/memcached"
        self._processes = [
            self._start(
                "redis-server", "--port", "0", "--unixsocket", self.redis,
                "--save", "", "--dir", str(self._folder),
            ),
            # As root, it runs only where a user is named.
            self._start("memcached", "-u", "root", "-s", self.memcached),
        ]
        for name in ("redis", "memcached"):
            self._await(self._folder / name)

    def _start(self, *command):
        with open(self._folder / f"{command[0]}.log", "wb") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def _await(self, socket):
        # A server that has ended, or does not start for a minute, is an error.
        give_up = time.monotonic() + 60
        while not socket.exists():
            ended = [p.args for p in self._processes if p.poll() is not None]
            if ended or time.monotonic() > give_up:
                self.stop()
                raise AssertionError(f"no {socket}; ended: {ended}")
            time.sleep(0.01)

    def stop(self):
        for process in self._processes:
            process.terminate()
            process.wait()
        os.close(self._fd)


SERVERS = None


def setUpModule():
    global SERVERS
    install(PREFIX)
    SERVERS = Servers()


def tearDownModule():
    if SERVERS:
        SERVERS.stop()


def uris(folder, schemes):
    """Returns URIs of the engine and of these backends."""
    redis = f"redis+unix://{SERVERS.redis}"
    by_scheme = {
        "redis": redis,
        "memcache": f"memcached+unix://{SERVERS.memcached}",
        "lmdb": f"lmdb:{folder}/lmdb",
        "tiered": f"tiered:memory:local|{redis}",
    }
    return ["memory:consumer", f"sqlite:{folder}/by_uri.db"] + [
        by_scheme[scheme] for scheme in schemes
    ]


def use_programs(build, schemes=SCHEMES, **options):
    """Runs the three programs of a consumer."""
    data = build / "data"
    data.mkdir(exist_ok=True)
    run(build / "embed", data / "embed.db", **options)
    run(build / "open_by_uri", *uris(data, schemes), **options)
    run(build / "redis", SERVERS.redis, **options)


class InstallTest(unittest.TestCase):
    def test_all_files_are_installed(self):
        folders = [TOP / "engine"] + [TOP / "adapters" / s for s in SCHEMES]
        headers = {
            f"include/{file.relative_to(folder / 'include')}"
            for folder in folders
            for file in (folder / "include").rglob("*.h")
        }
        libraries = {
            f"lib/lib{library}{ending}"
            for library in LIBRARIES
            for ending in (".a", ".so", ".so.0", f".so.{VERSION}")
        }
        pages = re.findall(
            r"^\.Xr (appcache-[a-z]+) 1",
            (PREFIX / "share/man/man1/appcache.1").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
        self.assertIn("appcache-exec", pages)
        expected = headers | libraries | {
            "bin/appcache",
            "lib/cmake/appcache/FindAppcacheLMDB.cmake",
            "lib/cmake/appcache/appcacheConfig.cmake",
            "lib/cmake/appcache/appcacheConfigVersion.cmake",
            "share/bash-completion/completions/appcache",
            "share/doc/appcache/LICENSE",
            "share/fish/vendor_completions.d/appcache.fish",
            "share/zsh/site-functions/_appcache",
        }
        for part in ["core", *SCHEMES]:
            for kind in ("shared", "static"):
                stem = f"lib/cmake/appcache/appcache-{part}-{kind}"
                expected |= {f"{stem}.cmake", f"{stem}-release.cmake"}
        for name in LIBRARIES + ["appcache-open"]:
            expected.add(f"lib/pkgconfig/{name}.pc")
        for name in ["appcache", *pages]:
            expected.add(f"share/man/man1/{name}.1")
        self.assertEqual(self.files(PREFIX), expected)

    @staticmethod
    def files(prefix):
        return {
            str(file.relative_to(prefix))
            for file in prefix.rglob("*")
            if not file.is_dir()
        }

    def test_destdir_has_the_same_files_and_the_prefix_has_none(self):
        shutil.rmtree(WORK / "stage", ignore_errors=True)
        install("/opt/appcache", "--destdir", WORK / "stage")
        self.addCleanup(install, PREFIX)
        staged = WORK / "stage/opt/appcache"
        self.assertEqual(self.files(staged), self.files(PREFIX))
        self.assertEqual(
            [p.name for p in (WORK / "stage").iterdir()], ["opt"]
        )
        self.assertFalse(pathlib.Path("/opt/appcache").exists())

    def test_no_file_names_the_folders_of_the_build(self):
        texts = [*PREFIX.rglob("*.cmake"), *PREFIX.rglob("*.pc")]
        self.assertTrue(texts)
        for file in texts:
            with self.subTest(file.name):
                text = file.read_text(encoding="utf-8")
                self.assertNotIn(str(WORK), text)
                self.assertNotIn(str(TOP), text)

    def test_shared_libraries_have_a_soname_and_need_only_their_own(self):
        own = {"appcache": ENGINE, "appcache-lmdb": {"liblmdb.so.0"},
               "appcache-memcache": {"libz.so.1"}}
        for library in LIBRARIES:
            with self.subTest(library):
                file = PREFIX / f"lib/lib{library}.so.{VERSION}"
                self.assertEqual(
                    dynamic(file, "SONAME"), {f"lib{library}.so.0"}
                )
                expected = set(own.get(library, ()))
                if library != "appcache":
                    expected.add("libappcache.so.0")
                self.assertEqual(dynamic(file, "NEEDED") - RUNTIME, expected)

    def test_command_works_where_it_is_installed(self):
        command = PREFIX / "bin/appcache"
        self.assertEqual(run(command, "--version").split()[-1], VERSION)
        uri = f"sqlite:{WORK}/command.db"
        words = ("exec", "--cache", uri, "--ttl", "1h", "--", "echo", "word")
        self.assertEqual(run(command, *words), "word\n")
        self.assertEqual(run(command, *words), "word\n")
        listed = run(command, "ping", "--cache",
                     f"redis+unix://{SERVERS.redis}")
        self.assertIn("redis", listed.lower())

    def test_sizes(self):
        print("\nsizes in KiB: whole, stripped")
        for name in ("lib/libappcache.a", f"lib/libappcache.so.{VERSION}",
                     "bin/appcache"):
            copy = WORK / "stripped"
            run("strip", "--strip-unneeded", "-o", copy, PREFIX / name)
            whole = (PREFIX / name).stat().st_size
            stripped = copy.stat().st_size
            self.assertLessEqual(stripped, whole)
            print(f"{whole / 1024:8.0f} {stripped / 1024:8.0f} {name}")
        sys.stdout.flush()


class FindPackageTest(unittest.TestCase):
    def build(self, name, *options, prefix=PREFIX):
        build = WORK / name
        status, output = configure(
            CONSUMERS / "find_package", build,
            f"-DCMAKE_PREFIX_PATH={prefix}", *options,
        )
        self.assertEqual(status, 0, output)
        start = time.monotonic()
        run("cmake", "--build", build, "--target", "embed", "--", "-j1")
        seconds = time.monotonic() - start
        print(f"{name}: {seconds:.1f} s to compile and link embed.cc")
        sys.stdout.flush()
        run("cmake", "--build", build)
        return build

    def test_shared(self):
        build = self.build("shared")
        use_programs(build)
        self.assertEqual(
            loaded(build / "embed") - RUNTIME, ENGINE | {"libappcache.so.0"}
        )

    def test_shared_as_needed(self):
        build = self.build(
            "as_needed", "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--as-needed"
        )
        use_programs(build)

    def test_static(self):
        build = self.build("static", "-Dappcache_USE_STATIC_LIBS=ON")
        use_programs(build)
        self.assertEqual(loaded(build / "embed") - RUNTIME, ENGINE)
        self.assertEqual(
            dynamic(build / "open_by_uri", "NEEDED") - RUNTIME,
            ENGINE | {"liblmdb.so.0"},
        )

    def test_static_with_clang(self):
        build = self.build(
            "clang", "-Dappcache_USE_STATIC_LIBS=ON",
            "-DCMAKE_CXX_COMPILER=clang++-14",
        )
        use_programs(build)

    def test_moved_tree(self):
        moved = WORK / "moved"
        shutil.rmtree(moved, ignore_errors=True)
        PREFIX.rename(moved)
        try:
            use_programs(self.build("moved_build", prefix=moved))
        finally:
            moved.rename(PREFIX)


class BuildWithinProjectTest(unittest.TestCase):
    """appcache is a part of the project, and changes nothing else there.

    The files of the engine are joined, which compiles in a tenth of the time.
    """

    def build(self, name, *options):
        build = WORK / name
        status, output = configure(
            CONSUMERS / name, build, "-DCMAKE_CXX_FLAGS=-O0",
            "-DCMAKE_UNITY_BUILD=ON", "-DCMAKE_UNITY_BUILD_BATCH_SIZE=0",
            *options,
        )
        self.assertEqual(status, 0, output)
        run("cmake", "--build", build)
        cache = (build / "CMakeCache.txt").read_text(encoding="utf-8")
        self.assertIn("CMAKE_BUILD_TYPE:STRING=\n", cache)
        self.assertIn("CMAKE_CXX_FLAGS:STRING=-O0\n", cache)
        self.assertIn("APPCACHE_COMMAND:BOOL=OFF\n", cache)
        stage = build / "stage"
        run("cmake", "--install", build, "--prefix", stage)
        self.assertFalse(stage.exists(), "the consumer installs appcache")
        return build

    def test_fetch_content(self):
        build = self.build("fetch_content")
        use_programs(build)
        self.assertEqual(loaded(build / "embed") - RUNTIME, ENGINE)

    def test_add_subdirectory_with_shared_libraries_and_without_parts(self):
        build = self.build(
            "add_subdirectory", "-DBUILD_SHARED_LIBS=ON",
            "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--as-needed",
        )
        use_programs(build, schemes=("redis",))
        self.assertEqual(
            loaded(build / "embed") - RUNTIME, ENGINE | {"libappcache.so.0"}
        )
        status, output = call(build / "open_by_uri", "lmdb:unused")
        self.assertEqual(status, 1)
        self.assertIn("lmdb_cache", output)


class PkgConfigTest(unittest.TestCase):
    PACKAGES = {
        "embed": ["appcache"],
        "open_by_uri": ["appcache-open"]
        + [f"appcache-{scheme}" for scheme in SCHEMES],
        "redis": ["appcache-redis"],
    }

    @staticmethod
    def flags(*words):
        environment = dict(
            os.environ, PKG_CONFIG_PATH=str(PREFIX / "lib/pkgconfig")
        )
        return run("pkg-config", *words, env=environment).split()

    def build(self, name, *link_options, static=()):
        build = WORK / name
        shutil.rmtree(build, ignore_errors=True)
        build.mkdir()
        for program, packages in self.PACKAGES.items():
            run(
                "c++", "-std=c++20", "-Wall", "-Wextra", "-Werror",
                *self.flags("--cflags", *packages),
                CONSUMERS / f"{program}.cc", "-o", build / program,
                *link_options,
                *self.flags(*static, "--libs", *packages),
            )
        return build

    def test_versions(self):
        for name in LIBRARIES + ["appcache-open"]:
            self.assertEqual(self.flags("--modversion", name), [VERSION])

    def test_shared(self):
        build = self.build("pc_shared")
        environment = dict(os.environ, LD_LIBRARY_PATH=str(PREFIX / "lib"))
        use_programs(build, env=environment)
        self.assertEqual(dynamic(build / "embed", "NEEDED") - RUNTIME,
                         {"libappcache.so.0"})

    def test_shared_as_needed(self):
        build = self.build(
            "pc_as_needed", "-Wl,--as-needed", f"-Wl,-rpath,{PREFIX}/lib"
        )
        use_programs(build)

    def test_static(self):
        build = self.build("pc_static", "-static", static=["--static"])
        use_programs(build)
        for program in self.PACKAGES:
            self.assertEqual(dynamic(build / program, "NEEDED"), set())

    def test_static_libraries_of_appcache_alone(self):
        static_only = WORK / "pc_archives"
        shutil.rmtree(static_only, ignore_errors=True)
        shutil.copytree(
            PREFIX, static_only, ignore=shutil.ignore_patterns("*.so*"),
            symlinks=True,
        )
        environment = dict(
            os.environ, PKG_CONFIG_PATH=str(static_only / "lib/pkgconfig")
        )
        words = run(
            "pkg-config", "--static", "--cflags", "--libs", "appcache",
            env=environment,
        ).split()
        self.assertIn(f"-L{static_only}/lib/pkgconfig/../../lib", words)
        program = WORK / "pc_embed"
        run("c++", "-std=c++20", CONSUMERS / "embed.cc", "-o", program, *words)
        run(program, WORK / "pc_embed.db")
        self.assertEqual(loaded(program) - RUNTIME, ENGINE)


class WrongUseTest(unittest.TestCase):
    """Mistakes get a message that names what to do."""

    def assert_refused(self, expected, source, *options):
        status, output = configure(source, WORK / "refused", *options)
        self.assertNotEqual(status, 0, output)
        for text in expected:
            self.assertIn(text, unwrapped(output))

    def consumer(self, text):
        """Writes a project. Returns its folder."""
        folder = WORK / "wrong"
        folder.mkdir(exist_ok=True)
        (folder / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.20)\n"
            "project(wrong LANGUAGES CXX)\n" + text,
            encoding="utf-8",
        )
        return folder

    def assert_consumer_refused(self, expected, text, *options, prefix=PREFIX):
        self.assert_refused(
            expected, self.consumer(text), f"-DCMAKE_PREFIX_PATH={prefix}",
            *options,
        )

    def test_unknown_component(self):
        self.assert_consumer_refused(
            ['no component "rediss"', "core, redis, memcache, lmdb, tiered"],
            "find_package(appcache REQUIRED COMPONENTS rediss)",
        )

    def test_other_versions(self):
        for version in ("0.0", "0.2", "1.0"):
            with self.subTest(version):
                self.assert_consumer_refused(
                    ["compatible with requested version", VERSION],
                    f"find_package(appcache {version} REQUIRED)",
                )

    def test_both_kinds_in_one_project(self):
        self.assert_consumer_refused(
            ["appcache_USE_STATIC_LIBS must have one value"],
            "find_package(appcache REQUIRED)\n"
            "set(appcache_USE_STATIC_LIBS ON)\n"
            "find_package(appcache REQUIRED)",
        )

    def test_optional_component_that_is_missing_is_not_found(self):
        install(WORK / "engine_only", "--no-command", "--no-lmdb",
                "--kind", "shared")
        self.addCleanup(install, PREFIX)
        prefix = WORK / "engine_only"
        status, output = configure(
            self.consumer(
                "find_package(appcache REQUIRED\n"
                "  COMPONENTS redis OPTIONAL_COMPONENTS lmdb)\n"
                "if(appcache_lmdb_FOUND OR NOT appcache_redis_FOUND)\n"
                '  message(FATAL_ERROR "wrong")\n'
                "endif()\n"
                "if(TARGET appcache::lmdb_cache)\n"
                '  message(FATAL_ERROR "defined")\n'
                "endif()\n"
            ),
            WORK / "optional", f"-DCMAKE_PREFIX_PATH={prefix}",
        )
        self.assertEqual(status, 0, output)
        self.assert_consumer_refused(
            ['without its component "lmdb"', "APPCACHE_LMDB=ON"],
            "find_package(appcache REQUIRED COMPONENTS lmdb)",
            prefix=prefix,
        )
        self.assert_consumer_refused(
            ["the static libraries of appcache are not installed"],
            "set(appcache_USE_STATIC_LIBS ON)\n"
            "find_package(appcache REQUIRED)",
            prefix=prefix,
        )

    def test_missing_dependency_of_a_static_library(self):
        static = "set(appcache_USE_STATIC_LIBS ON)\n"
        for package, component, expected in (
            ("SQLite3", "core", "SQLite3"),
            ("ZLIB", "core", "ZLIB"),
            ("AppcacheLMDB", "lmdb", "liblmdb-dev"),
        ):
            with self.subTest(package):
                find = f"find_package(appcache REQUIRED COMPONENTS {component})"
                disable = f"-DCMAKE_DISABLE_FIND_PACKAGE_{package}=ON"
                self.assert_consumer_refused([expected], static + find, disable)
                # The shared library brings its own.
                status, output = configure(
                    self.consumer(find), WORK / "refused", disable,
                    f"-DCMAKE_PREFIX_PATH={PREFIX}",
                )
                self.assertEqual(status, 0, output)

    def test_missing_dependency_of_the_build(self):
        ignore = "-DCMAKE_IGNORE_PATH=/usr/include"
        for option, expected in (
            ("-DCMAKE_DISABLE_FIND_PACKAGE_SQLite3=ON",
             ["SQLite 3.38 or newer", "libsqlite3-dev"]),
            ("-DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON", ["zlib", "zlib1g-dev"]),
            ("-DCMAKE_DISABLE_FIND_PACKAGE_AppcacheLMDB=ON",
             ["LMDB", "liblmdb-dev", "-DAPPCACHE_LMDB=OFF"]),
            ("-DAPPCACHE_ZSTD_LIBRARY=",
             ["zstd", "libzstd-dev", "-DAPPCACHE_ZSTD=OFF"]),
            ("-DAPPCACHE_CLI11_INCLUDE_DIR=",
             ["CLI11", "libcli11-dev", "-DAPPCACHE_COMMAND=OFF"]),
        ):
            with self.subTest(option):
                self.assert_refused(expected, TOP, option)
        # FindSQLite3 and FindZLIB look there too.
        self.assert_refused(
            ["xxHash", "libxxhash-dev"], TOP, ignore,
            "-DSQLite3_INCLUDE_DIR=/usr/include",
            "-DZLIB_INCLUDE_DIR=/usr/include",
        )

    def test_settings_of_the_build_that_are_not_supported(self):
        self.assert_refused(
            ['"dynamic"', "static, shared or both"], TOP,
            "-DAPPCACHE_LIBRARIES=dynamic",
        )
        self.assert_refused(
            ["cannot be built for FreeBSD"], TOP,
            "-DCMAKE_SYSTEM_NAME=FreeBSD",
        )
        self.assert_refused(
            ["needs TieredCache", "-DAPPCACHE_COMMAND=OFF"], TOP,
            "-DAPPCACHE_TIERED=OFF",
        )

    def test_install_script(self):
        for options, expected in (
            ([], "--prefix is missing"),
            (["--prefix"], "--prefix needs a value"),
            (["--prefix=/x", "--kind=dynamic"], "static, shared or both"),
            (["--prefix=/x", "--jobs", "many"], "a number of at least 1"),
            (["--prefix=/x", "--no-sqlite"], '"--no-sqlite" is not an option'),
        ):
            with self.subTest(options):
                status, output = call(TOP / "tools/install", *options)
                self.assertEqual(status, 2, output)
                self.assertIn(expected, output)
        status, output = call(
            TOP / "tools/install", "--prefix", TOP / "LICENSE/folder",
            "--build", WORK / "unused",
        )
        self.assertEqual(status, 1, output)
        self.assertIn(f"cannot write to {TOP}/LICENSE", output)
        self.assertFalse((WORK / "unused").exists())
        status, output = call(TOP / "tools/install", "--help")
        self.assertEqual(status, 0)
        self.assertIn("Usage: tools/install --prefix DIR", output)


if __name__ == "__main__":
    unittest.main(verbosity=2)
