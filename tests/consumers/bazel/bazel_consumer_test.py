#!/usr/bin/env -S python3 -B
"""Builds a project that uses appcache with Debian's Bazel, and runs it."""

import os
import shutil
import subprocess
import time
import unittest

from consumer_workspace import WORK, Workspace

PROGRAMS = ["//:embed", "//:open_by_uri", "//:redis"]

# What a program that uses only the engine loads.
RUNTIME = {
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libgcc_s.so.1",
    "libm.so.6",
    "libstdc++.so.6",
    "linux-vdso.so.1",
}
ENGINE = {"libsqlite3.so.0", "libz.so.1"}


def run(*command):
    """Runs a command that must succeed. Returns its output."""
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}")
    return done.stdout


class RedisServer:
    """Redis on a unix socket, until it is left."""

    def __enter__(self):
        folder = WORK / "redis"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        # The path of a socket has at most 107 bytes; that of TEST_TMPDIR may
        # be longer. This path leads to the same folder.
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self.socket = f"/proc/{os.getpid()}/fd/{self._folder}/socket"
        self._process = subprocess.Popen(
            [
                "redis-server", "--port", "0", "--unixsocket", self.socket,
                "--save", "", "--dir", folder,
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        log = ""
        for line in self._process.stdout:
            log += line
            if "eady to accept connections" in line:
                return self
        self.__exit__()
        raise AssertionError(f"redis-server has ended:\n{log}")

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()
        os.close(self._folder)


class ConsumerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = Workspace()

    @classmethod
    def tearDownClass(cls):
        cls.project.stop()

    def program(self, name):
        return self.project.folder / "bazel-bin" / name

    def test_programs_work(self):
        self.project.run("build", *PROGRAMS)
        data = WORK / "data"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        run(self.program("embed"), data / "embed.db")
        with RedisServer() as server:
            run(self.program("redis"), server.socket)
            run(
                self.program("open_by_uri"),
                f"sqlite:{data}/by_uri.db",
                "memory:consumer",
                f"redis+unix://{server.socket}",
            )
        lines = run("ldd", self.program("embed")).splitlines()
        loaded = {line.split()[0].rpartition("/")[2] for line in lines}
        self.assertEqual(loaded - RUNTIME, ENGINE)
        print(f"{self.program('embed').stat().st_size / 1024:.0f} KiB: embed")

        self.project.write("embed.cc", self.text("embed.cc") + "// changed\n")
        start = time.monotonic()
        self.project.run("build", "//:embed")
        print(f"{time.monotonic() - start:.1f} s to compile and link embed.cc")

    def text(self, name):
        return (self.project.folder / name).read_text(encoding="utf-8")

    def test_missing_standard_is_reported_first(self):
        status, _, messages = self.project.call(
            "build", "--cxxopt=-std=c++17", "//:embed"
        )
        self.assertNotEqual(status, 0)
        errors = [line for line in messages.splitlines() if " error: " in line]
        self.assertIn("appcache requires C++20", errors[0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
