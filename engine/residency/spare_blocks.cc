#include "engine/residency/spare_blocks.h"

#include <array>
#include <atomic>
#include <mutex>
#include <new>
#include <utility>

#include "engine/support/mutex.h"
#include "engine/support/sanitizers.h"
#include "engine/support/spin_lock.h"
#include "engine/support/test_point.h"

// So that a use of a block after it was freed is found while it is kept.
#if defined(APPCACHE_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size)
#define ASAN_UNPOISON_MEMORY_REGION(address, size)
#endif

namespace appcache::residency {
namespace {

// Fetches the block that the next entry of this size will use. It has left the
// processor's cache, and the lock that follows the copy waits for its stores.
void PrefetchToWrite(const void* block, size_t size) noexcept {
  constexpr size_t kLine = 64;
  for (size_t at = 0; at < size; at += kLine) {
    __builtin_prefetch(static_cast<const char*>(block) + at, 1);
  }
}

}  // namespace

// A block that is kept, in a chain. Under the address sanitizer, the rest of
// the block is poisoned.
struct SpareBlocks::Spare {
  Spare* next;
  // Only of the first block of a chain in the pool.
  Spare* next_chain;
};

constexpr size_t SpareBlocks::ListOf(size_t block_size) noexcept {
  const size_t chunk = block_size + kHeader;
  const size_t power = std::bit_floor(chunk);
  return static_cast<size_t>(std::countr_zero(power / kSmallest)) * kSteps +
         (chunk - power) / (power / kSteps);
}

constexpr size_t SpareBlocks::BlockSizeOf(size_t list) noexcept {
  const size_t power = kSmallest << (list / kSteps);
  return power + list % kSteps * (power / kSteps) - kHeader;
}

constexpr size_t SpareBlocks::ListCount() noexcept {
  return ListOf(kLargest - kHeader) + 1;
}

// The blocks of one size. Blocks are taken from `first`.
struct SpareBlocks::List {
  Spare* first = nullptr;
  size_t count = 0;
  // A chain of ChainLength, or null.
  Spare* full = nullptr;
};

// Needs no destructor, so that a thread that is ending can use it.
struct SpareBlocks::Lists {
  enum class State { kUnused, kInUse, kEnded };
  State state = State::kUnused;
  size_t bytes = 0;
  std::array<List, ListCount()> of{};
};

// Chains of ChainLength blocks.
class alignas(64) SpareBlocks::Pool {
 public:
  // Takes a chain of the list with this number. Returns the chain that must be
  // deleted: null, another one, or this one.
  Spare* Add(Spare* chain, size_t list) noexcept {
    if (!mutex_.try_lock()) return chain;
    const internal::SpinLockGuard guard(mutex_, std::adopt_lock);
    internal::TestPoint("spare_blocks.pool");
    Spare* deleted = nullptr;
    if (count_ == kMaxPoolBytes / kChainBytes) {
      deleted = TakeOther(list);
      if (deleted == nullptr) return chain;
    }
    Push(chain, list);
    return deleted;
  }

  // A chain, or null.
  Spare* TryTake(size_t list) noexcept {
    // Without writing to a line that all threads use.
    if (chains_[list].load(std::memory_order_relaxed) == nullptr) {
      return nullptr;
    }
    if (!mutex_.try_lock()) return nullptr;
    const internal::SpinLockGuard guard(mutex_, std::adopt_lock);
    return Pop(list);
  }

  // Deletes one chain after another, so that the lock is held for a moment.
  void Free() noexcept {
    for (size_t list = 0; list < ListCount(); ++list) {
      while (Spare* const chain = TryTake(list)) Delete(chain);
    }
  }

  size_t bytes() noexcept {
    const internal::SpinLockGuard guard(mutex_);
    return count_ * kChainBytes;
  }

 private:
  void Push(Spare* chain, size_t list) noexcept APPCACHE_REQUIRES(mutex_) {
    ASAN_UNPOISON_MEMORY_REGION(&chain->next_chain, sizeof(Spare*));
    chain->next_chain = chains_[list].load(std::memory_order_relaxed);
    chains_[list].store(chain, std::memory_order_relaxed);
    ++count_;
  }

  // A chain, or null.
  Spare* Pop(size_t list) noexcept APPCACHE_REQUIRES(mutex_) {
    Spare* const chain = chains_[list].load(std::memory_order_relaxed);
    if (chain == nullptr) return nullptr;
    chains_[list].store(chain->next_chain, std::memory_order_relaxed);
    --count_;
    return chain;
  }

  // A chain of another list, of each in turn; null if there is none.
  Spare* TakeOther(size_t list) noexcept APPCACHE_REQUIRES(mutex_) {
    for (size_t i = 0; i < ListCount(); ++i) {
      turn_ = (turn_ + 1) % ListCount();
      if (turn_ == list) continue;
      if (Spare* const chain = Pop(turn_)) return chain;
    }
    return nullptr;
  }

