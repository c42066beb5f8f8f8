#include "tools/command/text/table.h"

#include <algorithm>
#include <cassert>

#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kMinWidth = 8;  // of the last column

std::string Pad(std::string_view text, size_t width, Table::Align align) {
  const std::string cell = Shorten(text, width);
  const std::string blanks(width - DisplayWidth(cell), ' ');
  return align == Table::Align::kRight ? blanks + cell : cell + blanks;
}

}  // namespace

std::vector<size_t> Table::Widths(size_t max_width) const {
  std::vector<size_t> widths;
  size_t before_last = 0;
  for (size_t i = 0; i < columns_.size(); ++i) {
    size_t width = DisplayWidth(columns_[i].title);
    for (const auto& row : rows_) {
      width = std::max(width, DisplayWidth(row[i]));
    }
    widths.push_back(width);
    if (i + 1 < columns_.size()) before_last += width + kGap;
  }
  if (max_width != 0 && before_last + widths.back() > max_width) {
    const size_t room = max_width > before_last ? max_width - before_last : 0;
    widths.back() = std::max(room, kMinWidth);
  }
  return widths;
}

std::string Table::Render(size_t max_width) const {
  assert(!columns_.empty());
  const std::vector<size_t> widths = Widths(max_width);
  std::string text;
  const auto add_line = [&](const auto& cell_of) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) text.append(kGap, ' ');
      text += Pad(cell_of(i), widths[i], columns_[i].align);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  };
  add_line([&](size_t i) -> const std::string& { return columns_[i].title; });
  for (const auto& row : rows_) {
    add_line([&](size_t i) -> const std::string& { return row[i]; });
  }
  return text;
}

}  // namespace appcache::command
