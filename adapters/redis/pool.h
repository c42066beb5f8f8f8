// Pool: the connections of one cache, a bounded number.

#ifndef APPCACHE_ADAPTERS_REDIS_POOL_H_
#define APPCACHE_ADAPTERS_REDIS_POOL_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "adapters/redis/connection.h"
#include "adapters/redis/deadline.h"
#include "engine/error.h"
#include "engine/fork_guard.h"

namespace appcache::redis {

// Thread-safe, and usable in a forked child, which makes connections of its
// own. Must outlive its leases. Connections are made when they are needed, and
// kept: the one used last is used next, so that few are open when few are busy.
class Pool {
 public:
  Pool(Endpoint endpoint, Login login, size_t max_connections,
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

  // kBusy when all stay in use until the deadline; what Connection::Connect
  // says. Throws std::bad_alloc.
  Result<Lease> Take(const Deadline& deadline);

  // Closes those that are idle: the server has closed one like them.
  void DropIdle();

 private:
  // REQUIRES: mutex_ is held, as `lock`.
  Status WaitForRoom(std::unique_lock<std::mutex>& lock,
                     const Deadline& deadline);
  void ForgetParent() noexcept;
  void Return(std::unique_ptr<Connection> connection) noexcept;

  Resolver resolver_;
  const Login login_;
  const size_t max_connections_;
  const std::chrono::milliseconds connect_timeout_;

  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;  // guarded by mutex_
  size_t open_ = 0;       // idle or leased; guarded by mutex_
  ForkGuard fork_guard_;  // guarded by mutex_
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_POOL_H_
