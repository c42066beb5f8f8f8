#include "adapters/redis/timed_get_request.h"

#include <algorithm>
#include <utility>

#include "adapters/redis/result.h"

namespace appcache::redis {
namespace {

using Type = Reply::Type;

// The largest number of keys in a transaction, during which the server serves
// no other client. Smaller than kKeysPerCommand, because each key has a command
// of its own here.
constexpr size_t kKeysPerTransaction = 1024;

// The commands of a transaction besides the PTTL of each key: MULTI, GET or
// MGET, EXEC.
constexpr size_t kOtherCommands = 3;

Lookup<TimedBytes> ToTimed(Reply value, const Reply& remaining,
                           const std::string& server) {
  Lookup<Bytes> found = ToLookup(std::move(value), server);
  if (found.has_error()) return Lookup<TimedBytes>::Failed(found.status());
  const Lookup<Ttl> ttl = ToTtl(remaining, server);
  if (ttl.has_error()) return Lookup<TimedBytes>::Failed(ttl.status());
  // Within a transaction, the clock that expires entries stands still and that
  // of PTTL does not: 0 may be an entry that has expired since.
  const bool may_have_expired = remaining.integer == 0;
  if (!found || !ttl || may_have_expired) return Lookup<TimedBytes>::Miss();
  return Lookup<TimedBytes>::Hit({*std::move(found), *ttl});
}

}  // namespace

void TimedGetRequest::AppendTransaction(
    Connection& connection, std::span<const std::string_view> paths) const {
  connection.Append({"MULTI"});
  connection.BeginCommand(1 + paths.size());
  connection.AppendArgument(by_ == By::kGet ? "GET" : "MGET");
  for (const std::string_view path : paths) connection.AppendArgument(path);
  // After the values, so that no ttl is longer than that of its value.
  for (const std::string_view path : paths) connection.Append({"PTTL", path});
  connection.Append({"EXEC"});
}

void TimedGetRequest::AppendTo(Connection& connection) {
  found_.clear();
  replies_ = 0;
  refused_ = Status();
  for (size_t at = 0; at < paths_.size(); at += kKeysPerTransaction) {
    AppendTransaction(
        connection,
        paths_.subspan(at, std::min(kKeysPerTransaction, paths_.size() - at)));
  }
}

Status TimedGetRequest::HandleReply(Reply reply) {
  assert(found_.size() < paths_.size());
  const size_t count =
      std::min(kKeysPerTransaction, paths_.size() - found_.size());
  if (++replies_ < count + kOtherCommands) {
    // OK or QUEUED. A server that has refused MULTI runs the other commands.
    if (!refused_.ok() || reply.type == Type::kStatus) return Status();
    refused_ = UnexpectedReply(reply, server_);
    return refused_;
  }
  // This is the reply to EXEC.
  replies_ = 0;
  const Status refused = std::exchange(refused_, Status());
  if (!refused.ok()) return Fail(count, refused);
  if (reply.type != Type::kArray || reply.elements.size() != 1 + count) {
    return Fail(count, UnexpectedReply(reply, server_));
  }
  return HandleResults(reply.elements, count);
}

Status TimedGetRequest::HandleResults(std::span<Reply> results, size_t count) {
  Reply& first = results.front();
  const std::span<Reply> values =
      by_ == By::kGet ? results.first(1) : std::span<Reply>(first.elements);
  if (values.size() != count) {
    return Fail(count, UnexpectedReply(first, server_));
  }
  for (size_t i = 0; i < count; ++i) {
    found_.push_back(ToTimed(std::move(values[i]), results[1 + i], server_));
    if (IsOutOfStep(found_.back().status())) return found_.back().status();
  }
  return Status();
}

Status TimedGetRequest::Fail(size_t count, const Status& status) {
  found_.insert(found_.end(), count, Lookup<TimedBytes>::Failed(status));
  return status;
}

}  // namespace appcache::redis
