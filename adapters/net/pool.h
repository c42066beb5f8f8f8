// Pool: a bounded number of connections of one cache to one server.

#ifndef APPCACHE_ADAPTERS_NET_POOL_H_
#define APPCACHE_ADAPTERS_NET_POOL_H_

#include <cassert>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "adapters/net/deadline.h"
#include "appcache/error.h"
#include "engine/support/mutex.h"
#include "engine/support/per_process.h"
#include "engine/support/test_point.h"

namespace appcache::net {

// Makes connections when they are needed and keeps them for reuse, the last
// used one first, so that few stay open when few are needed at once. Must
// outlive its leases. Thread-safe.
//
// A Connection has two members: is_reusable(), which returns true when nothing
// failed on it, no reply is outstanding, and it was made by this process; and
// IsQuiet(), which returns true when nothing has arrived on it. An idle
// connection on which something has arrived is closed instead of reused: a
// reply that nobody asked for would become the reply to the next request.
//
// fork(): a child may go on using the pool. It makes connections of its own,
// and closes its copies of those that were idle at the fork. A connection that
// another thread was using at the fork stays open in the child, unused.
template <class Connection>
class Pool {
  struct State;

 public:
  // Makes a connection before the deadline. Must be thread-safe. May throw
  // std::bad_alloc.
  using Connect = std::function<Result<std::unique_ptr<Connection>>(
      const Deadline& deadline)>;

  // `server` is the server's name in messages: "the Redis server
  // localhost:6379". REQUIRES: max_connections > 0 and connect != nullptr.
  Pool(std::string server, Connect connect, size_t max_connections,
       std::chrono::milliseconds connect_timeout);

  // A connection for one exchange. The destructor returns it to the pool, or
  // closes it if it is not reusable.
  class Lease {
   public:
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_ != nullptr) {
        pool_->Return(*state_, generation_, std::move(connection_));
      }
    }
    // REQUIRES: not moved from.
    Connection& operator*() const noexcept {
      assert(connection_ != nullptr);
      return *connection_;
    }
    Connection* operator->() const noexcept {
      assert(connection_ != nullptr);
      return connection_.get();
    }
    // True for a reused connection: the server may be about to close it.
    bool was_idle() const noexcept { return was_idle_; }

   private:
    friend class Pool;
    // Closes the connection.
    void Close() {
      connection_.reset();
      pool_->Return(*state_, generation_, nullptr);
    }
    Lease(Pool* pool, State* state, uint64_t generation,
          std::unique_ptr<Connection> connection, bool was_idle)
        : pool_(pool),
          state_(state),
          generation_(generation),
          connection_(std::move(connection)),
          was_idle_(was_idle) {}

    Pool* pool_;
    State* state_;
    uint64_t generation_;
    std::unique_ptr<Connection> connection_;
    bool was_idle_;
  };

  // Returns an idle connection or a new one, and waits for one when
  // max_connections are in use. kBusy when all stay in use until the deadline;
  // the errors of `connect`. Throws std::bad_alloc.
  Result<Lease> Take(const Deadline& deadline);

  // Closes the idle connections: for when the server has closed one of them.
  void DropIdle();

  // Closes the idle connections, and those in use when they are returned: for
  // when the server's name may have come to stand for another server. Takes of
  // other threads come before it or after it.
  void Renew();

  // In a forked child, closes the idle connections: those inherited from the
  // parent and the child's own. Leaves them open if another thread is using the
  // pool, in this process or in the parent at the fork. The pool stays usable.
  // Idempotent, thread-safe, and never blocks.
  void AbandonInChild() noexcept;

 private:
  // The connections of one process.
  struct State {
    internal::Mutex mutex;
    std::condition_variable returned;
    std::vector<std::unique_ptr<Connection>> idle APPCACHE_GUARDED_BY(mutex);
    // Idle or leased.
    size_t open APPCACHE_GUARDED_BY(mutex) = 0;
    // Calls of Renew.
    uint64_t generation APPCACHE_GUARDED_BY(mutex) = 0;

    // Closes the idle connections. try_lock, because a parent's mutex may stay
    // locked in the child for ever, by a thread that does not exist there.
    void AbandonInChild() noexcept APPCACHE_EXCLUDES(mutex) {
      if (!mutex.try_lock()) return;
      CloseIdle();
      mutex.unlock();
    }

    void CloseIdle() noexcept APPCACHE_REQUIRES(mutex) {
      assert(open >= idle.size());
      open -= idle.size();
      idle.clear();
    }
  };

  // Waits until a connection is idle or may be made. `lock` holds state.mutex.
  Status WaitForRoom(State& state, internal::UniqueMutexLock& lock,
                     const Deadline& deadline) APPCACHE_REQUIRES(state.mutex);
  // An idle connection, whatever has arrived on it, or a new one.
  Result<Lease> TakeAny(const Deadline& deadline);
  // Makes a connection. REQUIRES: it is already counted in state.open.
  Result<Lease> Make(State& state, uint64_t generation,
                     const Deadline& deadline);
  // Keeps the connection, or closes it and gives up its place in state.open.
  // Null: the connection was not made.
  void Return(State& state, uint64_t generation,
              std::unique_ptr<Connection> connection) noexcept;

  const std::string server_;
  const Connect connect_;
  const size_t max_connections_;
  const std::chrono::milliseconds connect_timeout_;
  internal::PerProcess<State> state_;
};

