#include "adapters/redis/watch.h"

#include <unistd.h>

#include <exception>
#include <new>
#include <utility>

#include "adapters/net/deadline.h"
#include "adapters/redis/watch_announcement.h"
#include "adapters/redis/watch_link.h"
#include "adapters/redis/watch_subscription.h"
#include "engine/background_thread.h"

namespace appcache::redis {
namespace {

WatchOptions WithClock(WatchOptions options) {
  if (options.clock == nullptr) options.clock = Clock::Steady();
  return options;
}

// While it lives, the descriptor is open and the link's.
class Published {
 public:
  Published(std::atomic<int>& place, int descriptor) : place_(place) {
    place_.store(descriptor);
  }
  ~Published() { place_.store(-1); }
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

 private:
  std::atomic<int>& place_;
};

}  // namespace

RedisWatch::RedisWatch(Client& client, uint32_t database, WatchOptions options,
                       WatchListener& listener, LogSink log)
    : client_(client),
      options_(WithClock(std::move(options))),
      channel_(AnnouncementChannel(database, options_.path_prefix)),
      listener_(listener),
      log_(std::move(log)),
      retry_(options_),
      thread_(StartBackgroundThread([this] { Run(); })) {}

RedisWatch::~RedisWatch() {
  if (!fork_guard_.in_child()) {
    interrupt_.Raise();
    thread_.join();
    return;
  }
  const int descriptor = link_descriptor_.load();
  if (descriptor >= 0) close(descriptor);
  LeakInChild(std::move(thread_));
}

bool RedisWatch::MustAnnounce() const noexcept {
  const LinkedBy linked_by = linked_by_.load();
  if (!options_.allow_announced || linked_by == LinkedBy::kTracking) {
    return false;
  }
  // On a link of announcements a refusal is no excuse: others rely on it.
  return linked_by == LinkedBy::kAnnounced || !may_not_publish_.load();
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
  Status answer;
  const Status status = client_.Exchange(
      [&](Connection& connection) {
        for (const std::string& message : messages) {
          connection.Append({"PUBLISH", channel_, message});
        }
      },
      [&](const Reply& reply) {
        if (reply.type == Reply::Type::kInteger || !answer.ok()) return;
        bool is_refused = false;
        const Status refusal =
            RefusalOf(client_.server(), reply, "PUBLISH",
                      "+publish &appcache:changed:*", is_refused);
        // Those who may not publish here are no partners of those who do, and
        // without a link it is not known that there are any.
        const bool has_partners = linked_by_.load() == LinkedBy::kAnnounced;
        if (has_partners || !is_refused) {
          answer = refusal;
        } else {
          may_not_publish_.store(true);
        }
      });
  return status.ok() ? answer : status;
}

void RedisWatch::Run() noexcept {
  while (!interrupt_.is_raised()) {
    try {
      LinkOnce();
    } catch (const std::exception&) {
      // No memory for it now: as any failure, it is tried again.
    }
    if (interrupt_.AwaitRaised(net::Deadline(retry_.Next()))) return;
  }
}

void RedisWatch::LinkOnce() {
  may_not_publish_.store(false);
  const Result<Link> link = MakeLink();
  if (interrupt_.is_raised()) return;
  if (link.ok()) {
    is_refused_ = false;
    Serve(*link);
    return;
  }
  const bool is_refused = link.status().Is(ErrorCode::kUnsupported);
  const bool was_refused = std::exchange(is_refused_, is_refused);
  // Before the line for the log is made, for which there may be no memory.
  if (is_refused && !was_refused) listener_.OnLost(link.status());
  LogOnce(is_refused ? "may not watch" : "cannot watch, and tries again",
          link.status());
}

void RedisWatch::Serve(const Link& link) {
  const Published published(link_descriptor_, link.connection->descriptor());
  WatchLink serving(*link.connection, options_, listener_, latest_);
  // The name may be another server's by now: what is read from now on is read
  // where changes are told.
  client_.Renew();
  // Before anybody knows: who writes from now on has to announce it.
  linked_by_.store(link.mode == WatchMode::kTracking ? LinkedBy::kTracking
                                                     : LinkedBy::kAnnounced);
  if (link.mode == WatchMode::kTracking) logged_ = {};
  listener_.OnLinked(link.mode);
  const Status why = serving.Run(interrupt_);
  // The next one may be another server's, with other partners.
  linked_by_.store(LinkedBy::kNothing);
  if (serving.is_confirmed()) retry_.Shorten();
  if (why.ok()) return;
  // It was not refused to be watched: whether it is now the next try says.
  const Error& error = why.error();
  listener_.OnLost(why.Is(ErrorCode::kUnsupported)
                       ? Status(ErrorCode::kUnavailable, error.message)
                       : why);
}

Result<RedisWatch::Link> RedisWatch::MakeLink() {
  bool is_refused = false;
  Result<Link> tracking = MakeLinkBy(WatchMode::kTracking, is_refused);
  if (!is_refused) return tracking;
  if (options_.allow_announced) {
    is_refused = false;
    Result<Link> announced = MakeLinkBy(WatchMode::kAnnounced, is_refused);
    if (!is_refused) {
      if (announced.ok()) {
        LogOnce("watches by announcements only", tracking.status());
      }
      return announced;
    }
    tracking = Status(ErrorCode::kUnsupported, tracking.error().message +
                                                   "; for announcements, " +
                                                   announced.error().message);
  } else {
    tracking = Status(ErrorCode::kUnsupported, tracking.error().message);
  }
  // A person has to do something: there is no hurry.
  retry_.Lengthen();
  return tracking;
}

Result<RedisWatch::Link> RedisWatch::MakeLinkBy(WatchMode mode,
                                                bool& is_refused) {
  Result<std::unique_ptr<Connection>> connection =
      client_.ConnectApart(interrupt_.descriptor());
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
  if (what == logged_) return;
  logged_ = what;
  std::string line(what);
  line.append(": ").append(why.error().message);
  log_(LogLevel::kWarning, line);
}

}  // namespace appcache::redis
