"""Test programs of many source files.

The files of a program are compiled together, a few at a time, so that headers
are read, and the templates of the standard library and of GoogleTest compiled,
once for all of them: the tests of LmdbCache took 8 s together and 24 s one by
one. So each file has a namespace of its own name, which keeps its names apart.
"""

load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")

# How many files are compiled together. More take less time in total, but keep
# one processor busy for long at the end of a build.
FILES_TOGETHER = 8

def compiled_together(name, srcs):
    """Makes source files that include `srcs`, and returns their names.

    The target that compiles them also depends on NAME_sources.
    """
    cc_library(
        name = name + "_sources",
        testonly = True,
        textual_hdrs = srcs,
    )
    outs = []
    for start in range(0, len(srcs), FILES_TOGETHER):
        out = "%s_%d.cc" % (name, start // FILES_TOGETHER)
        lines = [
            '#include "%s/%s"' % (native.package_name(), src)
            for src in srcs[start:start + FILES_TOGETHER]
        ]
        native.genrule(
            name = out + "_file",
            testonly = True,
            outs = [out],
            cmd = "printf '%%s\\n' %s > $@" %
                  " ".join(["'%s'" % line for line in lines]),
        )
        outs.append(out)
    return outs

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
    srcs = compiled_together(name, [test + ".cc" for test in tests])
    cc_test(
        name = name,
        size = size,
        srcs = srcs + kwargs.pop("srcs", []),
        deps = deps + [
            ":%s_sources" % name,
            "//tools/deps:gtest_main",
        ],
        **kwargs
    )
