#!/usr/bin/env python3
"""Tests of tools/lint_words, on texts with planted words.

The planted words are split ("mean" "while"), so that the check of this file
does not find them.
"""

import importlib.machinery
import importlib.util
import pathlib
import subprocess
import unittest

SCRIPT = pathlib.Path("tools/lint_words").absolute()


def load_script():
    loader = importlib.machinery.SourceFileLoader("lint_words", str(SCRIPT))
    spec = importlib.util.spec_from_loader("lint_words", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


lint_words = load_script()
RULES = lint_words.parse_rules(
    SCRIPT.with_name("lint_words.txt").read_text(encoding="utf-8")
)

PLANTED_TIME = "mean" "while"
LETS_GO_OF = ("lets", "go", "of")
PLANTED = "to" "ld"


def words_in(path, text, lines=None):
    """Returns "LINE WORD" of each complaint."""
    if lines is None:
        lines = set(range(1, text.count("\n") + 2))
    return [
        " ".join(complaint.split(": ")[:2]).replace(path + ":", "")
        for complaint in lint_words.check_text(RULES, path, text, lines)
    ]


class ListTest(unittest.TestCase):
    def test_every_rule_rejects_its_words(self):
        for words in (
            PLANTED_TIME,
            "by" " heart",
            "so" " begins",
            "what begins" " so",
            " ".join(LETS_GO_OF),
            "gives" " back",
            "hands" " over",
            "all in" " all",
            "once" " more",
            "Redis te" "lls its clients",
            PLANTED,
            "does not te" "ll ttls",
            "the way" " of a get",
            "who may" " not",
            "it men" "ds the file",
            "is men" "ded",
            "de" "ar to compute",
            "cheap" " to lose",
            "a lane" " pass",
            "a land" "ing",
            "the ttl has" " ended",
            "counts as" " a use",
            "its last" " use",
        ):
            for path in ("a.md", "a.bzl"):
                self.assertEqual(len(words_in(path, words)), 1, words)
            self.assertEqual(len(words_in("a.h", "// " + words)), 1, words)

    def test_similar_words_are_accepted(self):
        for words in (
            "deared landmark island amends recommend heartbeat",
            "cannot be told apart",
            "tells_ttl and tier_changes_told",
            "go on, go off, give it, hand it over there",
        ):
            self.assertEqual(words_in("a.md", words), [], words)

    def test_a_complaint_has_the_place_the_word_and_the_replacement(self):
        complaints = lint_words.check_text(
            RULES, "engine/a.h", f"\n// {PLANTED_TIME.title()}", {2}
        )
        self.assertEqual(
            list(complaints),
            [
                f"engine/a.h:2: {PLANTED_TIME.title()}: "
                'write "while X runs" instead'
            ],
        )

    def test_a_line_without_a_replacement_is_an_error(self):
        with self.assertRaises(ValueError):
            lint_words.parse_rules("word")


class TextTest(unittest.TestCase):
    def test_cxx_comments_and_strings_are_checked_but_not_code(self):
        self.assertEqual(
            words_in(
                "a.cc",
                f"int {PLANTED} = 1;  // {PLANTED}\n"
                f'f("{PLANTED}", {PLANTED});\n'
                f"/* a\n {PLANTED} */\n"
                f'g(R"x({PLANTED}\n")x");\n'
                f"h('\"', {PLANTED}, '\"', 1'000, {PLANTED});\n",
            ),
            [f"{line} {PLANTED}" for line in (1, 2, 4, 5)],
        )

    def test_an_escape_before_a_word_does_not_hide_it(self):
        self.assertEqual(words_in("a.cc", f'"\\n{PLANTED}\\n"'), [f"1 {PLANTED}"])

    def test_phrases_continue_on_the_next_line(self):
        lets, go, of = LETS_GO_OF
        phrase = " ".join(LETS_GO_OF)
        self.assertEqual(
            words_in("a.h", f"  // x {lets}\n  // {go} {of} y"), [f"1 {phrase}"]
        )
        self.assertEqual(
            words_in("a.cc", f'f("{lets} {go} "\n  "{of}");'), [f"1 {phrase}"]
        )
        self.assertEqual(
            words_in("a.sh", f"# {lets} {go}\n# {of}\n"), [f"1 {phrase}"]
        )
        self.assertEqual(
            words_in("a.cc", f'f("{lets}", "{go} {of}");'), []
        )

    def test_markdown_is_checked_without_inline_code(self):
        self.assertEqual(
            words_in("a.md", f"`{PLANTED}`\n\n| {PLANTED} |\n"), [f"3 {PLANTED}"]
        )

    def test_scripts_are_known_by_their_first_line(self):
        self.assertEqual(
            words_in("tools/x", f"#!/bin/sh\n# {PLANTED}\n"), [f"2 {PLANTED}"]
        )
        self.assertEqual(words_in("corpus/x", PLANTED), [])

    def test_only_the_given_lines_are_checked(self):
        text = f"// {PLANTED}\n// {PLANTED}\n// {PLANTED}\n"
        self.assertEqual(words_in("a.h", text, {2}), [f"2 {PLANTED}"])

    def test_a_marker_allows_words(self):
        self.assertEqual(
            words_in(
                "a.h",
                f"// {PLANTED}  NOLINT(words)\n"
                f"// NOLINTNEXTLINE(words)\n"
                f"// {PLANTED}\n"
                f"// {PLANTED}  NOLINT(other)\n",
            ),
            [f"4 {PLANTED}"],
        )


DIFF = """\
diff --git a/a.h b/a.h
--- a/a.h
+++ b/a.h
@@ -1 +1,2 @@ int x;
-old
+new
+newer
@@ -9,3 +10,0 @@
-gone
@@ -20 +18 @@
+one
diff --git a/gone.h b/gone.h
--- a/gone.h
+++ /dev/null
@@ -1,2 +0,0 @@
-gone
diff --git a/b c.md b/b c.md
--- a/b c.md\t
+++ b/b c.md\t
@@ -0,0 +1 @@
+text
"""


class GitTest(unittest.TestCase):
    def test_a_diff_gives_the_changed_lines(self):
        self.assertEqual(
            lint_words.changed_lines(DIFF), {"a.h": {1, 2, 18}, "b c.md": {1}}
        )

    def run_git(self, *args):
        self.calls.append(args)
        return {
            "rev-parse": "parent\n",
            "merge-base": "base\n",
            "diff": DIFF,
            "ls-files": "new.md\0",
            "log": f"abc\tPlain subject\ndef\tIt is {PLANTED}\nfed\t{73 * 'x'}\n",
        }[args[0]]

    def read(self, path):
        return {
            "a.h": f"// {PLANTED}\n//\n// {PLANTED}\n",
            "new.md": f"{PLANTED}\n{PLANTED}\n",
        }.get(path)

    def places(self, since=None, files=()):
        self.calls = []
        complaints = lint_words.check(
            RULES, since, list(files), self.run_git, self.read
        )
        return [complaint.split(": ")[0] for complaint in complaints]

    def test_changes_new_files_and_subjects_are_checked(self):
        self.assertEqual(
            self.places(),
            ["a.h:1", "new.md:1", "new.md:2", "commit def", "commit fed"],
        )
        self.assertIn("parent", self.calls[1])
        self.assertIn("parent..HEAD", self.calls[-1])

    def test_since_compares_with_the_merge_base(self):
        self.places(since="main")
        self.assertEqual(self.calls[0], ("merge-base", "main", "HEAD"))
        self.assertIn("base", self.calls[1])

    def test_with_files_only_those_are_checked_and_no_subjects(self):
        self.assertEqual(self.places(files=["a.h"]), ["a.h:1"])
        self.assertEqual(self.places(files=["a.h", "new.md"])[0], "a.h:1")
        self.assertEqual(self.places(files=["a"]), [])
        self.assertTrue(lint_words.is_selected("folder/a.h", ["folder/"]))
        self.assertFalse(lint_words.is_selected("folders/a.h", ["folder"]))

    def test_without_a_parent_the_base_is_head(self):
        def fail(*args):
            raise subprocess.CalledProcessError(1, args)

        self.assertEqual(lint_words.base_of(None, fail), "HEAD")


if __name__ == "__main__":
    unittest.main()
