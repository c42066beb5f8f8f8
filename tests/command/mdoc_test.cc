#include "tools/command/cli/mdoc.h"

#include <gtest/gtest.h>

#include "tools/command/cli/value_kind.h"

namespace appcache::command::mdoc_test {
namespace {

TEST(MdocTest, EachSentenceStartsALine) {
  EXPECT_EQ(MdocText("One. Two and\nthree... four.\n"),
            "One.\nTwo and three... four.\n");
}

TEST(MdocTest, LinesAreFilled) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "word\n";
  const std::string filled = MdocText(text);
  // 15 words have 74 characters, and 16 have 79.
  EXPECT_EQ(filled.find('\n'), 74u);
  EXPECT_EQ(filled.size(), 150u);
}

TEST(MdocTest, ParagraphsAreSeparated) {
  EXPECT_EQ(MdocText("One.\n\nTwo.\n\n\nThree.\n"),
            "One.\n.Pp\nTwo.\n.Pp\nThree.\n");
}

TEST(MdocTest, LinesThatStartWithABlankAreLiteral) {
  EXPECT_EQ(MdocText("Text:\n  a -b  'c'\n  .d\nMore.\n"),
            "Text:\n.Bd -literal -offset indent\na \\-b  \\(aqc\\(aq\n"
            "\\&.d\n.Ed\n.Pp\nMore.\n");
}

TEST(MdocTest, OnlyTheHyphensOfACommandLineAreLiteral) {
  EXPECT_EQ(MdocText("An in-memory cache: --max-bytes a/b-c X=a-b\n"),
            "An in-memory cache: \\-\\-max\\-bytes a/b\\-c X=a\\-b\n");
}

TEST(MdocTest, CharactersOfRoffAreEscaped) {
  EXPECT_EQ(MdocText(".Sh \\n it's ~/x ^ `\n"),
            "\\&.Sh \\en it's \\(ti/x \\(ha \\(ga\n");
  EXPECT_EQ(MdocText("'Sh\n"), "\\&'Sh\n");
  EXPECT_EQ(MdocWord("Fl"), "\\&Fl");
  EXPECT_EQ(MdocWord("a-b"), "\\&a\\-b");
  EXPECT_EQ(MdocText(""), "");
}

TEST(MdocTest, OperandsHaveTheirMacros) {
  EXPECT_EQ(MdocOperands(""), "");
  EXPECT_EQ(MdocOperands("KEY [VALUE]"), ".Ar \\&KEY\n.Op Ar \\&VALUE\n");
  EXPECT_EQ(MdocOperands("-- COMMAND [ARG]..."),
            ".Fl \\-\n.Ar \\&COMMAND\n.Op Ar \\&ARG ...\n");
}

TEST(ValueKindTest, TheTypeDecides) {
  EXPECT_EQ(KindOf("DURATION"), ValueKind::kOther);
  EXPECT_EQ(KindOf(""), ValueKind::kOther);
  EXPECT_EQ(KindOf("FILE"), ValueKind::kFile);
  EXPECT_EQ(KindOf("URI"), ValueKind::kCache);
  EXPECT_EQ(KindOf("COMMAND"), ValueKind::kCommand);
  EXPECT_EQ(KindOf("a|b"), ValueKind::kChoice);
}

TEST(ValueKindTest, AChoiceHasTextAndAPlaceholder) {
  const auto choices = ChoicesOf("cwd|env:NAME|file:PATH");
  ASSERT_EQ(choices.size(), 3u);
  EXPECT_EQ(choices[0].text, "cwd");
  EXPECT_EQ(choices[0].placeholder, "");
  EXPECT_EQ(choices[1].text, "env:");
  EXPECT_EQ(choices[1].placeholder, "NAME");
  EXPECT_EQ(choices[2].text, "file:");
}

TEST(ValueKindTest, TheTypeOfTheFirstOperandHasNoBrackets) {
  EXPECT_EQ(OperandType("[FILE]"), "FILE");
  EXPECT_EQ(OperandType("KEY..."), "KEY");
  EXPECT_EQ(OperandType("[KEY]..."), "KEY");
  EXPECT_EQ(OperandType("KEY [VALUE]"), "KEY");
  EXPECT_EQ(OperandType("bash|zsh|fish"), "bash|zsh|fish");
  EXPECT_EQ(OperandType(""), "");
}

}  // namespace
}  // namespace appcache::command::mdoc_test
