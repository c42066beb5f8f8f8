#include "tools/command/text/table.h"

#include <gtest/gtest.h>

namespace appcache::command::table_test {
namespace {

Table TwoColumns() {
  return Table({{"SIZE", Table::Align::kRight}, {"KEY", Table::Align::kLeft}});
}

TEST(TableTest, ColumnsAreAsWideAsTheirWidestText) {
  Table table = TwoColumns();
  table.AddRow({"1", "short"});
  table.AddRow({"123456", "a longer key"});
  EXPECT_EQ(table.Render(0),
            "  SIZE  KEY\n"
            "     1  short\n"
            "123456  a longer key\n");
}

TEST(TableTest, TitlesAloneAreATable) {
  EXPECT_EQ(TwoColumns().Render(80), "SIZE  KEY\n");
}

TEST(TableTest, TheLastColumnIsShortenedToTheWidth) {
  Table table = TwoColumns();
  table.AddRow({"1", "0123456789abcdef"});
  EXPECT_EQ(table.Render(16), "SIZE  KEY\n   1  012345678\u2026\n");
}

TEST(TableTest, TheLastColumnHasAMinimumWidth) {
  Table table = TwoColumns();
  table.AddRow({"1", "0123456789abcdef"});
  EXPECT_EQ(table.Render(1), "SIZE  KEY\n   1  0123456\u2026\n");
}

TEST(TableTest, WidthsAreInColumnsOfTheTerminal) {
  Table table = TwoColumns();
  table.AddRow({"\u00e9", "x"});
  table.AddRow({"\u4e2d", "\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d"});
  EXPECT_EQ(table.Render(0),
            "SIZE  KEY\n   \u00e9  x\n"
            "  \u4e2d  \u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\n");
  EXPECT_EQ(table.Render(14),
            "SIZE  KEY\n   \u00e9  x\n"
            "  \u4e2d  \u4e2d\u4e2d\u4e2d\u2026\n");
}

TEST(TableTest, LinesHaveNoTrailingBlanks) {
  Table table({{"A", Table::Align::kLeft}, {"B", Table::Align::kLeft}});
  table.AddRow({"", ""});
  EXPECT_EQ(table.Render(0), "A  B\n\n");
}

}  // namespace
}  // namespace appcache::command::table_test
