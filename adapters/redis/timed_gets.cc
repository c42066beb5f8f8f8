#include "adapters/redis/timed_gets.h"

#include <algorithm>
#include <utility>

#include "adapters/redis/result.h"

namespace appcache::redis {
namespace {

using Type = Reply::Type;

// How many keys go into one transaction: the server serves nobody else
// meanwhile. Fewer than into an MGET, for each has a command of its own here.
constexpr size_t kKeysPerTransaction = 1024;

// Beside the PTTL of each key: MULTI, the command for the values, EXEC.
constexpr size_t kOtherCommands = 3;

Lookup<TimedBytes> ToTimed(Reply value, const Reply& left,
                           const std::string& server) {
  Lookup<Bytes> found = ToLookup(std::move(value), server);
  if (found.has_error()) return Lookup<TimedBytes>::Failed(found.status());
  const Lookup<Ttl> told = ToTtl(left, server);
  if (told.has_error()) return Lookup<TimedBytes>::Failed(told.status());
  // The clock by which entries end stands still within a transaction, and that
  // of PTTL does not: 0 may be an entry that has ended in between.
  const bool may_have_ended = left.integer == 0;
  if (!found || !told || may_have_ended) return Lookup<TimedBytes>::Miss();
  return Lookup<TimedBytes>::Hit({*std::move(found), *told});
}

}  // namespace

void TimedGets::AppendTransaction(
    Connection& connection, std::span<const std::string_view> paths) const {
  connection.Append({"MULTI"});
  connection.BeginCommand(1 + paths.size());
  connection.AppendArgument(by_ == By::kGet ? "GET" : "MGET");
  for (const std::string_view path : paths) connection.AppendArgument(path);
  // Behind the values: what is left gets less with time.
  for (const std::string_view path : paths) connection.Append({"PTTL", path});
  connection.Append({"EXEC"});
}

void TimedGets::Append(Connection& connection) const {
  for (size_t at = 0; at < paths_.size(); at += kKeysPerTransaction) {
    AppendTransaction(
        connection,
        paths_.subspan(at, std::min(kKeysPerTransaction, paths_.size() - at)));
  }
}

void TimedGets::Take(Reply reply) {
  const size_t count =
      std::min(kKeysPerTransaction, paths_.size() - found_.size());
  if (++replies_ < count + kOtherCommands) {
    if (reply.type == Type::kError && refused_.ok()) {
      refused_ = Unexpected(reply, server_);
    }
    return;
  }
  if (refused_.ok() && reply.type == Type::kArray &&
      reply.elements.size() == 1 + count) {
    TakeAnswers(reply.elements, count);
  } else {
    const Status failed = refused_.ok() ? Unexpected(reply, server_) : refused_;
    found_.insert(found_.end(), count, Lookup<TimedBytes>::Failed(failed));
  }
  replies_ = 0;
  refused_ = Status();
}

void TimedGets::TakeAnswers(std::span<Reply> answers, size_t count) {
  Reply& first = answers.front();
  const std::span<Reply> values =
      by_ == By::kGet ? answers.first(1) : std::span<Reply>(first.elements);
  if (values.size() != count) {
    const Status failed = Unexpected(first, server_);
    found_.insert(found_.end(), count, Lookup<TimedBytes>::Failed(failed));
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    found_.push_back(ToTimed(std::move(values[i]), answers[1 + i], server_));
  }
}

}  // namespace appcache::redis
