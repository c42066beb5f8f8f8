#include "adapters/redis/watch_link.h"

#include <algorithm>
#include <exception>
#include <span>
#include <string>

#include "adapters/net/deadline.h"
#include "adapters/redis/server_error.h"
#include "adapters/redis/watch_announcement.h"

namespace appcache::redis {
namespace {

using std::chrono::steady_clock;

// How many paths go into one call of the listener.
constexpr size_t kPathsPerCall = 4096;

// An array that begins with that word.
bool Says(const Reply& reply, std::string_view word, size_t size) {
  return reply.type == Reply::Type::kArray && reply.elements.size() == size &&
         reply.elements[0].bytes.view() == word;
}

}  // namespace

Status WatchLink::Run(const net::Interrupt& interrupt) noexcept {
  try {
    return RunOrThrow(interrupt);
  } catch (const std::exception&) {
    return Status::OutOfMemory();
  }
}

Status WatchLink::RunOrThrow(const net::Interrupt& interrupt) {
  while (!interrupt.is_raised()) {
    const SteadyTime now = steady_clock::now();
    if (Status status = Beat(interrupt, now); !status.ok()) return status;
    const SteadyTime until =
        *last_ping_ + (asked_ ? options_.ping_timeout : options_.ping_interval);
    Reply reply;
    bool is_there = false;
    Status status = connection_.Await(
        reply, is_there, net::Deadline(until - now, interrupt.descriptor()));
    if (status.ok() && is_there) status = Take(reply);
    if (!status.ok()) return status;
    // What has come while the process slept counts: it is taken first.
    if (!is_there && asked_ && steady_clock::now() >= until &&
        !interrupt.is_raised()) {
      return Overdue();
    }
  }
  return Status();
}

Status WatchLink::Beat(const net::Interrupt& interrupt, SteadyTime now) {
  if (asked_) {
    // News have kept coming, but never a pong.
    return now < *last_ping_ + 2 * options_.ping_timeout ? Status() : Overdue();
  }
  if (last_ping_ && now < *last_ping_ + options_.ping_interval) return Status();
  asked_ = options_.clock->Now();
  last_ping_ = now;
  connection_.Append({"PING"});
  return connection_.Send(
      net::Deadline(options_.ping_timeout, interrupt.descriptor()));
}

Status WatchLink::Overdue() const {
  return Status(ErrorCode::kTimeout,
                connection_.server() + " did not answer a ping within " +
                    std::to_string(options_.ping_timeout.count()) + " ms");
}

Status WatchLink::Garbage() const {
  return Status(ErrorCode::kUnavailable,
                connection_.server() +
                    " sent what is no message of a subscription; is it one?");
}

Status WatchLink::Take(const Reply& reply) {
  if (reply.type == Reply::Type::kError) {
    return ServerError(reply.bytes.view(), connection_.server());
  }
  if (Says(reply, "pong", 2)) return TakePong();
  if (Says(reply, "message", 3)) return TakeNews(reply.elements[2]);
  return Garbage();
}

Status WatchLink::TakePong() {
  if (!asked_) return Garbage();
  const TimePoint moment = *asked_;
  asked_.reset();
  is_confirmed_ = true;
  if (moment < latest_) return Status();
  latest_ = moment;
  listener_.OnConfirmed(moment);
  return Status();
}

Status WatchLink::TakeNews(const Reply& news) {
  switch (news.type) {
    case Reply::Type::kNil:
      listener_.OnAllChanged();
      return Status();
    case Reply::Type::kString:
      TellOfAnnouncement(news.bytes.view());
      return Status();
    case Reply::Type::kArray:
      break;
    default:
      return Garbage();
  }
  const bool are_keys =
      std::all_of(news.elements.begin(), news.elements.end(),
                  [](auto& key) { return key.type == Reply::Type::kString; });
  if (!are_keys) return Garbage();
  if (news.is_cut) {
    listener_.OnAllChanged();
  } else {
    TellOfKeys(news.elements);
  }
  return Status();
}

void WatchLink::TellOfKeys(const std::vector<Reply>& keys) {
  std::span<const Reply> rest(keys);
  while (!rest.empty()) {
    const auto some = rest.first(std::min(rest.size(), kPathsPerCall));
    rest = rest.subspan(some.size());
    paths_.clear();
    for (const Reply& key : some) paths_.push_back(key.bytes.view());
    listener_.OnChanged(paths_);
  }
}

// Whoever has sent what cannot be read has wanted to say something.
void WatchLink::TellOfAnnouncement(std::string_view message) {
  if (!ParseAnnouncement(message, paths_) || paths_.empty()) {
    listener_.OnAllChanged();
    return;
  }
  std::erase_if(paths_, [this](std::string_view path) {
    return !path.starts_with(options_.path_prefix);
  });
  if (!paths_.empty()) listener_.OnChanged(paths_);
}

}  // namespace appcache::redis
