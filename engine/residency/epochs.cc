#include "engine/residency/epochs.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

#include "engine/support/mutex.h"

namespace appcache::residency {
namespace {

std::atomic<uint64_t> next_id{1};

long Membarrier(int command) noexcept {
  return syscall(SYS_membarrier, command, 0, 0);
}

// Lets other threads run, and sleeps after some attempts.
void Pause(int attempt) noexcept {
  constexpr int kYields = 100;
  constexpr std::chrono::microseconds kSleep{100};
  if (attempt < kYields) {
    std::this_thread::yield();
  } else {
    std::this_thread::sleep_for(kSleep);
  }
}

}  // namespace

// The slots of one Epochs. A slot is never moved or destroyed before this
// object. A returned slot keeps its counters, and serves a later thread.
class Epochs::Slots {
 public:
  // `ending_thread` is null unless the slot is lent.
  Reader& Take(const void* ending_thread) APPCACHE_EXCLUDES(mutex_) {
    const internal::MutexLock guard(mutex_);
    Reader& slot = FreeOrNew();
    slot.is_taken_ = true;
    slot.ending_thread_ = ending_thread;
    return slot;
  }

  // REQUIRES: the calling thread has the slot, and is outside.
  void Return(Reader& slot) noexcept APPCACHE_EXCLUDES(mutex_) {
    const internal::MutexLock guard(mutex_);
    slot.is_taken_ = false;
    slot.ending_thread_ = nullptr;
  }

  // Makes the slot of a thread one that is lent to it.
  void Lend(Reader& slot, const void* ending_thread) noexcept
      APPCACHE_EXCLUDES(mutex_) {
    const internal::MutexLock guard(mutex_);
    slot.ending_thread_ = ending_thread;
  }

  // Null if none is lent to that thread.
  Reader* FindLent(const void* ending_thread) noexcept
      APPCACHE_EXCLUDES(mutex_) {
    const internal::MutexLock guard(mutex_);
    for (const auto& slot : slots_) {
      if (slot->ending_thread_ == ending_thread) return slot.get();
    }
    return nullptr;
  }

  // The smallest epoch of a reader that is inside, but at most `limit`.
  uint64_t Oldest(uint64_t limit) noexcept APPCACHE_EXCLUDES(mutex_) {
    const internal::MutexLock guard(mutex_);
    for (const auto& slot : slots_) {
      const uint64_t epoch = LoadEpoch(*slot);
      if (epoch != 0) limit = std::min(limit, epoch);
    }
    return limit;
  }

  Counts Sum() noexcept APPCACHE_EXCLUDES(mutex_) {
    const internal::MutexLock guard(mutex_);
    Counts sum;
    for (const auto& slot : slots_) {
      sum.hits += slot->hits.value();
      sum.misses += slot->misses.value();
      sum.errors += slot->errors.value();
    }
    return sum;
  }

  size_t size() noexcept APPCACHE_EXCLUDES(mutex_) {
    const internal::MutexLock guard(mutex_);
    return slots_.size();
  }

 private:
  static uint64_t LoadEpoch(Reader& slot) noexcept {
    if constexpr (internal::kThreadSanitizer) {  // see Enter
      return slot.epoch_.fetch_add(0, std::memory_order_acq_rel);
    } else {
      return slot.epoch_.load(std::memory_order_acquire);
    }
  }

  Reader& FreeOrNew() APPCACHE_REQUIRES(mutex_) {
    for (const auto& slot : slots_) {
      if (!slot->is_taken_) return *slot;
    }
    return *slots_.emplace_back(std::make_unique<Reader>());
  }

  internal::Mutex mutex_;
  std::vector<std::unique_ptr<Reader>> slots_ APPCACHE_GUARDED_BY(mutex_);
};

// The slots of one thread: a few, searched in order. Returns them when the
// thread ends.
class Epochs::ThreadReaders {
 public:
  // Creates the object of this thread. REQUIRES: !IsEnding().
  static ThreadReaders& OfThisThread() {
    thread_local ThreadReaders readers;
    return readers;
  }

  // The slot of this thread. Null if it has none, or is ending.
  static Reader* FindOfThisThread(uint64_t id) noexcept {
    return existing_ != nullptr ? existing_->Find(id) : nullptr;
  }

  // The thread has returned its slots: it is ending, and runs the destructors
  // of other thread-local or static objects.
  static bool IsEnding() noexcept { return is_ending_; }

  // What distinguishes this thread from others that run. A later thread may
  // have the same id.
  static const void* EndingThread() noexcept { return &is_ending_; }

  Reader& Take(const Epochs& epochs) {
    // The slots of a destroyed Epochs have been freed.
    std::erase_if(items_, [](Item& item) { return item.slots.expired(); });
    items_.reserve(items_.size() + 1);  // so that no slot is lost below
    Reader& slot = epochs.slots_->Take(nullptr);
    items_.push_back({epochs.id_, epochs.slots_, &slot, {}});
    return slot;
  }

