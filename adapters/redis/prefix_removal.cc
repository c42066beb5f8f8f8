#include "adapters/redis/prefix_removal.h"

#include <utility>
#include <vector>

#include "adapters/redis/commands.h"
#include "adapters/redis/result.h"

namespace appcache::redis {
namespace {

// The number of keys that one SCAN visits: it takes less than a millisecond,
// during which the server serves no other client.
constexpr std::string_view kKeysPerScan = "1000";

using Type = Reply::Type;

// The result of a SCAN.
struct Page {
  std::string cursor = "0";
  std::vector<Bytes> keys;
};

// Converts the reply to SCAN, [cursor, [key, ...]]. False: it is something
// else.
bool ToPage(Reply& reply, Page& page) {
  if (reply.type != Type::kArray || reply.elements.size() != 2) return false;
  const Reply& cursor = reply.elements[0];
  Reply& keys = reply.elements[1];
  if (cursor.type != Type::kString || keys.type != Type::kArray ||
      keys.is_truncated) {
    return false;
  }
  page.cursor = cursor.bytes.view();
  page.keys.clear();
  for (Reply& key : keys.elements) {
    if (key.type != Type::kString) return false;
    page.keys.push_back(std::move(key.bytes));
  }
  return true;
}

// Reads the page at page.cursor into `page`, with the cursor of the next one.
Status Scan(Client& client, std::string_view pattern, Page& page) {
  const std::string cursor = page.cursor;
  return client.ExchangeChecked(
      [&](Connection& connection) {
        connection.Append(
            {"SCAN", cursor, "MATCH", pattern, "COUNT", kKeysPerScan});
      },
      [&](Reply reply) {
        return ToPage(reply, page) ? Status()
                                   : UnexpectedReply(reply, client.server());
      });
}

Status Remove(Client& client, const std::vector<Bytes>& keys,
              uint64_t& removed) {
  if (keys.empty()) return Status();
  std::vector<std::string_view> paths;
  paths.reserve(keys.size());
  for (const Bytes& key : keys) paths.push_back(key.view());
  uint64_t now_removed = 0;
  Status status = client.ExchangeChecked(
      [&](Connection& connection) {
        now_removed = 0;
        AppendKeys(connection, "DEL", paths);
      },
      [&](const Reply& reply) {
        if (reply.type != Type::kInteger) {
          return UnexpectedReply(reply, client.server());
        }
        now_removed += static_cast<uint64_t>(reply.integer);
        return Status();
      });
  removed += now_removed;
  return status;
}

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

Status RemovePrefix(Client& client, std::string_view prefix,
                    uint64_t& removed) {
  const std::string pattern = PrefixPattern(prefix);
  Page page;
  do {
    if (Status status = Scan(client, pattern, page); !status.ok()) {
      return status;
    }
    if (Status status = Remove(client, page.keys, removed); !status.ok()) {
      return status;
    }
  } while (page.cursor != "0");
  return Status();
}

}  // namespace appcache::redis
