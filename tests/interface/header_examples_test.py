"""Every example in the comment of a public header is compiled.

Usage: header_examples_test.py HEADER... SOURCE...

An example is a run of comment lines that are indented by three blanks. Each one
must occur in a SOURCE (*.cc), which Bazel compiles, between the lines

    // [example cache.h]
    // [/example]

of its header. Leading blanks do not count.
"""

import re
import sys
import unittest

# Blocks that are not C++: (header, first line) and the reason.
NOT_CODE = {
    ("open.h", "redis://USER:PASSWORD@HOST:PORT/DATABASE"): "the forms of URIs",
    ("redis_cache.h", "+ping +client|id"): "permissions of a Redis user",
    ("redis_cache.h", "+ping +subscribe"): "permissions of a Redis user",
}

COMMENT = re.compile(r"^\s*//(\s*)(\S.*)$")
LIST_ITEM = re.compile(r"^([-*]|\d+\.)\s")
BEGIN = re.compile(r"^\s*// \[example (\S+)\]$")
END = re.compile(r"^\s*// \[/example\]$")


def examples_in(text):
    """The examples of a header, each as a list of lines."""
    examples = []
    lines = None  # of the example that the last line belongs to
    in_list = False  # whether the last line belongs to an item of a list
    for line in text.splitlines():
        comment = COMMENT.match(line)
        is_indented = comment is not None and len(comment[1]) >= 3
        if is_indented and not in_list:
            if lines is None:
                lines = []
                examples.append(lines)
            lines.append(comment[2].rstrip())
            continue
        lines = None
        if not is_indented:
            in_list = comment is not None and bool(LIST_ITEM.match(comment[2]))
    return examples


def compiled_in(text):
    """The regions of a source: (header, list of lines) of each."""
    regions = []
    lines = None
    for line in text.splitlines():
        begin = BEGIN.match(line)
        if begin:
            lines = []
            regions.append((begin[1], lines))
        elif END.match(line):
            lines = None
        elif lines is not None:
            lines.append(line.strip())
    return regions


def contains(region, lines):
    return any(
        region[i : i + len(lines)] == lines for i in range(len(region))
    )


def check(headers, sources, not_code):
    """The violations in the texts of headers, by name, and of sources."""
    regions = [region for text in sources for region in compiled_in(text)]
    violations = []
    unused = dict(not_code)
    for name, text in sorted(headers.items()):
        for example in examples_in(text):
            exempt = [
                (header, start)
                for header, start in not_code
                if header == name and example[0].startswith(start)
            ]
            for key in exempt:
                unused.pop(key, None)
            if exempt or any(
                header == name and contains(lines, example)
                for header, lines in regions
            ):
                continue
            violations.append(
                f"{name}: this example is not compiled:\n  "
                + "\n  ".join(example)
            )
    for name, start in unused:
        violations.append(f"{name}: NOT_CODE names no example: {start}")
    for name in {header for header, _ in regions} - set(headers):
        violations.append(f"{name}: a source names a header that is not public")
    return violations


class HeaderExamplesTest(unittest.TestCase):
    maxDiff = None

    def test_each_example_is_compiled(self):
        texts = {}
        sources = []
        for path in arguments:
            with open(path, encoding="utf-8") as file:
                if path.endswith(".h"):
                    texts[path.split("/include/appcache/")[1]] = file.read()
                else:
                    sources.append(file.read())
        self.assertGreater(len(texts), 20)
        self.assertEqual("\n".join(check(texts, sources, NOT_CODE)), "")


class CheckTest(unittest.TestCase):
    header = "\n".join(
        [
            "// Text.",
            "//",
            "//   int a =",
            "//       1;",
            "//",
            "// - an item",
            "//   and its second line",
            "//     and its third",
            "//",
            "//   int b = 2;",
            "class A {",
            "  // Text:",
            "  //   int c = 3;",
            "};",
        ]
    )
    source = "\n".join(
        [
            "void F() {",
            "  // [example a.h]",
            "  int a =",
            "      1;",
            "  int b = 2;",
            "  // [/example]",
            "  // [example a.h]",
            "int c = 3;",
            "  // [/example]",
            "}",
        ]
    )

    def test_examples_are_found_and_list_items_are_not(self):
        self.assertEqual(
            examples_in(self.header),
            [["int a =", "1;"], ["int b = 2;"], ["int c = 3;"]],
        )

    def test_compiled_examples_are_accepted(self):
        self.assertEqual(check({"a.h": self.header}, [self.source], {}), [])

    def test_a_changed_example_is_reported(self):
        for old, new in [("1;", "2;"), ("int b", "long b"), ("a.h", "b.h")]:
            with self.subTest(old):
                source = self.source.replace(old, new)
                self.assertNotEqual(
                    check({"a.h": self.header, "b.h": ""}, [source], {}), []
                )

    def test_an_example_outside_the_markers_is_reported(self):
        source = self.source.replace("[/example]\n", "\n").replace(
            "[example a.h]", ""
        )
        self.assertEqual(len(check({"a.h": self.header}, [source], {})), 3)

    def test_an_unused_exemption_is_reported(self):
        exempt = {("a.h", "int a"): "", ("a.h", "int x"): ""}
        self.assertEqual(
            check({"a.h": self.header}, [self.source], exempt),
            ["a.h: NOT_CODE names no example: int x"],
        )


if __name__ == "__main__":
    arguments = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
