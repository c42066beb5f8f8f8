#include "tools/command/cli/mdoc.h"

#include <algorithm>
#include <vector>

namespace appcache::command {
namespace {

constexpr size_t kWidth = 78;

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    if (end > begin || separator == '\n') {
      parts.push_back(text.substr(begin, end - begin));
    }
    begin = end + 1;
  }
  return parts;
}

// The characters of roff are escaped. Literal text also keeps the ASCII form of
// those that roff would print as typographic ones.
std::string Escaped(std::string_view text, bool is_literal) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '\\':
        escaped += "\\e";
        break;
      case '-':
        escaped += is_literal ? "\\-" : "-";
        break;
      case '\'':
        escaped += is_literal ? "\\(aq" : "'";
        break;
      case '`':
        escaped += "\\(ga";
        break;
      case '^':
        escaped += "\\(ha";
        break;
      case '~':
        escaped += "\\(ti";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

// A line that starts with one of these is a request or a macro.
std::string AsText(std::string line) {
  const bool is_request = !line.empty() && (line[0] == '.' || line[0] == '\'');
  return is_request ? "\\&" + line : line;
}

bool IsLiteral(std::string_view word) {
  return word.starts_with('-') ||
         word.find_first_of("/=_$|") != std::string_view::npos;
}

bool EndsSentence(std::string_view word) {
  return word.ends_with('.') && !word.ends_with("..");
}

void AppendParagraph(std::string& page,
                     const std::vector<std::string_view>& words) {
  std::string line;
  const auto end_line = [&] {
    if (!line.empty()) page += AsText(line) + "\n";
    line.clear();
  };
  for (const std::string_view word : words) {
    const std::string escaped = Escaped(word, IsLiteral(word));
    if (line.size() + 1 + escaped.size() > kWidth) end_line();
    line += (line.empty() ? "" : " ") + escaped;
    if (EndsSentence(word)) end_line();
  }
  end_line();
}

bool IsLiteralLine(std::string_view line) { return line.starts_with(' '); }

// Without the blanks that it starts with; they are those of --help.
std::string LiteralLine(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  return AsText(Escaped(line, true)) + "\n";
}

}  // namespace

std::string MdocWord(std::string_view word) {
  return "\\&" + Escaped(word, true);
}

std::string MdocText(std::string_view text) {
  const std::vector<std::string_view> lines = Split(text, '\n');
  std::string page;
  bool is_after_literal = true;  // or at the beginning
  for (size_t i = 0; i < lines.size();) {
    if (lines[i].empty()) {
      ++i;
    } else if (IsLiteralLine(lines[i])) {
      page += ".Bd -literal -offset indent\n";
      for (; i < lines.size() && IsLiteralLine(lines[i]); ++i) {
        page += LiteralLine(lines[i]);
      }
      page += ".Ed\n";
      is_after_literal = false;
    } else {
      std::vector<std::string_view> words;
      for (; i < lines.size() && !lines[i].empty() && !IsLiteralLine(lines[i]);
           ++i) {
        for (const std::string_view word : Split(lines[i], ' ')) {
          words.push_back(word);
        }
      }
      if (!is_after_literal) page += ".Pp\n";
      AppendParagraph(page, words);
      is_after_literal = false;
    }
  }
  return page;
}

std::string MdocOperands(std::string_view operands) {
  std::string lines;
  for (std::string_view word : Split(operands, ' ')) {
    const bool is_repeated = word.ends_with("...");
    if (is_repeated) word.remove_suffix(3);
    const bool is_optional = word.starts_with('[');
    if (is_optional) word = word.substr(1, word.size() - 2);
    if (word == "--") {
      lines += ".Fl \\-\n";
    } else {
      lines += std::string(is_optional ? ".Op Ar " : ".Ar ") + MdocWord(word) +
               (is_repeated ? " ..." : "") + "\n";
    }
  }
  return lines;
}

}  // namespace appcache::command
