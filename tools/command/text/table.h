// Table: formats rows of text in columns.

#ifndef APPCACHE_TOOLS_COMMAND_TEXT_TABLE_H_
#define APPCACHE_TOOLS_COMMAND_TEXT_TABLE_H_

#include <cassert>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace appcache::command {

// A table that is too wide is narrowed by shortening its last column.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // REQUIRES: one text per column, of visible UTF-8 (see Escape).
  void AddRow(std::vector<std::string> row) {
    assert(row.size() == columns_.size());
    rows_.push_back(std::move(row));
  }

  // A line of titles and one line per row. Shortens the last column, but not
  // below eight columns, so that no line is wider than `max_width` columns of a
  // terminal; 0 means no limit. REQUIRES: the table has a column.
  std::string Render(size_t max_width) const;

 private:
  std::vector<size_t> Widths(size_t max_width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TEXT_TABLE_H_
