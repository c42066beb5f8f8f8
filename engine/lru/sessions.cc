#include "engine/lru/sessions.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "engine/support/fork_guard.h"

namespace appcache::lru {
namespace {

std::atomic<uint64_t> next_id{1};

// The thread has returned its sessions: it is ending, and runs the destructors
// of other thread-local or static objects.
thread_local bool has_ended = false;

}  // namespace

// The sessions of one thread: a few, searched in order. Returns them when the
// thread ends.
class ThreadSessions {
 public:
  struct Item {
    uint64_t id;
    std::weak_ptr<Sessions> owner;
    std::shared_ptr<Session> session;
    internal::ForkGuard fork_guard;
  };

  ~ThreadSessions() {
    has_ended = true;
    for (Item& item : items_) Return(item);
  }

  Session* Find(uint64_t id) noexcept {
    for (const Item& item : items_) {
      if (item.id == id) return item.session.get();
    }
    return nullptr;
  }

  void Add(uint64_t id, std::weak_ptr<Sessions> owner,
           std::shared_ptr<Session> session) {
    // The sessions of destroyed caches are released when another is added.
    std::erase_if(items_, [](Item& item) {
      if (!item.owner.expired()) return false;
      Return(item);
      return true;
    });
    items_.push_back(
        {id, std::move(owner), std::move(session), internal::ForkGuard()});
  }

 private:
  static void Return(Item& item) noexcept {
    if (item.fork_guard.in_child()) {
      // The connection is the parent's, and must not be closed here.
      internal::LeakInChild(std::move(item.session));
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

Sessions::Sessions(Connect connect, TakeAccesses take_accesses)
    : id_(next_id.fetch_add(1, std::memory_order_relaxed)),
      connect_(std::move(connect)),
      take_accesses_(std::move(take_accesses)) {}

Result<Session*> Sessions::ForThisThread() {
  if (has_ended) {
    return Status(
        ErrorCode::kUnavailable,
        "a cache was used by a thread that is ending, from the destructor "
        "of a thread-local or static object");
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
    internal::MutexLock guard(mutex_);
    if (sessions_.size() >= kMaxSessions) {
      const auto& shared = sessions_[next_shared_++ % sessions_.size()];
      ++shared->threads;
      return shared;
    }
  }
  // Without the mutex: opening may take a while.
  auto session = std::make_shared<Session>();
  Result<store::Connection> connection = connect_();
  if (!connection.ok()) return connection.status();
  {
    internal::MutexLock session_guard(session->mutex);
    session->connection = *std::move(connection);
    Status status = session->reader.Prepare(session->connection);
    if (!status.ok()) return status;
  }
  session->threads = 1;

  internal::MutexLock guard(mutex_);
  sessions_.push_back(session);
  if (closed_) {
    internal::MutexLock session_guard(session->mutex);
    CloseSession(*session);
  }
  return session;
}

void Sessions::Leave(const std::shared_ptr<Session>& session) {
  internal::MutexLock guard(mutex_);
  if (--session->threads > 0) return;
  std::erase(sessions_, session);
  internal::MutexLock session_guard(session->mutex);
  session->AddTo(ended_);
  CloseSession(*session);
  // Still under the mutex, so that CollectAccesses misses none. After Close,
  // the object that would take them may be destroyed.
  if (!closed_) TakeFrom(*session);
}

void Sessions::TakeFrom(Session& session) noexcept {
  internal::MutexLock guard(session.accesses_mutex);
  if (session.accesses.empty()) return;
  take_accesses_(session.accesses);
  session.accesses.clear();
}

void Sessions::CloseSession(Session& session) noexcept {
  // Statements are destroyed before their connection.
  session.reader = store::Reader();
  session.connection = store::Connection();
  session.is_closed = true;
}

void Sessions::CollectAccesses() noexcept {
  internal::MutexLock guard(mutex_);
  for (const auto& session : sessions_) TakeFrom(*session);
}

ReadCounters Sessions::Counters() {
  internal::MutexLock guard(mutex_);
  ReadCounters sum = ended_;
  for (const auto& session : sessions_) session->AddTo(sum);
  return sum;
}

void Sessions::Close() {
  internal::MutexLock guard(mutex_);
  closed_ = true;
  for (const auto& session : sessions_) {
    internal::MutexLock session_guard(session->mutex);
    CloseSession(*session);
  }
}

}  // namespace appcache::lru
