#include "adapters/redis/prefix_removal.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "adapters/net/deadline.h"
#include "adapters/redis/commands.h"
#include "adapters/redis/result.h"
#include "adapters/redis/scan.h"

namespace appcache::redis {
namespace {

using Type = Reply::Type;

// A server that keeps closing connections would have the removal start anew for
// ever.
constexpr int kMaxRestarts = 100;

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
  size_t dels_left = 0;  // without a reply
  const auto append = [&](Connection& connection) {
    next = Page{.is_first = false};
    now_removed = 0;
    AppendDel(connection);
    dels_left = connection.outstanding();
    if (page_.is_last()) return;
    AppendScan(connection, page_, pattern_);
  };
  const auto check = [&](Reply reply) {
    bool is_expected = false;
    if (dels_left > 0) {
      --dels_left;
      is_expected = reply.type == Type::kInteger;
      now_removed += static_cast<uint64_t>(reply.integer);
    } else {
      is_expected = ToPage(reply, next);
    }
    return is_expected ? Status() : UnexpectedReply(reply, client_.server());
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

Status RemovePrefix(Client& client, std::string_view prefix,
                    uint64_t& removed) {
  return Removal(client, prefix, removed).Run();
}

}  // namespace appcache::redis
