#include "adapters/redis/pool.h"

#include <string>

namespace appcache::redis {

Pool::Pool(Endpoint endpoint, Login login, size_t max_connections,
           std::chrono::milliseconds connect_timeout)
    : resolver_(std::move(endpoint)),
      login_(std::move(login)),
      max_connections_(max_connections),
      connect_timeout_(connect_timeout) {
  // A connection always finds its place when it comes back.
  idle_.reserve(max_connections);
}

// A forked child shares its parent's streams: it makes its own.
void Pool::ForgetParent() noexcept {
  if (!fork_guard_.in_child()) return;
  fork_guard_ = ForkGuard();
  idle_.clear();
  open_ = 0;
}

Status Pool::WaitForRoom(std::unique_lock<std::mutex>& lock,
                         const Deadline& deadline) {
  const bool room = returned_.wait_until(lock, deadline.at(), [this] {
    return !idle_.empty() || open_ < max_connections_;
  });
  if (room) return Status();
  return Status(ErrorCode::kBusy,
                "all " + std::to_string(max_connections_) +
                    " connections to the Redis server " +
                    resolver_.endpoint().ToString() +
                    " stayed in use; allow more with max_connections");
}

Result<Pool::Lease> Pool::Take(const Deadline& deadline) {
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
  Result<std::unique_ptr<Connection>> made =
      Status(ErrorCode::kFull, "out of memory");
  try {
    made = Connection::Connect(resolver_, login_,
                               deadline.Sooner(connect_timeout_));
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

void Pool::Return(std::unique_ptr<Connection> connection) noexcept {
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

void Pool::DropIdle() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    open_ -= idle_.size();
    idle_.clear();
  }
  returned_.notify_all();
}

}  // namespace appcache::redis
