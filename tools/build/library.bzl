"""Libraries and programs whose source files are compiled together.

Files that are compiled together read their headers once, and compile the
templates of the standard library once: with clang and the address sanitizer,
the 218 files of the engine and the adapters took 160 s alone and 80 s together
(the sums of the compile actions in Bazel's --profile).
The price is that an edit of one file compiles all of them again, so libraries
do this only with --define=compile=together, which the sanitizer configurations
set. Other builds, also those of tools/test --fast and --full, compile each file
alone, which finds a missing #include.

The files of a library then share one anonymous namespace: names in it are
unique within the library.
"""

load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("@rules_cc//cc:cc_library.bzl", "cc_library")

# How many files are compiled together. More take less time in total, but keep
# one processor busy for long at the end of a build.
FILES_TOGETHER = 40

def compiled_together(name, srcs, testonly = False):
    """Makes source files that include `srcs`, and returns their names.

    The target that compiles them also depends on NAME_sources.
    """
    cc_library(
        name = name + "_sources",
        testonly = testonly,
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
            testonly = testonly,
            outs = [out],
            cmd = "printf '%%s\\n' %s > $@" %
                  " ".join(["'%s'" % line for line in lines]),
        )
        outs.append(out)
    return outs

def _sources(name, srcs, testonly):
    """Returns the srcs, and what to add to the deps."""
    alone = [src for src in srcs if src.endswith(".cc")]
    headers = [src for src in srcs if not src.endswith(".cc")]
    name += "_together"
    together = compiled_together(name, alone, testonly)
    return headers + select({
        "//tools/build:compile_together": together,
        "//conditions:default": alone,
    }), select({
        "//tools/build:compile_together": [":%s_sources" % name],
        "//conditions:default": [],
    })

def library(name, srcs, deps = [], **kwargs):
    """A cc_library of many files."""
    srcs, sources = _sources(name, srcs, kwargs.get("testonly", False))
    cc_library(name = name, srcs = srcs, deps = deps + sources, **kwargs)

def program(name, srcs, deps = [], **kwargs):
    """A cc_binary of many files."""
    srcs, sources = _sources(name, srcs, kwargs.get("testonly", False))
    cc_binary(name = name, srcs = srcs, deps = deps + sources, **kwargs)
