"""Fuzz targets: NAME_fuzz.cc, which defines LLVMFuzzerTestOneInput."""

load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("@rules_cc//cc:cc_test.bzl", "cc_test")

def fuzz_target(name, deps):
    """A fuzzer and the replay of its corpus.

    NAME_fuzz is the fuzzer (libFuzzer; --config=fuzz). NAME_replay_test is an
    ordinary test that runs the target on every file of corpus/NAME, and on
    truncated and changed copies of it.

    Args:
      name: the NAME of NAME_fuzz.cc and of corpus/NAME.
      deps: the libraries under test.
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
        srcs = [name + "_fuzz.cc"],
        args = ["$(location %s)" % file for file in corpus],
        data = corpus,
        deps = deps + [":replay_main"],
    )
