#include "adapters/redis/scan.h"

#include <utility>

namespace appcache::redis {
namespace {

// The number of keys that one SCAN visits: it takes less than a millisecond,
// during which the server serves no other client.
constexpr std::string_view kKeysPerScan = "1000";

using Type = Reply::Type;

}  // namespace

std::string PrefixPattern(std::string_view prefix) {
  std::string pattern;
  pattern.reserve(prefix.size() + 1);
  for (const char byte : prefix) {
    if (std::string_view("*?[]\\").find(byte) != std::string_view::npos) {
      pattern += '\\';
    }
    pattern += byte;
  }
  return pattern += '*';
}

void AppendScan(Connection& connection, const Page& page,
                std::string_view pattern) {
  connection.Append(
      {"SCAN", page.cursor, "MATCH", pattern, "COUNT", kKeysPerScan});
}

bool ToPage(Reply& reply, Page& page) {
  if (reply.type != Type::kArray || reply.elements.size() != 2) return false;
  const Reply& cursor = reply.elements[0];
  Reply& keys = reply.elements[1];
  if (cursor.type != Type::kString || keys.type != Type::kArray ||
      keys.is_truncated) {
    return false;
  }
  page.is_first = false;
  page.cursor = cursor.bytes.view();
  page.keys.clear();
  for (Reply& key : keys.elements) {
    if (key.type != Type::kString) return false;
    page.keys.push_back(std::move(key.bytes));
  }
  return true;
}

}  // namespace appcache::redis
