#include "adapters/redis/walk.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/net/deadline.h"
#include "adapters/redis/result.h"
#include "adapters/redis/scan.h"
#include "adapters/redis/timed_get_request.h"
#include "appcache/clock.h"

namespace appcache::redis {
namespace {

using Type = Reply::Type;

// Values are read together up to this size.
constexpr uint64_t kMaxGroupBytes = uint64_t{1} << 20;

// What a page of SCAN says about a key, and STRLEN and PTTL after it.
struct Found {
  std::string_view path;
  uint64_t value_bytes = 0;
  Ttl remaining_ttl = kNoTtl;
};

// The expiry time of an entry whose remaining ttl was asked for at `asked`. It
// is not later than the server's.
std::optional<TimePoint> ExpiryOf(Ttl remaining_ttl, TimePoint asked) {
  if (remaining_ttl == kNoTtl) return std::nullopt;
  return asked + remaining_ttl;
}

TimePoint Now() { return Clock::Wall()->Now(); }

class EntryWalk {
 public:
  EntryWalk(Client& client, const WalkOptions& options, WalkVisitor visit)
      : client_(client),
        options_(options),
        pattern_(PrefixPattern(options.path_prefix)),
        visit_(visit) {}

  Status Run();

 private:
  // Sends the commands that `append(connection)` appends, and calls
  // `take(reply)` with the reply to each until it returns an error.
  template <class Append, class Take>
  Status Ask(const Append& append, const Take& take);

  Status ReadPage();
  // Finds the strings among the keys of the page.
  Status Describe(std::vector<Found>& found);
  // These return whether the visitor wants more.
  Result<bool> Visit(std::span<const Found> found);
  Result<bool> VisitWithValues(std::span<const Found> found);
  Result<bool> VisitGroup(std::span<const Found> group);

  Client& client_;
  const WalkOptions& options_;
  const std::string pattern_;
  const WalkVisitor visit_;
  std::unique_ptr<Connection> connection_;
  Page page_;
  TimePoint asked_;  // the time before the remaining ttls were asked for
};

template <class Append, class Take>
Status EntryWalk::Ask(const Append& append, const Take& take) {
  // A connection is not usable here for one reason only: the visitor has
  // forked, and this is the child. (The walk stops at any other failure.)
  // Requests of two processes must not mix in one stream.
  if (!connection_->is_usable()) {
    return Status(ErrorCode::kUnavailable,
                  "this walk began before fork() and belongs to the parent "
                  "process; begin another one in the child");
  }
  const net::Deadline deadline(client_.timeout());
  append(*connection_);
  Status status = connection_->Send(deadline);
  while (status.ok() && connection_->outstanding() > 0) {
    Reply reply;
    status = connection_->Receive(reply, deadline);
    if (status.ok()) status = take(std::move(reply));
  }
  return status;
}

Status EntryWalk::ReadPage() {
  Page next;
  Status status = Ask(
      [&](Connection& connection) { AppendScan(connection, page_, pattern_); },
      [&](Reply reply) {
        return ToPage(reply, next) ? Status()
                                   : UnexpectedReply(reply, client_.server());
      });
  if (!status.ok()) return status;
  page_ = std::move(next);
  // SCAN may return a key twice, in the same page too.
  const auto less = [](const Bytes& a, const Bytes& b) {
    return a.view() < b.view();
  };
  std::vector<Bytes>& keys = page_.keys;
  std::sort(keys.begin(), keys.end(), less);
  keys.erase(std::unique(keys.begin(), keys.end(),
                         [](const Bytes& a, const Bytes& b) {
                           return a.view() == b.view();
                         }),
             keys.end());
  return Status();
}

Status EntryWalk::Describe(std::vector<Found>& found) {
  found.clear();
  size_t replies = 0;
  bool is_string = false;
  Found next;
  asked_ = Now();
  return Ask(
      [&](Connection& connection) {
        for (const Bytes& key : page_.keys) {
          connection.Append({"STRLEN", key.view()});
          connection.Append({"PTTL", key.view()});
        }
      },
      [&](const Reply& reply) {
        const std::string_view path = page_.keys[replies / 2].view();
        if (replies++ % 2 == 0) {
          is_string = reply.type == Type::kInteger;
          next = {path,
                  static_cast<uint64_t>(std::max<int64_t>(reply.integer, 0))};
          const bool is_other_type =
              reply.type == Type::kError &&
              reply.bytes.view().starts_with("WRONGTYPE");
          return is_string || is_other_type
                     ? Status()
                     : UnexpectedReply(reply, client_.server());
        }
        const Lookup<Ttl> ttl = ToTtl(reply, client_.server());
        // Otherwise it is of another type, or was removed since.
        if (is_string && ttl) {
          next.remaining_ttl = *ttl;
          found.push_back(next);
        }
        return ttl.status();
      });
}

Result<bool> EntryWalk::Visit(std::span<const Found> found) {
  for (const Found& entry : found) {
    if (!visit_({entry.path,
                 {},
                 entry.value_bytes,
                 ExpiryOf(entry.remaining_ttl, asked_),
                 std::nullopt})) {
      return false;
    }
  }
  return true;
}

Result<bool> EntryWalk::VisitWithValues(std::span<const Found> found) {
  const uint64_t max_bytes =
      std::min(kMaxGroupBytes, client_.reply_limits().text_bytes / 2);
  while (!found.empty()) {
    size_t count = 0;
    uint64_t bytes = 0;
    while (count < found.size() &&
           (count == 0 || bytes + found[count].value_bytes <= max_bytes)) {
      bytes += found[count++].value_bytes;
    }
    const Result<bool> wants_more = VisitGroup(found.first(count));
    if (!wants_more.ok() || !*wants_more) return wants_more;
    found = found.subspan(count);
  }
  return true;
}

Result<bool> EntryWalk::VisitGroup(std::span<const Found> group) {
  std::vector<std::string_view> paths;
  paths.reserve(group.size());
  for (const Found& entry : group) paths.push_back(entry.path);
  TimedGetRequest request(paths, TimedGetRequest::By::kMget, client_.server());
  const TimePoint asked = Now();
  Status status =
      Ask([&](Connection& connection) { request.AppendTo(connection); },
          [&](Reply reply) { return request.HandleReply(std::move(reply)); });
  if (!status.ok()) return status;
  for (size_t i = 0; i < paths.size(); ++i) {
    const Lookup<TimedBytes>& entry = request.found()[i];
    if (entry.has_error()) return entry.status();
    if (!entry) continue;  // removed or expired since
    const std::string_view value = entry->value.view();
    if (!visit_({paths[i], value, value.size(),
                 ExpiryOf(entry->remaining_ttl, asked)})) {
      return false;
    }
  }
  return true;
}

Status EntryWalk::Run() {
  auto connected =
      client_.ConnectOutsidePool(/*interrupt=*/-1, client_.reply_limits());
  if (!connected.ok()) return connected.status();
  connection_ = *std::move(connected);
  std::vector<Found> found;
  do {
    Status status = ReadPage();
    if (status.ok()) status = Describe(found);
    if (!status.ok()) return status;
    const Result<bool> wants_more =
        options_.with_values ? VisitWithValues(found) : Visit(found);
    if (!wants_more.ok()) return wants_more.status();
    if (!*wants_more) return Status();
  } while (!page_.is_last());
  return Status();
}

}  // namespace

Status WalkEntries(Client& client, const WalkOptions& options,
                   WalkVisitor visit) {
  return EntryWalk(client, options, visit).Run();
}

}  // namespace appcache::redis
