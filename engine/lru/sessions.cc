#include "engine/lru/sessions.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "engine/fork_guard.h"

namespace appcache {
namespace {

std::atomic<uint64_t> next_id{1};

// The thread's sessions have been given back: it is on its way out, and runs
// the destructors of other thread-local or static objects.
thread_local bool ended = false;

}  // namespace

// The sessions of one thread: a few, searched in order. At the thread's end it
// gives them back.
class ThreadSessions {
 public:
  struct Item {
    uint64_t id;
    std::weak_ptr<Sessions> owner;
    std::shared_ptr<Session> session;
    ForkGuard fork_guard;
  };

  ~ThreadSessions() {
    ended = true;
    for (Item& item : items_) GiveBack(item);
  }

  Session* Find(uint64_t id) noexcept {
    for (const Item& item : items_) {
      if (item.id == id) return item.session.get();
    }
    return nullptr;
  }

  void Add(uint64_t id, std::weak_ptr<Sessions> owner,
           std::shared_ptr<Session> session) {
    // Caches that are gone are noticed when another is met.
    std::erase_if(items_, [](Item& item) {
      if (!item.owner.expired()) return false;
      GiveBack(item);
      return true;
    });
    items_.push_back({id, std::move(owner), std::move(session), ForkGuard()});
  }

 private:
  static void GiveBack(Item& item) noexcept {
    if (item.fork_guard.in_child()) {
      // The parent's connection: not even closed here.
      LeakInChild(std::move(item.session));
      return;
    }
    if (const auto owner = item.owner.lock()) owner->Leave(item.session);
  }

  std::vector<Item> items_;
};

namespace {

ThreadSessions& OfThisThread() {
  thread_local ThreadSessions sessions;
  return sessions;
}

}  // namespace

Sessions::Sessions(Connect connect, TakeTouches take_touches)
    : id_(next_id.fetch_add(1, std::memory_order_relaxed)),
      connect_(std::move(connect)),
      take_touches_(std::move(take_touches)) {}

Result<Session*> Sessions::ForThisThread() {
  if (ended) {
    return Status(ErrorCode::kUnavailable,
                  "a cache was used by a thread that has ended");
  }
  ThreadSessions& mine = OfThisThread();
  if (Session* const found = mine.Find(id_)) return found;
  Result<std::shared_ptr<Session>> opened = Open();
  if (!opened.ok()) return opened.status();
  Session* const session = opened->get();
  try {
    mine.Add(id_, weak_from_this(), *opened);
  } catch (...) {
    Leave(*opened);
    throw;
  }
  return session;
}

Result<std::shared_ptr<Session>> Sessions::Open() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    if (sessions_.size() >= kMaxSessions) {
      const auto& shared = sessions_[next_shared_++ % sessions_.size()];
      ++shared->threads;
      return shared;
    }
  }
  // Not under the mutex: opening may take a while, and others need not wait.
  auto session = std::make_shared<Session>();
  Result<store::Connection> connection = connect_();
  if (!connection.ok()) return connection.status();
  session->connection = *std::move(connection);
  Status status = session->reader.Prepare(session->connection);
  if (!status.ok()) return status;
  session->threads = 1;

  std::lock_guard<std::mutex> guard(mutex_);
  sessions_.push_back(session);
  if (closed_) CloseSession(*session);
  return session;
}

void Sessions::Leave(const std::shared_ptr<Session>& session) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (--session->threads > 0) return;
  std::erase(sessions_, session);
  std::lock_guard<std::mutex> session_guard(session->mutex);
  session->AddTo(ended_);
  CloseSession(*session);
  // Still under the mutex: who collects must find them here or there. Once
  // closed, whom they would go to may be gone.
  if (!closed_) TakeFrom(*session);
}

void Sessions::TakeFrom(Session& session) noexcept {
  std::lock_guard<std::mutex> guard(session.touches_mutex);
  if (session.touches.empty()) return;
  take_touches_(session.touches);
  session.touches.clear();
}

void Sessions::CloseSession(Session& session) noexcept {
  // Statements go before their connection.
  session.reader = store::Reader();
  session.connection = store::Connection();
  session.closed = true;
}

void Sessions::CollectTouches() noexcept {
  std::lock_guard<std::mutex> guard(mutex_);
  for (const auto& session : sessions_) TakeFrom(*session);
}

ReadCounters Sessions::Counters() {
  std::lock_guard<std::mutex> guard(mutex_);
  ReadCounters sum = ended_;
  for (const auto& session : sessions_) session->AddTo(sum);
  return sum;
}

void Sessions::Close() {
  std::lock_guard<std::mutex> guard(mutex_);
  closed_ = true;
  for (const auto& session : sessions_) {
    std::lock_guard<std::mutex> session_guard(session->mutex);
    CloseSession(*session);
  }
}

}  // namespace appcache