template <class Connection>
Pool<Connection>::Pool(std::string server, Connect connect,
                       size_t max_connections,
                       std::chrono::milliseconds connect_timeout)
    : server_(std::move(server)),
      connect_(std::move(connect)),
      max_connections_(max_connections),
      connect_timeout_(connect_timeout) {
  assert(max_connections_ > 0);
  assert(connect_ != nullptr);
}

template <class Connection>
Status Pool<Connection>::WaitForRoom(State& state,
                                     internal::UniqueMutexLock& lock,
                                     const Deadline& deadline) {
  const bool room =
      state.returned.wait_until(lock.native(), deadline.at(), [&]() {
        state.mutex.AssertHeld();
        return !state.idle.empty() || state.open < max_connections_;
      });
  if (room) return Status();
  return Status(ErrorCode::kBusy,
                "all " + std::to_string(max_connections_) + " connections to " +
                    server_ +
                    " stayed in use; raise max_connections or the timeout");
}

template <class Connection>
Result<typename Pool<Connection>::Lease> Pool<Connection>::Take(
    const Deadline& deadline) {
  for (;;) {
    Result<Lease> lease = TakeAny(deadline);
    // Asked here and not when the connection is returned, because it may take
    // time to arrive; and without the mutex, because it is a system call.
    if (!lease.ok() || !lease->was_idle() || (*lease)->IsQuiet()) return lease;
    lease->Close();
  }
}

template <class Connection>
Result<typename Pool<Connection>::Lease> Pool<Connection>::TakeAny(
    const Deadline& deadline) {
  State& state = state_.Get();
  uint64_t generation = 0;
  {
    internal::UniqueMutexLock lock(state.mutex);
    Status room = WaitForRoom(state, lock, deadline);
    if (!room.ok()) return room;
    if (!state.idle.empty()) {
      Lease lease(this, &state, state.generation, std::move(state.idle.back()),
                  /*was_idle=*/true);
      state.idle.pop_back();
      return lease;
    }
    // So that Return never allocates.
    state.idle.reserve(max_connections_);
    ++state.open;
    generation = state.generation;
  }
  // Without the mutex, because connecting takes time.
  return Make(state, generation, deadline);
}

template <class Connection>
Result<typename Pool<Connection>::Lease> Pool<Connection>::Make(
    State& state, uint64_t generation, const Deadline& deadline) {
  Result<std::unique_ptr<Connection>> made =
      Status(ErrorCode::kFull, "out of memory");
  try {
    made = connect_(deadline.Sooner(connect_timeout_));
  } catch (...) {
    Return(state, generation, nullptr);
    throw;
  }
  if (!made.ok()) {
    Return(state, generation, nullptr);
    return made.status();
  }
  return Lease(this, &state, generation, *std::move(made), /*was_idle=*/false);
}

template <class Connection>
void Pool<Connection>::Return(State& state, uint64_t generation,
                              std::unique_ptr<Connection> connection) noexcept {
  // A connection that was leased before a fork: the state of the parent's mutex
  // is unknown in the child.
  if (state_.IsParents(state)) return;
  const bool reusable = connection != nullptr && connection->is_reusable();
  {
    internal::MutexLock guard(state.mutex);
    if (reusable && generation == state.generation) {
      state.idle.push_back(std::move(connection));
    } else {
      assert(state.open > 0);
      --state.open;
    }
  }
  state.returned.notify_one();
  // A connection that was not kept is closed here, without the mutex.
}

template <class Connection>
void Pool<Connection>::DropIdle() {
  State& state = state_.Get();
  {
    internal::MutexLock guard(state.mutex);
    state.CloseIdle();
  }
  state.returned.notify_all();
}

template <class Connection>
void Pool<Connection>::Renew() {
  State& state = state_.Get();
  {
    // In one step: an old connection that is taken between the two would count
    // as one that was made after the renewal.
    internal::MutexLock guard(state.mutex);
    ++state.generation;
    internal::TestPoint("pool.renewing");
    state.CloseIdle();
  }
  state.returned.notify_all();
}

template <class Connection>
void Pool<Connection>::AbandonInChild() noexcept {
  try {
    // In a child that has not used the pool yet, Get has the parent's State
    // abandoned.
    state_.Get().AbandonInChild();
  } catch (const std::bad_alloc&) {
    // No memory for a State: the connections stay open, unused.
  }
}

}  // namespace appcache::net

#endif  // APPCACHE_ADAPTERS_NET_POOL_H_
