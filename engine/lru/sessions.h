// Sessions: what each thread needs to read from a cache without meeting
// another.
//
// A session is a reader connection, the uses it has seen, and its counters. A
// thread gets one at its first get and gives it back when it ends. Past
// kMaxSessions threads share.

#ifndef APPCACHE_ENGINE_LRU_SESSIONS_H_
#define APPCACHE_ENGINE_LRU_SESSIONS_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "engine/error.h"
#include "engine/policy/pending_touches.h"
#include "engine/store/connection.h"
#include "engine/store/reader.h"

namespace appcache {

// Counted by one thread at a time, read by any.
class Counter {
 public:
  void operator++() noexcept {
    value_.store(value() + 1, std::memory_order_relaxed);
  }
  uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<uint64_t> value_{0};
};

struct ReadCounters {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t errors = 0;
};

// Lock order: mutex, then touches_mutex.
struct Session {
  // Held for the whole of a read. Contended only by threads that share the
  // session, and by Close.
  std::mutex mutex;
  store::Connection connection;  // guarded by mutex, as are the next two
  store::Reader reader;
  bool closed = false;

  // Counted under `mutex`; read without, as a read may wait for a writer who
  // waits for whoever reads them.
  Counter hits, misses, errors;

  void AddTo(ReadCounters& sum) const noexcept {
    sum.hits += hits.value();
    sum.misses += misses.value();
    sum.errors += errors.value();
  }

  // Apart from `mutex`, so that a writer who collects uses does not wait for a
  // read.
  std::mutex touches_mutex;
  std::vector<policy::Touch> touches;  // guarded by touches_mutex

  int threads = 0;  // guarded by Sessions::mutex_
};

// Thread-safe. Owned by a shared_ptr: threads that outlive it find that out.
class Sessions : public std::enable_shared_from_this<Sessions> {
 public:
  static constexpr size_t kMaxSessions = 64;

  using Connect = std::function<Result<store::Connection>()>;
  // Takes over uses that sessions have seen. Must not throw.
  using TakeTouches = std::function<void(std::span<const policy::Touch>)>;

  Sessions(Connect connect, TakeTouches take_touches);

  // The calling thread's session, opened if it has none. It stays valid for the
  // call: until the thread ends or Close. A closed session stays closed.
  Result<Session*> ForThisThread();

  // Hands the uses of all sessions over: after this, none that was recorded
  // before is missing there.
  void CollectTouches() noexcept;

  // Of all sessions, also of those that have ended.
  ReadCounters Counters();

  // Waits for reads in progress, then closes every connection; sessions that
  // are asked for later are closed ones.
  void Close();

 private:
  friend class ThreadSessions;

  Result<std::shared_ptr<Session>> Open();
  // A thread that used `session` has ended.
  void Leave(const std::shared_ptr<Session>& session);
  void TakeFrom(Session& session) noexcept;
  // REQUIRES: session.mutex is held, or nobody else has the session.
  static void CloseSession(Session& session) noexcept;

  const uint64_t id_;  // never reused, unlike an address
  const Connect connect_;
  const TakeTouches take_touches_;

  // Lock order: before a session's mutexes.
  std::mutex mutex_;
  std::vector<std::shared_ptr<Session>> sessions_;  // guarded by mutex_
  size_t next_shared_ = 0;                          // guarded by mutex_
  ReadCounters ended_;                              // guarded by mutex_
  bool closed_ = false;                             // guarded by mutex_
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LRU_SESSIONS_H_
