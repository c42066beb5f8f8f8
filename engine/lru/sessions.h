// Sessions: lets each thread read from a cache without contention.
//
// A session is a reader connection, the accesses made through it, and counters.
// A thread gets a session at its first get and returns it when the thread ends.
// Beyond kMaxSessions, threads share sessions.

#ifndef APPCACHE_ENGINE_LRU_SESSIONS_H_
#define APPCACHE_ENGINE_LRU_SESSIONS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "appcache/error.h"
#include "engine/policy/pending_accesses.h"
#include "engine/store/connection.h"
#include "engine/store/reader.h"
#include "engine/support/mutex.h"
#include "engine/support/thread_counter.h"

namespace appcache::lru {

struct ReadCounters {
  uint64_t hits = 0;
  uint64_t misses = 0;
};

struct Session {
  // Held during a read. Contended only by threads that share the session, and
  // by Close.
  internal::Mutex mutex APPCACHE_ACQUIRED_BEFORE(accesses_mutex);
  store::Connection connection APPCACHE_GUARDED_BY(mutex);
  store::Reader reader APPCACHE_GUARDED_BY(mutex);
  bool is_closed APPCACHE_GUARDED_BY(mutex) = false;

  // Incremented under mutex. Read without it: a read may wait for a writer, who
  // may wait for the thread that reads the counters.
  internal::ThreadCounter hits, misses;

  void AddTo(ReadCounters& sum) const noexcept {
    sum.hits += hits.value();
    sum.misses += misses.value();
  }

  // A mutex of its own, so that a writer who collects accesses does not wait
  // for a read.
  internal::Mutex accesses_mutex;
  std::vector<policy::Access> accesses APPCACHE_GUARDED_BY(accesses_mutex);

  int threads = 0;  // guarded by Sessions::mutex_
};

// Thread-safe. Owned by a shared_ptr, so that a thread that outlives it
// notices.
class Sessions : public std::enable_shared_from_this<Sessions> {
 public:
  static constexpr size_t kMaxSessions = 64;

  using Connect = std::function<Result<store::Connection>()>;
  // Receives the accesses that a session has recorded. Must not throw.
  using TakeAccesses = std::function<void(std::span<policy::Access>)>;

  Sessions(Connect connect, TakeAccesses take_accesses);

  // The session of the calling thread; opens one if it has none. Valid until
  // the thread ends. After Close, sessions are closed ones.
  Result<Session*> ForThisThread();

  // Passes the accesses of all sessions to `take_accesses`: every access that
  // was recorded before this call has then been passed.
  void CollectAccesses() noexcept APPCACHE_EXCLUDES(mutex_);

  // The sum over all sessions, also those of threads that have ended.
  ReadCounters Counters() APPCACHE_EXCLUDES(mutex_);

  // Waits for reads in progress, then closes every connection.
  void Close() APPCACHE_EXCLUDES(mutex_);

 private:
  friend class ThreadSessions;

  Result<std::shared_ptr<Session>> Open() APPCACHE_EXCLUDES(mutex_);
  // A thread that used `session` ends.
  void Leave(const std::shared_ptr<Session>& session) APPCACHE_EXCLUDES(mutex_);
  void TakeFrom(Session& session) noexcept APPCACHE_REQUIRES(mutex_)
      APPCACHE_EXCLUDES(session.accesses_mutex);
  static void CloseSession(Session& session) noexcept
      APPCACHE_REQUIRES(session.mutex);

  const uint64_t id_;  // never reused, unlike an address
  const Connect connect_;
  const TakeAccesses take_accesses_;

  // Lock order: before a session's mutexes.
  internal::Mutex mutex_;
  std::vector<std::shared_ptr<Session>> sessions_ APPCACHE_GUARDED_BY(mutex_);
  size_t next_shared_ APPCACHE_GUARDED_BY(mutex_) = 0;
  ReadCounters ended_ APPCACHE_GUARDED_BY(mutex_);
  bool closed_ APPCACHE_GUARDED_BY(mutex_) = false;
};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_SESSIONS_H_
