// Table: text in columns.

#ifndef APPCACHE_TOOLS_COMMAND_TABLE_H_
#define APPCACHE_TOOLS_COMMAND_TABLE_H_

#include <cstddef>
#include <string>
#include <vector>

namespace appcache::command {

// Numbers stand to the right in their column, text to the left. The last column
// is what gives when the table is wider than it may be.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One text per column; printable UTF-8 (see Escape).
  void AddRow(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  // A line of titles and one per row. No line is wider than `max_width`
  // characters if the last column can be shortened to that; 0: no limit.
  std::string Render(size_t max_width) const;

 private:
  std::vector<size_t> Widths(size_t max_width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TABLE_H_
