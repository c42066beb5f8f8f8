#include "engine/loading/process_lock.h"

#include <algorithm>
#include <condition_variable>
#include <random>

#include "engine/support/mutex.h"

namespace appcache::internal {
namespace {

// Shorter than a load that is worth a lock, and longer than a round trip.
constexpr Ttl kFirstWait{5};
constexpr Ttl kLongestWait{100};

// Unique to each object, across processes.
std::string NewToken() {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device device;
  std::string token;
  for (int word = 0; word < 4; ++word) {
    auto bits = device();
    for (int digit = 0; digit < 8; ++digit, bits >>= 4) {
      token += kDigits[bits & 15];
    }
  }
  return token;
}

void WaitFor(const Clock& clock, Ttl time) {
  Mutex mutex;
  std::condition_variable never;
  UniqueMutexLock lock(mutex);
  clock.WaitUntil(lock.native(), never, clock.Now() + time,
                  [] { return false; });
}

}  // namespace

ProcessLock::ProcessLock(Backend& backend, std::string_view path,
                         Ttl ttl) noexcept
    : backend_(backend), ttl_(std::min(ttl, kMaxTtl)) {
  if (ttl_ <= Ttl(0)) return;
  try {
    path_ = std::string(path).append(kSuffix);
    token_ = NewToken();
  } catch (...) {
    return;  // without a lock, as where the backend does not support add
  }
  Take();
}

void ProcessLock::Take() noexcept {
  try {
    const Result<bool> added = backend_.AddRaw(path_, token_, ttl_);
    is_mine_ = added.ok() && *added;
    is_held_by_another_ = added.ok() && !*added;
  } catch (...) {
    is_held_by_another_ = false;
  }
}

ProcessLock::~ProcessLock() {
  if (!is_mine_) return;
  try {
    // After this lock has expired, another process may hold its own: that one
    // stays. If it is taken between the two calls, one load too many runs.
    const Lookup<Bytes> held = backend_.GetRaw(path_);
    if (held && held->view() == token_) {
      // If this fails, the lock expires by its ttl.
      (void)backend_.InvalidateRaw(path_).ok();
    }
  } catch (...) {
    // As above.
  }
}

void ProcessLock::WaitAndRetry(const Clock& clock) noexcept {
  const Ttl left = ttl_ - waited_;
  // In proportion to the time waited so far: a long load is polled rarely.
  const Ttl wait =
      std::min(left, std::clamp(waited_, kFirstWait, kLongestWait));
  waited_ += wait;
  WaitFor(clock, wait);
  if (waited_ < ttl_) {
    Take();
  } else {
    is_held_by_another_ = false;
  }
}

}  // namespace appcache::internal
