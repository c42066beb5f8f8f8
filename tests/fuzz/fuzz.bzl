"""Fuzz targets: NAME_fuzz.cc, which defines LLVMFuzzerTestOneInput."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_test")

def fuzz_target(name, deps):
    """A fuzzer and the replay of its corpus.

    NAME_fuzz explores (libFuzzer; --config=fuzz), NAME_replay_test is an
    ordinary test that runs every file of corpus/NAME, and what becomes of each
    when it is cut off or a byte of it is changed.

    Args:
      name: of NAME_fuzz.cc and of its folder in corpus/.
      deps: what it takes apart.
    """
    cc_binary(
        name = name + "_fuzz",
        testonly = True,
        srcs = [name + "_fuzz.cc"],
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = deps,
    )
    corpus = native.glob(["corpus/" + name + "/*"])
    cc_test(
        name = name + "_replay_test",
        size = "small",
        srcs = [
            name + "_fuzz.cc",
            "replay_main.cc",
        ],
        args = ["$(location %s)" % file for file in corpus],
        data = corpus,
        deps = deps + ["//tests/support:random"],
    )
