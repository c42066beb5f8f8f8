"""Local copies of the repositories that Debian's Bazel would download."""

def debian_repositories():
    """Declares the repositories that the built-in rules load; see README.md."""
    for name, path in {
        # Packages bazel-platforms, bazel-rules-java and bazel-rules-proto.
        "platforms": "/usr/share/bazel/tools/platforms",
        "rules_java": "/usr/share/bazel/rules/java",
        "rules_proto": "/usr/share/bazel/rules/proto",
        # Replacements.
        "rules_cc": "tools/debian/rules_cc",
        "remote_coverage_tools": "tools/debian/remote_coverage_tools",
    }.items():
        native.local_repository(name = name, path = path)
