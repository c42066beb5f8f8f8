#include "adapters/redis/watch.h"

#include <unistd.h>

#include <cassert>
#include <exception>
#include <new>
#include <utility>

#include "adapters/net/deadline.h"
#include "adapters/redis/watch_announcement.h"
#include "adapters/redis/watch_link.h"
#include "adapters/redis/watch_subscription.h"
#include "engine/support/background_thread.h"

namespace appcache::redis {
namespace {

// The server closes the connection of a client for which more than 32 MB wait
// (client-output-buffer-limit pubsub). A message with more keys than this is
// notified as a change of all entries.
constexpr ReplyLimits kMessageLimits = {
    .text_bytes = uint64_t{64} << 20,
    .elements = size_t{1} << 18,
    .too_large =
        "a message of more than 64 MiB to a watch; change fewer or shorter "
        "keys at once"};

WatchOptions Completed(WatchOptions options) {
  assert(Validate(options).ok());
  if (options.clock == nullptr) options.clock = Clock::Steady();
  return options;
}

// Stores a descriptor in `place` while this object lives.
class PublishedDescriptor {
 public:
  PublishedDescriptor(std::atomic<int>& place, int descriptor) : place_(place) {
    place_.store(descriptor);
  }
  ~PublishedDescriptor() { place_.store(-1); }
  PublishedDescriptor(const PublishedDescriptor&) = delete;
  PublishedDescriptor& operator=(const PublishedDescriptor&) = delete;

