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
#include "engine/fork_guard.h"

namespace appcache::net {

// Thread-safe, and usable in a forked child, which makes connections of its
// own. Must outlive its leases. Connections are made when they are needed, and
// kept: the one used last is used next, so that few are open when few are busy.
//
// A Connection says whether it is_reusable(): nothing failed on it, nothing is
// outstanding, and it is not a parent's.
template <class Connection>
class Pool {
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
      if (connection_ != nullptr) pool_->Return(std::move(connection_));
    }
    Connection& operator*() const noexcept { return *connection_; }
    Connection* operator->() const noexcept { return connection_.get(); }
    // Whether it has served before: it may have been closed since.
    bool was_idle() const noexcept { return was_idle_; }

   private:
    friend class Pool;
    Lease(Pool* pool, std::unique_ptr<Connection> connection, bool was_idle)
        : pool_(pool),
          connection_(std::move(connection)),
          was_idle_(was_idle) {}

    Pool* pool_;
    std::unique_ptr<Connection> connection_;
    bool was_idle_;
  };

  // kBusy when all stay in use until the deadline; what `connect` says. Throws
  // std::bad_alloc.
  Result<Lease> Take(const Deadline& deadline);

  // Closes those that are idle: the server has closed one like them.
  void DropIdle();

 private:
  // REQUIRES: mutex_ is held, as `lock`.
  Status WaitForRoom(std::unique_lock<std::mutex>& lock,
                     const Deadline& deadline);
  void ForgetParent() noexcept;
  Result<Lease> Make(const Deadline& deadline);
  void Return(std::unique_ptr<Connection> connection) noexcept;

  const std::string server_;
  const Connect connect_;
  const size_t max_connections_;
  const std::chrono::milliseconds connect_timeout_;

  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;  // guarded by mutex_
  size_t open_ = 0;       // idle or leased; guarded by mutex_
  ForkGuard fork_guard_;  // guarded by mutex_
};

template <class Connection>
Pool<Connection>::Pool(std::string server, Connect connect,
                       size_t max_connections,
                       std::chrono::milliseconds connect_timeout)
    : server_(std::move(server)),
      connect_(std::move(connect)),
      max_connections_(max_connections),
      connect_timeout_(connect_timeout) {
  // A connection always finds its place when it comes back.
  idle_.reserve(max_connections);
}

// A forked child shares its parent's streams: it makes its own.
template <class Connection>
void Pool<Connection>::ForgetParent() noexcept {
  if (!fork_guard_.in_child()) return;
  fork_guard_ = ForkGuard();
  idle_.clear();
  open_ = 0;
}

template <class Connection>
Status Pool<Connection>::WaitForRoom(std::unique_lock<std::mutex>& lock,
                                     const Deadline& deadline) {
  const bool room = returned_.wait_until(lock, deadline.at(), [this] {
    return !idle_.empty() || open_ < max_connections_;
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
  {
    std::unique_lock<std::mutex> lock(mutex_);
    ForgetParent();
    Status room = WaitForRoom(lock, deadline);
    if (!room.ok()) return room;
    if (!idle_.empty()) {
      Lease lease(this, std::move(idle_.back()), /*was_idle=*/true);
      idle_.pop_back();
      return lease;
    }
    ++open_;
  }
  // Not under the mutex: connecting takes a while.
  return Make(deadline);
}

// REQUIRES: the connection is counted in open_.
template <class Connection>
Result<typename Pool<Connection>::Lease> Pool<Connection>::Make(
    const Deadline& deadline) {
  Result<std::unique_ptr<Connection>> made =
      Status(ErrorCode::kFull, "out of memory");
  try {
    made = connect_(deadline.Sooner(connect_timeout_));
  } catch (...) {
    Return(nullptr);
    throw;
  }
  if (!made.ok()) {
    Return(nullptr);
    return made.status();
  }
  return Lease(this, *std::move(made), /*was_idle=*/false);
}

template <class Connection>
void Pool<Connection>::Return(std::unique_ptr<Connection> connection) noexcept {
  const bool reusable = connection != nullptr && connection->is_reusable();
  {
    std::lock_guard<std::mutex> guard(mutex_);
    if (fork_guard_.in_child()) return;  // leased before the fork: not counted
    if (reusable) {
      idle_.push_back(std::move(connection));
    } else {
      --open_;
    }
  }
  returned_.notify_one();
  // What is left of `connection` is closed here, outside of the mutex.
}

template <class Connection>
void Pool<Connection>::DropIdle() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    open_ -= idle_.size();
    idle_.clear();
  }
  returned_.notify_all();
}

}  // namespace appcache::net

#endif  // APPCACHE_ADAPTERS_NET_POOL_H_
