"""The repositories that Debian's Bazel would download, found on the disk."""

def debian_repositories():
    """Names what the built-in rules load. README.md here tells more."""
    for name, path in {
        # Packages bazel-platforms, bazel-rules-java and bazel-rules-proto.
        "platforms": "/usr/share/bazel/tools/platforms",
        "rules_java": "/usr/share/bazel/rules/java",
        "rules_proto": "/usr/share/bazel/rules/proto",
        # Stand-ins.
        "rules_cc": "tools/debian/rules_cc",
        "remote_coverage_tools": "tools/debian/remote_coverage_tools",
    }.items():
        native.local_repository(name = name, path = path)
