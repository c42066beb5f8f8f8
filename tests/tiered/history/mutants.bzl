"""Tiers with one protection taken out."""

load("@rules_cc//cc:defs.bzl", "cc_binary")

# Name: the file, what is taken out of it, and what stands there instead.
MUTANTS = {
    "without_token": (
        "local_level.cc",
        "if (!IsCurrent(path, token)) return Kept::kOvertaken;",
        "",
    ),
    "without_epoch": (
        "local_level.cc",
        "if (!copy || copy->epoch != terms.epoch) return std::nullopt;",
        "if (!copy) return std::nullopt;",
    ),
    "without_own_drop": (
        "tier_changes.cc",
        "for (const std::string_view path : paths) local_.Drop(path);",
        "",
    ),
    "without_deadline": (
        "local_level.cc",
        "return std::min(begun + keep, ends_at);",
        "(void)ends_at; return begun + keep;",
    ),
    "without_lease": (
        "local_level.cc",
        "if (!terms.may_serve) return std::nullopt;",
        "",
    ),
    "without_told_drop": (
        "link.cc",
        "for (const std::string_view path : paths) local_.Drop(path);",
        "(void)paths;",
    ),
}

def mutant(name, file, removed, replacement):
    """tier_process, with another version of one of the tier's files.

    It is linked before the library that has the right one, whose object is not
    taken then: all that it defines is there.
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
    sys.exit("what %s is to be without is not in the file, once" % target)
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
