#include "adapters/redis/prefix_removal.h"

#include <utility>
#include <vector>

#include "adapters/redis/commands.h"
#include "adapters/redis/result.h"

namespace appcache::redis {
namespace {

// How much of the database one command looks at: under a millisecond.
constexpr std::string_view kKeysPerScan = "1000";

using Type = Reply::Type;

struct Page {
  std::string cursor = "0";
  std::vector<Bytes> keys;
};

// [cursor, [key, ...]]
bool TakePage(Reply& reply, Page& page) {
  if (reply.type != Type::kArray || reply.elements.size() != 2) return false;
  const Reply& cursor = reply.elements[0];
  Reply& keys = reply.elements[1];
  if (cursor.type != Type::kString || keys.type != Type::kArray ||
      keys.is_cut) {
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

// The page at page.cursor, and in its place the next.
Status Scan(Client& client, std::string_view pattern, Page& page) {
  Status answer;
  const std::string cursor = page.cursor;
  const Status status = client.Exchange(
      [&](Connection& connection) {
        connection.Append(
            {"SCAN", cursor, "MATCH", pattern, "COUNT", kKeysPerScan});
      },
      [&](Reply reply) {
        if (!TakePage(reply, page)) {
          answer = Unexpected(reply, client.server());
        }
      });
  return status.ok() ? answer : status;
}

Status Remove(Client& client, const std::vector<Bytes>& keys,
              uint64_t& removed) {
  if (keys.empty()) return Status();
  std::vector<std::string_view> paths;
  paths.reserve(keys.size());
  for (const Bytes& key : keys) paths.push_back(key.view());
  Status answer;
  const Status status = client.Exchange(
      [&](Connection& connection) { AppendKeys(connection, "DEL", paths); },
      [&](const Reply& reply) {
        if (reply.type == Type::kInteger) {
          removed += static_cast<uint64_t>(reply.integer);
        } else if (answer.ok()) {
          answer = Unexpected(reply, client.server());
        }
      });
  return status.ok() ? answer : status;
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