 private:
  std::atomic<int>& place_;
};

}  // namespace

RedisWatch::RedisWatch(Client& client, uint32_t database, WatchOptions options,
                       WatchListener& listener, LogSink log)
    : client_(client),
      options_(Completed(std::move(options))),
      channel_(AnnouncementChannel(database, options_.path_prefix)),
      listener_(listener),
      log_(std::move(log)),
      backoff_(options_),
      thread_(internal::StartBackgroundThread([this] { Run(); })) {
  assert(log_ != nullptr);
}

RedisWatch::~RedisWatch() {
  if (!fork_guard_.in_child()) {
    interrupt_.Raise();
    thread_.join();
    return;
  }
  const int descriptor = link_descriptor_.load();
  if (descriptor >= 0) close(descriptor);
  internal::LeakInChild(std::move(thread_));
}

bool RedisWatch::MustAnnounce() const noexcept {
  const LinkMode mode = link_mode_.load();
  if (!options_.allow_announced || mode == LinkMode::kTracking) return false;
  // While there is a link by announcements, other programs depend on them, so a
  // refused PUBLISH must be reported.
  return mode == LinkMode::kAnnounced || !publish_refused_.load();
}

Status RedisWatch::Announce(std::span<const std::string_view> paths) {
  if (!MustAnnounce()) return Status();
  try {
    return Publish(Announcements(paths));
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory();
  }
}

Status RedisWatch::AnnounceAll() {
  if (!MustAnnounce()) return Status();
  try {
    const std::string all(kAllAnnounced);
    return Publish({&all, 1});
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory();
  }
}

Status RedisWatch::Publish(std::span<const std::string> messages) {
  if (messages.empty()) return Status();
  return client_.ExchangeChecked(
      [&](Connection& connection) {
        for (const std::string& message : messages) {
          connection.Append({"PUBLISH", channel_, message});
        }
      },
      [&](const Reply& reply) {
        return reply.type == Reply::Type::kInteger ? Status()
                                                   : HandlePublishError(reply);
      });
}

Status RedisWatch::HandlePublishError(const Reply& reply) {
  bool is_refused = false;
  Status error = ToRefusal(client_.server(), reply, "PUBLISH",
                           "+publish &appcache:changed:*", is_refused);
  if (!is_refused || link_mode_.load() == LinkMode::kAnnounced) return error;
  // Without a link, nothing shows that other programs depend on announcements,
  // and those that share entries have the same permissions as this one.
  publish_refused_.store(true);
  return Status();
}

void RedisWatch::Run() noexcept {
  while (!interrupt_.is_raised()) {
    try {
      LinkOnce();
    } catch (const std::exception&) {
      // Out of memory: retried like any other failure.
    }
    if (interrupt_.AwaitRaised(net::Deadline(backoff_.Next()))) return;
  }
}

void RedisWatch::LinkOnce() {
  publish_refused_.store(false);
  // Before the connection is made, so that a failover during that counts.
  failovers_ = client_.failovers();
  const Result<Link> link = MakeLink();
  if (interrupt_.is_raised()) return;
  if (link.ok()) {
    is_refused_ = false;
    Serve(*link);
  } else {
    ReportFailedLink(link.status());
  }
}

void RedisWatch::ReportFailedLink(const Status& why) {
  const bool is_refused = why.Is(ErrorCode::kUnsupported);
  const bool was_refused = std::exchange(is_refused_, is_refused);
  // Notifies before it logs, because logging may run out of memory.
  if (is_refused && !was_refused) listener_.OnLost(why);
  LogOnce(is_refused ? "watching for changes is not permitted"
                     : "cannot watch for changes, will retry",
          why);
}

void RedisWatch::Serve(const Link& link) {
  const PublishedDescriptor published(link_descriptor_,
                                      link.connection->descriptor());
  WatchLink serving(*link.connection, options_, listener_, latest_,
                    [this] { return client_.failovers() != failovers_; });
  // The server's name may have come to stand for another server: from now on,
  // read from the one that sends the notifications.
  client_.Renew();
  // Set before OnLinked: once another program knows that this link uses
  // announcements, this process must announce its own changes.
  link_mode_.store(link.mode == WatchMode::kTracking ? LinkMode::kTracking
                                                     : LinkMode::kAnnounced);
  if (link.mode == WatchMode::kTracking) last_logged_ = {};
  listener_.OnLinked(link.mode);
  const Status why = serving.Run(interrupt_);
  // The next link may be to a server where others depend on announcements.
  link_mode_.store(LinkMode::kNoLink);
  if (serving.has_heartbeat()) backoff_.Reset();
  if (why.ok()) return;
  // For OnLost, kUnsupported means that watching is refused. This link was not;
  // the next attempt shows whether the next one is.
  listener_.OnLost(why.Is(ErrorCode::kUnsupported)
                       ? Status(ErrorCode::kUnavailable, why.message())
                       : why);
}

Result<RedisWatch::Link> RedisWatch::MakeLink() {
  bool is_refused = false;
  Result<Link> tracking = MakeLinkWith(WatchMode::kTracking, is_refused);
  if (!is_refused) return tracking;
  std::string message = tracking.error().message;
  if (options_.allow_announced) {
    is_refused = false;
    Result<Link> announced = MakeLinkWith(WatchMode::kAnnounced, is_refused);
    if (!is_refused) {
      if (announced.ok()) {
        LogOnce("watching for changes by announcements only",
                tracking.status());
      }
      return announced;
    }
    message += "; for announcements, " + announced.error().message;
  }
  // A person has to change the server's settings, so there is no hurry.
  backoff_.UseLongest();
  return Status(ErrorCode::kUnsupported, std::move(message));
}

Result<RedisWatch::Link> RedisWatch::MakeLinkWith(WatchMode mode,
                                                  bool& is_refused) {
  Result<std::unique_ptr<Connection>> connection =
      client_.ConnectOutsidePool(interrupt_.descriptor(), kMessageLimits);
  if (!connection.ok()) return connection.status();
  const net::Deadline deadline(options_.ping_timeout, interrupt_.descriptor());
  const Status status =
      mode == WatchMode::kTracking
          ? SubscribeToTracking(**connection, options_.path_prefix, deadline,
                                is_refused)
          : SubscribeToChannel(**connection, channel_, deadline, is_refused);
  if (!status.ok()) return status;
  return Link{*std::move(connection), mode};
}

void RedisWatch::LogOnce(std::string_view what, const Status& why) {
  if (what == last_logged_) return;
  last_logged_ = what;
  std::string line(what);
  line.append(": ").append(why.message());
  log_(LogLevel::kWarning, line);
}

}  // namespace appcache::redis