  internal::SpinLock mutex_;
  size_t count_ APPCACHE_GUARDED_BY(mutex_) = 0;
  size_t turn_ APPCACHE_GUARDED_BY(mutex_) = 0;
  // Changed with the lock, and read without it as a hint.
  std::array<std::atomic<Spare*>, ListCount()> chains_{};
};

constinit thread_local SpareBlocks::Lists SpareBlocks::lists_;
constinit SpareBlocks::Pool SpareBlocks::pool_;

class SpareBlocks::AtThreadEnd {
 public:
  ~AtThreadEnd() {
    lists_.state = Lists::State::kEnded;
    FreeAll();
  }
};

void SpareBlocks::Delete(Spare* first) noexcept {
  while (first != nullptr) {
    ::operator delete(std::exchange(first, first->next));
  }
}

void SpareBlocks::FreeAll() noexcept {
  lists_.bytes = 0;
  for (List& list : lists_.of) {
    Delete(list.first);
    Delete(list.full);
    list = List();
  }
}

void SpareBlocks::FreePool() noexcept { pool_.Free(); }

void SpareBlocks::MoveToPool(Spare* chain, size_t list) noexcept {
  Delete(pool_.Add(chain, list));
}

// False: the thread is ending, and must not keep blocks.
bool SpareBlocks::BeginUse() noexcept {
  if (lists_.state == Lists::State::kUnused) {
    thread_local AtThreadEnd at_thread_end;
    (void)at_thread_end;
    lists_.state = Lists::State::kInUse;
  }
  return lists_.state == Lists::State::kInUse;
}

// Whether the list has blocks now. REQUIRES: it has none.
bool SpareBlocks::Refill(List& list, size_t block_size) noexcept {
  const size_t length = ChainLength(block_size);
  if (list.full != nullptr) {
    list.first = std::exchange(list.full, nullptr);
  } else {
    const size_t bytes = length * block_size;
    if (lists_.bytes + bytes > kMaxBytes || !BeginUse()) return false;
    list.first = pool_.TryTake(ListOf(block_size));
    if (list.first == nullptr) return false;
    lists_.bytes += bytes;
  }
  list.count = length;
  return true;
}

// `first` has become a complete chain: makes it the full one, and moves the
// previous full one to the pool.
void SpareBlocks::FinishChain(List& list, size_t block_size) noexcept {
  Spare* const full =
      std::exchange(list.full, std::exchange(list.first, nullptr));
  list.count = 0;
  if (full == nullptr) return;
  lists_.bytes -= ChainLength(block_size) * block_size;
  MoveToPool(full, ListOf(block_size));
}

// Moves full chains to the pool until so much more is within the limit. False:
// there are not enough.
bool SpareBlocks::MakeRoom(size_t bytes) noexcept {
  for (size_t i = 0; i < ListCount(); ++i) {
    if (lists_.bytes + bytes <= kMaxBytes) return true;
    List& list = lists_.of[i];
    if (list.full == nullptr) continue;
    lists_.bytes -= ChainLength(BlockSizeOf(i)) * BlockSizeOf(i);
    MoveToPool(std::exchange(list.full, nullptr), i);
  }
  return lists_.bytes + bytes <= kMaxBytes;
}

void* SpareBlocks::TryTake(size_t size) noexcept {
  const size_t block_size = BlockSize(size);
  if (block_size + kHeader > kLargest) return nullptr;
  List& list = lists_.of[ListOf(block_size)];
  if (list.first == nullptr && !Refill(list, block_size)) return nullptr;
  lists_.bytes -= block_size;
  --list.count;
  Spare* const taken = list.first;
  list.first = taken->next;
  ASAN_UNPOISON_MEMORY_REGION(taken, block_size);
  if (list.first != nullptr) PrefetchToWrite(list.first, block_size);
  return taken;
}

void SpareBlocks::Free(void* block, size_t size) noexcept {
  const size_t block_size = BlockSize(size);
  if (block_size + kHeader > kLargest || !BeginUse() ||
      (lists_.bytes + block_size > kMaxBytes && !MakeRoom(block_size))) {
    ::operator delete(block);
    return;
  }
  List& list = lists_.of[ListOf(block_size)];
  Spare* const spare = new (block) Spare;
  spare->next = std::exchange(list.first, spare);
  ASAN_POISON_MEMORY_REGION(&spare->next + 1, block_size - sizeof(Spare*));
  lists_.bytes += block_size;
  if (++list.count == ChainLength(block_size)) FinishChain(list, block_size);
}

size_t SpareBlocks::bytes() noexcept { return lists_.bytes; }
size_t SpareBlocks::pool_bytes() noexcept { return pool_.bytes(); }

}  // namespace appcache::residency
