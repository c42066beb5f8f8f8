#include "appcache/resolved_path.h"

#include <charconv>
#include <cmath>
#include <string>

namespace appcache::internal {

Status NamespaceTooDeep() {
  return Status(ErrorCode::kInvalidKey,
                "the namespaces of a key are nested deeper than " +
                    std::to_string(kMaxNamespaceDepth) +
                    ": does namespace_key() lead back to the key itself?");
}

Status NamespaceIsCorrupt(std::string_view path) {
  return Status(ErrorCode::kCorrupt,
                "the value of the namespace " + std::string(path) +
                    " was written by another serialiser, or cannot be part of "
                    "a path");
}

// Python prints the shortest digits that are the same number, with an exponent
// if that is less than -4 or more than 15.
std::string PythonText(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  char text[32];
  const double size = std::fabs(number);
  const bool has_exponent = size != 0 && (size < 1e-4 || size >= 1e16);
  const auto end = std::to_chars(text, text + sizeof(text), number,
                                 has_exponent ? std::chars_format::scientific
                                              : std::chars_format::fixed)
                       .ptr;
  std::string printed(text, end);
  if (!has_exponent && printed.find('.') == std::string::npos) printed += ".0";
  return printed;
}

}  // namespace appcache::internal
