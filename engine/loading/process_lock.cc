#include "engine/loading/process_lock.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "engine/cache.h"

namespace appcache {
namespace {

// Short beside what is worth a lock, and long beside a round trip.
constexpr Ttl kFirstWait{5};
constexpr Ttl kLongestWait{100};

// No two objects have the same, in whatever processes.
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
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock<std::mutex> lock(mutex);
  clock.WaitUntil(lock, never, clock.Now() + time, [] { return false; });
}

}  // namespace

ProcessLock::ProcessLock(Cache& cache, std::string_view path, Ttl ttl) noexcept
    : cache_(cache), ttl_(std::min(ttl, kMaxTtl)) {
  if (ttl_ <= Ttl(0)) return;
  try {
    path_ = std::string(path).append(kSuffix);
    token_ = NewToken();
  } catch (...) {
    return;  // without a lock, as where the backend has none
  }
  Take();
}

void ProcessLock::Take() noexcept {
  try {
    const Result<bool> added = cache_.AddRaw(path_, token_, ttl_);
    is_mine_ = added.ok() && *added;
    is_anothers_ = added.ok() && !*added;
  } catch (...) {
    is_anothers_ = false;
  }
}

ProcessLock::~ProcessLock() {
  if (!is_mine_) return;
  try {
    // Another's that began after this one's end stays. Should it begin between
    // the two calls, somebody loads once more than needed.
    const Lookup<Bytes> held = cache_.GetRaw(path_);
    if (held && held->view() == token_) {
      // If that fails, it ends by its ttl.
      (void)cache_.InvalidateRaw(path_).ok();
    }
  } catch (...) {
    // As above.
  }
}

void ProcessLock::WaitForOther(const Clock& clock) noexcept {
  const Ttl left = ttl_ - waited_;
  // In proportion to what was waited already: a long load is asked for rarely.
  const Ttl wait =
      std::min(left, std::clamp(waited_, kFirstWait, kLongestWait));
  waited_ += wait;
  WaitFor(clock, wait);
  if (waited_ < ttl_) {
    Take();
  } else {
    is_anothers_ = false;
  }
}

}  // namespace appcache