 private:
  struct Item {
    uint64_t id;
    std::weak_ptr<Slots> slots;
    Reader* reader;
    internal::ForkGuard fork_guard;
  };

  ThreadReaders() noexcept { existing_ = this; }

  ~ThreadReaders() {
    existing_ = nullptr;
    is_ending_ = true;
    last_used_ = {0, nullptr};
    for (Item& item : items_) Return(item);
  }

  Reader* Find(uint64_t id) noexcept {
    for (const Item& item : items_) {
      if (item.id == id) return item.reader;
    }
    return nullptr;
  }

  static void Return(Item& item) noexcept {
    // The parent's slots: another thread may have held their mutex at the fork.
    if (item.fork_guard.in_child()) return;
    const std::shared_ptr<Slots> slots = item.slots.lock();
    if (slots == nullptr) return;
    if (item.reader->is_inside()) {
      // exit() was called inside a section.
      slots->Lend(*item.reader, EndingThread());
    } else {
      slots->Return(*item.reader);
    }
  }

  // They need no destructor, so an ending thread can use them.
  static constinit thread_local ThreadReaders* existing_;
  static constinit thread_local bool is_ending_;

  std::vector<Item> items_;
};

constinit thread_local Epochs::ThreadReaders* Epochs::ThreadReaders::existing_ =
    nullptr;
constinit thread_local bool Epochs::ThreadReaders::is_ending_ = false;
constinit thread_local Epochs::LastUsed Epochs::last_used_{0, nullptr};

// Registers at every call, which costs little after the first one: a child must
// register again, and has inherited what its parent would have remembered.
Epochs::Barrier Epochs::Supported() noexcept {
  return Membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0
             ? Barrier::kAsymmetric
             : Barrier::kFenced;
}

Epochs::Epochs(Barrier barrier)
    : is_asymmetric_(barrier == Barrier::kAsymmetric &&
                     Supported() == Barrier::kAsymmetric),
      id_(next_id.fetch_add(1, std::memory_order_relaxed)),
      slots_(std::make_shared<Slots>()) {}

Epochs::~Epochs() {
  if (fork_guard_.in_child()) {
    // Another thread of the parent may have been changing the list.
    internal::LeakInChild(std::move(slots_));
    return;
  }
  assert(slots_->Oldest(UINT64_MAX) == UINT64_MAX);
}

Epochs::Reader& Epochs::FindOrTake() {
  if (ThreadReaders::IsEnding()) {
    const void* const thread = ThreadReaders::EndingThread();
    Reader* const lent = slots_->FindLent(thread);
    return lent != nullptr ? *lent : slots_->Take(thread);
  }
  Reader* const found = ThreadReaders::FindOfThisThread(id_);
  Reader& reader =
      found != nullptr ? *found : ThreadReaders::OfThisThread().Take(*this);
  last_used_ = {id_, &reader};
  return reader;
}

void Epochs::ReturnFromEndingThread(Reader& reader) noexcept {
  // Began in the parent, by the thread that called fork. The mutex of the list
  // may be locked for ever.
  if (fork_guard_.in_child()) return;
  slots_->Return(reader);
}

bool Epochs::IsInside() noexcept {
  if (last_used_.id == id_) return last_used_.reader->is_inside();
  const Reader* const reader =
      ThreadReaders::IsEnding()
          ? slots_->FindLent(ThreadReaders::EndingThread())
          : ThreadReaders::FindOfThisThread(id_);
  return reader != nullptr && reader->is_inside();
}

void Epochs::ExecuteBarrier() noexcept {
  if (is_asymmetric_) {
    while (Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0) {
      // The kernel may need memory for a set of processors. Any other failure
      // is a bug, and to go on would be a use after free.
      if (errno != ENOMEM) std::abort();
      std::this_thread::yield();
    }
  } else if constexpr (!internal::kThreadSanitizer) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

uint64_t Epochs::OldestReader() noexcept {
  // Before the barrier: a stamp that is made after it does not count.
  const uint64_t current = global_.load(std::memory_order_seq_cst);
  ExecuteBarrier();
  return slots_->Oldest(current);
}

void Epochs::WaitForReaders() noexcept {
  assert(!IsInside());
  const uint64_t stamp = Stamp();
  // One barrier is enough: a reader that announces itself after it sees what
  // was stored before this call.
  ExecuteBarrier();
  for (int attempt = 0; slots_->Oldest(UINT64_MAX) <= stamp; ++attempt) {
    Pause(attempt);
  }
}

Epochs::Counts Epochs::Sum() noexcept { return slots_->Sum(); }

size_t Epochs::slots() noexcept { return slots_->size(); }

}  // namespace appcache::residency
