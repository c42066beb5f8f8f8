#include "adapters/redis/prefix_removal.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "adapters/net/deadline.h"
#include "adapters/redis/commands.h"
#include "adapters/redis/result.h"

namespace appcache::redis {
namespace {

// The number of keys that one SCAN visits: it takes less than a millisecond,
// during which the server serves no other client.
constexpr std::string_view kKeysPerScan = "1000";

using Type = Reply::Type;

// A server that keeps closing connections would have the removal start anew for
// ever.
constexpr int kMaxRestarts = 100;

// The result of a SCAN, or where the first one begins.
struct Page {
  std::string cursor = "0";
  std::vector<Bytes> keys = {};
  bool is_first = true;

  bool is_last() const { return !is_first && cursor == "0"; }
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

// Removes the keys with a prefix.
class Removal {
 public:
  Removal(Client& client, std::string_view prefix, uint64_t& removed)
      : client_(client),
        prefix_(prefix),
        pattern_(PrefixPattern(prefix)),
        removed_(removed) {}

  Status Run();

 private:
  // Removes the keys of `page_`, and reads the page after it, if there is one,
  // in one round trip. Sets `ready_at`: see Client::Exchange.
  Status Advance(Client::SteadyTime& ready_at);
  void AppendDel(Connection& connection) const;

  Client& client_;
  const std::string_view prefix_;
  const std::string pattern_;
  uint64_t& removed_;
  Page page_;
};

// A server that refuses writes answers SCAN. So each SCAN follows a DEL, if
// need be one of the key that is the prefix: it is to be removed too.
void Removal::AppendDel(Connection& connection) const {
  std::vector<std::string_view> paths;
  paths.reserve(page_.keys.size() + 1);
  for (const Bytes& key : page_.keys) paths.push_back(key.view());
  if (paths.empty()) paths.push_back(prefix_);
  AppendKeys(connection, "DEL", paths);
}

Status Removal::Advance(Client::SteadyTime& ready_at) {
  Page next;
  uint64_t now_removed = 0;
  const auto append = [&](Connection& connection) {
    next = Page{.is_first = false};
    now_removed = 0;
    AppendDel(connection);
    if (page_.is_last()) return;
    connection.Append(
        {"SCAN", page_.cursor, "MATCH", pattern_, "COUNT", kKeysPerScan});
  };
  const auto check = [&](Reply reply) {
    if (reply.type == Type::kInteger) {
      now_removed += static_cast<uint64_t>(reply.integer);
      return Status();
    }
    return ToPage(reply, next) ? Status()
                               : UnexpectedReply(reply, client_.server());
  };
  Status status =
      client_.ExchangeChecked(append, check, Kind::kWrite, &ready_at);
  removed_ += now_removed;
  page_ = std::move(next);
  return status;
}

// A cursor is valid on one server only, and a connection that was made since
// may be to another, whoever made it.
Status Removal::Run() {
  int restarts = 0;
  Client::SteadyTime since;
  do {
    const bool is_first = page_.is_first;
    if (is_first) since = net::Deadline::Clock::now();
    Client::SteadyTime ready_at;
    if (Status status = Advance(ready_at); !status.ok()) return status;
    if (is_first) {
      since = std::max(since, ready_at);
    } else if (ready_at > since) {
      if (++restarts > kMaxRestarts) {
        return Status(ErrorCode::kUnavailable,
                      client_.server() +
                          " closed too many connections during the removal of "
                          "a prefix; retry");
      }
      page_ = Page();
    }
  } while (!page_.is_last() || !page_.keys.empty());
  return Status();
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
  return Removal(client, prefix, removed).Run();
}

}  // namespace appcache::redis
