"""The repositories that Debian's Bazel would download, without a network."""

# Repositories in Debian's packages bazel-platforms, bazel-rules-java and
# bazel-rules-proto.
_PACKAGED = {
    "platforms": "/usr/share/bazel/tools/platforms",
    "rules_java": "/usr/share/bazel/rules/java",
    "rules_proto": "/usr/share/bazel/rules/proto",
}

# The rules that rules_cc also has in a file each.
_RULES = [
    "cc_binary",
    "cc_import",
    "cc_library",
    "cc_test",
]

def _rules_cc_impl(repository_ctx):
    # A label of this file's repository is found from every workspace; a path
    # would be relative to the consumer's.
    repository_ctx.symlink(Label("//tools/debian:rules_cc.bzl"), "cc/defs.bzl")
    for rule in _RULES:
        repository_ctx.file(
            "cc/%s.bzl" % rule,
            'load(":defs.bzl", _rule = "{0}")\n{0} = _rule\n'.format(rule),
        )
    repository_ctx.file("cc/BUILD.bazel")

_rules_cc = repository_rule(implementation = _rules_cc_impl)

# Every test depends on these targets, and no test runs them.
_COVERAGE = """
[filegroup(name = name, visibility = ["//visibility:public"])
 for name in ["coverage_report_generator", "lcov_merger"]]
"""

def _coverage_impl(repository_ctx):
    repository_ctx.file("BUILD.bazel", _COVERAGE)

_remote_coverage_tools = repository_rule(implementation = _coverage_impl)

def debian_repositories():
    """Declares the repositories that the built-in rules load; see README.md.

    Leaves alone those that the workspace has declared before.
    """
    for name, path in _PACKAGED.items():
        if not native.existing_rule(name):
            native.local_repository(name = name, path = path)
    if not native.existing_rule("rules_cc"):
        _rules_cc(name = "rules_cc")
    if not native.existing_rule("remote_coverage_tools"):
        _remote_coverage_tools(name = "remote_coverage_tools")
