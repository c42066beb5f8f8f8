// Pool: the connections of one cache to one server, a bounded number.

#ifndef APPCACHE_ADAPTERS_NET_POOL_H_
#define APPCACHE_ADAPTERS_NET_POOL_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "adapters/net/deadline.h"
#include "engine/error.h"
#include "engine/per_process.h"

namespace appcache::net {

// Thread-safe, and usable in a forked child, which makes connections of its
// own. Must outlive its leases. Connections are made when they are needed, and
// kept: the one used last is used next, so that few are open when few are busy.
//
// A Connection says whether it is_reusable(): nothing failed on it, nothing is
// outstanding, and it is not a parent's.
template <class Connection>
class Pool {
  struct State;

 public:
  // Makes a connection before the deadline. Thread-safe. May throw
  // std::bad_alloc.
  using Connect = std::function<Result<std::unique_ptr<Connection>>(
      const Deadline& deadline)>;

  // `server` is what messages call it: "the Redis server localhost:6379".
  Pool(std::string server, Connect connect, size_t max_connections,
       std::chrono::milliseconds connect_timeout);

  // A connection for one exchange. It goes back to the pool if it is reusable,
  // and is closed if it is not.
  class Lease {
   public:
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_ != nullptr) {
        pool_->Return(*state_, generation_, std::move(connection_));
      }
    }
    Connection& operator*() const noexcept { return *connection_; }
    Connection* operator->() const noexcept { return connection_.get(); }
    // Whether it has served before: it may have been closed since.
    bool was_idle() const noexcept { return was_idle_; }

   private:
    friend class Pool;
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

  // kBusy when all stay in use until the deadline; what `connect` says. Throws
  // std::bad_alloc.
  Result<Lease> Take(const Deadline& deadline);

  // Closes those that are idle: the server has closed one like them.
  void DropIdle();

  // The same, and those that are in use when they come back: the server may be
  // another one by now.
  void Renew();

 private:
  // The connections of one process.
  struct State {
    std::mutex mutex;
    std::condition_variable returned;
    std::vector<std::unique_ptr<Connection>> idle;  // guarded by mutex
    size_t open = 0;  // idle or leased; guarded by mutex
    // How often it was renewed; guarded by mutex.
    uint64_t generation = 0;

    // Closes the parent's idle ones, unless a thread that is not there in the
    // child was just at them: then they stay open here, unused.
    void AbandonInChild() noexcept {
      if (!mutex.try_lock()) return;
      idle.clear();
      mutex.unlock();
    }
  };

  // REQUIRES: state.mutex is held, as `lock`.
  Status WaitForRoom(State& state, std::unique_lock<std::mutex>& lock,
                     const Deadline& deadline);
  // REQUIRES: the connection is counted in state.open.
  Result<Lease> Make(State& state, uint64_t generation,
                     const Deadline& deadline);
  void Return(State& state, uint64_t generation,
              std::unique_ptr<Connection> connection) noexcept;

  const std::string server_;
  const Connect connect_;
  const size_t max_connections_;
  const std::chrono::milliseconds connect_timeout_;
  PerProcess<State> state_;
};

template <class Connection>
Pool<Connection>::Pool(std::string server, Connect connect,
                       size_t max_connections,
                       std::chrono::milliseconds connect_timeout)
    : server_(std::move(server)),
      connect_(std::move(connect)),
      max_connections_(max_connections),
      connect_timeout_(connect_timeout) {}

template <class Connection>
Status Pool<Connection>::WaitForRoom(State& state,
                                     std::unique_lock<std::mutex>& lock,
                                     const Deadline& deadline) {
  const bool room = state.returned.wait_until(lock, deadline.at(), [&] {
    return !state.idle.empty() || state.open < max_connections_;
  });
  if (room) return Status();
  return Status(ErrorCode::kBusy,
                "all " + std::to_string(max_connections_) + " connections to " +
                    server_ +
                    " stayed in use; allow more with max_connections");
}

template <class Connection>
Result<typename Pool<Connection>::Lease> Pool<Connection>::Take(
    const Deadline& deadline) {
  State& state = state_.Get();
  uint64_t generation = 0;
  {
    std::unique_lock<std::mutex> lock(state.mutex);
    Status room = WaitForRoom(state, lock, deadline);
    if (!room.ok()) return room;
    if (!state.idle.empty()) {
      Lease lease(this, &state, state.generation, std::move(state.idle.back()),
                  /*was_idle=*/true);
      state.idle.pop_back();
      return lease;
    }
    // It always finds its place when it comes back.
    state.idle.reserve(max_connections_);
    ++state.open;
    generation = state.generation;
  }
  // Not under the mutex: connecting takes a while.
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
  // Leased before a fork: the parent's, of whose mutex nothing is known here.
  if (state_.IsParents(state)) return;
  const bool reusable = connection != nullptr && connection->is_reusable();
  {
    std::lock_guard<std::mutex> guard(state.mutex);
    if (reusable && generation == state.generation) {
      state.idle.push_back(std::move(connection));
    } else {
      --state.open;
    }
  }
  state.returned.notify_one();
  // What is left of `connection` is closed here, outside of the mutex.
}

template <class Connection>
void Pool<Connection>::DropIdle() {
  State& state = state_.Get();
  {
    std::lock_guard<std::mutex> guard(state.mutex);
    state.open -= state.idle.size();
    state.idle.clear();
  }
  state.returned.notify_all();
}

template <class Connection>
void Pool<Connection>::Renew() {
  State& state = state_.Get();
  {
    std::lock_guard<std::mutex> guard(state.mutex);
    ++state.generation;
  }
  DropIdle();
}

}  // namespace appcache::net

#endif  // APPCACHE_ADAPTERS_NET_POOL_H_
