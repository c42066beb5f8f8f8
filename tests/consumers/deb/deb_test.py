#!/usr/bin/env -S python3 -B
"""Builds the Debian packages with tools/deb, checks and uses them.

Compiles the library and the command. Writes to TEST_TMPDIR only: it installs
the packages in an overlay over the file system, which needs root or user
namespaces.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

# The checkout, which the files of a test link to.
TOP = pathlib.Path("CMakeLists.txt").resolve().parent
WORK = pathlib.Path(os.environ["TEST_TMPDIR"]).resolve()
OUT = WORK / "packages"

VERSION = re.search(
    r'APPCACHE_VERSION "(.*)"',
    (TOP / "engine/include/appcache/version.h").read_text(encoding="utf-8"),
).group(1)
SCHEMES = ("redis", "memcache", "lmdb", "tiered")
LIBRARIES = ["appcache"] + [f"appcache-{scheme}" for scheme in SCHEMES]
PACKAGES = ("libappcache0", "libappcache-dev", "appcache")


def run(*command, **options):
    """Runs a command that must succeed. Returns its output."""
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        **options,
    )
    if done.returncode != 0:
        raise AssertionError(
            f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.stdout


def setUpModule():
    shutil.rmtree(OUT, ignore_errors=True)
    run(TOP / "tools/deb", f"--out={OUT}")


def package(name):
    (file,) = OUT.glob(f"{name}_*.deb")
    return file


def field(name, key):
    return run("dpkg-deb", "--field", package(name), key).strip()


def dependencies(name):
    """Returns {package: version or ""}."""
    items = re.findall(
        r"([a-z0-9.+-]+)(?: \(([^)]*)\))?", field(name, "Depends")
    )
    return dict(items)


def files(name):
    """Returns the paths of the files and links of a package."""
    lines = run("dpkg-deb", "--contents", package(name)).splitlines()
    paths = {line.split(maxsplit=5)[5].partition(" -> ")[0] for line in lines}
    return {path.removeprefix("./") for path in paths if path[-1] != "/"}


# The header-only libraries whose code is in the binaries of a package.
HEADER_ONLY = {
    "libappcache0": ["libxxhash-dev"],
    "libappcache-dev": ["libxxhash-dev"],
    "appcache": ["libcli11-dev", "libxxhash-dev", "nlohmann-json3-dev"],
}


def documents(name):
    licences = [f"copyright.{library}" for library in HEADER_ONLY[name]]
    return {
        f"usr/share/doc/{name}/{file}"
        for file in ("changelog.gz", "copyright", *licences)
    }


class PackagesTest(unittest.TestCase):
    def setUp(self):
        triplet = run("dpkg-architecture", "-qDEB_HOST_MULTIARCH").strip()
        self.lib = f"usr/lib/{triplet}"

    def assert_depends(self, name, expected):
        depends = dependencies(name)
        self.assertEqual(set(depends), expected)
        # The oldest that works. Its symbols alone would allow older ones.
        self.assertEqual(depends["libsqlite3-0"], ">= 3.38")

    def test_lintian_finds_no_errors(self):
        (changes,) = OUT.glob("*.changes")
        print(run("lintian", "--allow-root", "--fail-on", "error", changes))
        sys.stdout.flush()

    def test_versions(self):
        for name in PACKAGES:
            self.assertEqual(field(name, "Version"), VERSION)

    def test_shared_libraries(self):
        expected = {
            f"{self.lib}/lib{library}.so.{end}"
            for library in LIBRARIES
            for end in ("0", VERSION)
        }
        self.assertEqual(
            files("libappcache0"), expected | documents("libappcache0")
        )
        self.assert_depends(
            "libappcache0",
            {"libc6", "libgcc-s1", "liblmdb0", "libsqlite3-0", "libstdc++6",
             "zlib1g"},
        )

    def test_programs_depend_on_the_version_that_they_were_linked_with(self):
        run("dpkg-deb", "--control", package("libappcache0"), WORK / "control")
        self.addCleanup(shutil.rmtree, WORK / "control")
        lines = (WORK / "control/shlibs").read_text("utf-8").splitlines()
        self.assertEqual(
            sorted(lines),
            sorted(f"lib{library} 0 libappcache0 (>= {VERSION})"
                   for library in LIBRARIES),
        )

    def test_development_files(self):
        folders = [TOP / "engine"] + [TOP / "adapters" / s for s in SCHEMES]
        headers = {
            f"usr/include/{file.relative_to(folder / 'include')}"
            for folder in folders
            for file in (folder / "include").rglob("*.h")
        }
        libraries = {
            f"{self.lib}/lib{library}.{end}"
            for library in LIBRARIES
            for end in ("a", "so")
        }
        pages = {
            f"{self.lib}/pkgconfig/{name}.pc"
            for name in LIBRARIES + ["appcache-open"]
        }
        found = files("libappcache-dev")
        cmake = {file for file in found if "/cmake/appcache/" in file}
        self.assertIn(f"{self.lib}/cmake/appcache/appcacheConfig.cmake", cmake)
        self.assertEqual(
            found - cmake,
            headers | libraries | pages | documents("libappcache-dev"),
        )
        self.assertEqual(
            dependencies("libappcache-dev"),
            {"libappcache0": f"= {VERSION}", "liblmdb-dev": "",
             "libsqlite3-dev": "", "zlib1g-dev": ""},
        )

    def test_command(self):
        found = files("appcache")
        pages = {file for file in found if "/man1/" in file}
        self.assertIn("usr/share/man/man1/appcache-exec.1.gz", pages)
        self.assertEqual(
            found - pages,
            documents("appcache")
            | {
                "usr/bin/appcache",
                "usr/share/bash-completion/completions/appcache",
                "usr/share/fish/vendor_completions.d/appcache.fish",
                "usr/share/zsh/vendor-completions/_appcache",
            },
        )
        # Its own copy of the library: it uses parts that are not exported.
        self.assert_depends(
            "appcache",
            {"libc6", "libgcc-s1", "liblmdb0", "libsqlite3-0", "libstdc++6",
             "libzstd1", "zlib1g"},
        )

    def test_installed_packages_work_and_are_removed_whole(self):
        overlay = WORK / "overlay"
        overlay.mkdir(exist_ok=True)
        left = run(
            TOP / "tests/consumers/deb/installed.sh",
            overlay,
            TOP / "tests/consumers",
            *(package(name) for name in PACKAGES),
        )
        self.assertEqual(left, "")


if __name__ == "__main__":
    unittest.main(verbosity=2)
