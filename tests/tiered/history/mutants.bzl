"""Tiers with one protection removed."""

load("@rules_cc//cc:cc_binary.bzl", "cc_binary")

# Name: the file, the text that is removed from it, and its replacement.
MUTANTS = {
    "without_token": (
        "local_level.cc",
        "if (!IsCurrent(path, token)) return Stored::kOutdated;",
        "",
    ),
    "without_epoch": (
        "local_level.cc",
        "if (!copy || copy->epoch != terms.epoch) return std::nullopt;",
        "if (!copy) return std::nullopt;",
    ),
    "without_own_drop": (
        "tiered_writes.cc",
        "for (const std::string_view path : paths) local_.Drop(path);",
        "",
    ),
    "without_deadline": (
        "local_level.cc",
        "return std::min(begun + life, expires_at);",
        "(void)expires_at; return begun + life;",
    ),
    "without_lease": (
        "local_level.cc",
        "if (!terms.may_serve) return std::nullopt;",
        "",
    ),
    "quick_without_epoch": (
        "local_level.cc",
        "return copy->epoch == bound.terms.epoch && bound.time",
        "return bound.time",
    ),
    "quick_without_lease": (
        "local_level.cc",
        "if (!bound.terms.is_fresh) return std::nullopt;",
        "",
    ),
    "without_notified_drop": (
        "link.cc",
        "for (const std::string_view path : paths) local_.Drop(path);",
        "(void)paths;",
    ),
}

def mutant(name, file, removed, replacement):
    """A tier_process with a changed version of one of the tier's files.

    The changed file is linked before the library that contains the original.
    The linker then does not take the original's object, because everything that
    it defines is defined already.

    Args:
      name: the name of the program.
      file: the file of adapters/tiered that is changed.
      removed: the text that is removed. It must be in the file exactly once.
      replacement: the text that takes its place.
    """
    native.genrule(
        name = name + "_source",
        testonly = True,
        srcs = ["//adapters/tiered:" + file],
        outs = [name + ".cc"],
        cmd = """python3 -c '
import sys
source, target, removed, replacement = sys.argv[1:]
text = open(source).read()
if text.count(removed) != 1:
    sys.exit("%s: the text to remove is not in the file exactly once" % target)
open(target, "w").write(text.replace(removed, replacement))
' $< $@ '{}' '{}'""".format(removed, replacement),
    )
    cc_binary(
        name = name,
        testonly = True,
        srcs = [name + ".cc"],
        copts = ["-Wno-unused"],
        deps = [
            ":tier_process_main",
            "//adapters/tiered:tier",
        ],
    )
