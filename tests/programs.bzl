"""Test programs of many source files.

The files of a program are compiled together, a few at a time, so that headers
are read, and the templates of the standard library and of GoogleTest compiled,
once for all of them: the tests of LmdbCache took 8 s together and 24 s one by
one. So each file has a namespace of its own name, which keeps its names apart.
"""

load("@rules_cc//cc:cc_test.bzl", "cc_test")
load("//tools/build:library.bzl", "compiled_together")

def test_program(name, tests, deps, size = "medium", **kwargs):
    """A GoogleTest program.

    Args:
      name: of the program.
      tests: the names of its source files, without ".cc".
      deps: the dependencies of all files together.
      size: as in cc_test.
      **kwargs: other attributes of cc_test. Its srcs can be headers and source
        files that are compiled alone.
    """
    files = [test + ".cc" for test in tests]
    cc_test(
        name = name,
        size = size,
        srcs = compiled_together(name, files, testonly = True) +
               kwargs.pop("srcs", []),
        deps = deps + [
            ":%s_sources" % name,
            "//tools/deps:gtest_main",
        ],
        **kwargs
    )
