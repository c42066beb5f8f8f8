#include "engine/residency/spare_blocks.h"

#include <array>
#include <cassert>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define APPCACHE_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define APPCACHE_ADDRESS_SANITIZER
#endif
#endif

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

// A block that is kept.
struct SpareBlocks::Spare {
  Spare* next;
};

constexpr size_t SpareBlocks::ListOf(size_t chunk_size) noexcept {
  const size_t power = std::bit_floor(chunk_size);
  return static_cast<size_t>(std::countr_zero(power / kSmallest)) * kSteps +
         (chunk_size - power) / (power / kSteps);
}

// Needs no destructor, so that a thread that is ending can use it.
struct SpareBlocks::Lists {
  enum class State { kUnused, kInUse, kEnded };
  State state = State::kUnused;
  size_t bytes = 0;
  std::array<Spare*, ListOf(kLargest) + 1> first{};
};

constinit thread_local SpareBlocks::Lists SpareBlocks::lists_;

class SpareBlocks::AtThreadEnd {
 public:
  ~AtThreadEnd() {
    lists_.state = Lists::State::kEnded;
    FreeAll();
  }
};

void SpareBlocks::FreeAll() noexcept {
  lists_.bytes = 0;
  for (Spare*& first : lists_.first) {
    while (first != nullptr) {
      ::operator delete(std::exchange(first, first->next));
    }
  }
}

void* SpareBlocks::TryTake(size_t size) noexcept {
  const size_t block_size = BlockSize(size);
  if (block_size + kHeader > kLargest) return nullptr;
  Spare*& first = lists_.first[ListOf(block_size + kHeader)];
  if (first == nullptr) return nullptr;
  lists_.bytes -= block_size;
  ASAN_UNPOISON_MEMORY_REGION(first, block_size);
  void* const taken = std::exchange(first, first->next);
  if (first != nullptr) PrefetchToWrite(first, block_size);
  return taken;
}

void SpareBlocks::Free(void* block, size_t size) noexcept {
  const size_t block_size = BlockSize(size);
  if (block_size + kHeader > kLargest ||
      lists_.bytes + block_size > kMaxBytes ||
      lists_.state == Lists::State::kEnded) {
    ::operator delete(block);
    return;
  }
  if (lists_.state == Lists::State::kUnused) {
    thread_local AtThreadEnd at_thread_end;
    (void)at_thread_end;
    lists_.state = Lists::State::kInUse;
  }
  Spare*& first = lists_.first[ListOf(block_size + kHeader)];
  first = new (block) Spare{first};
  lists_.bytes += block_size;
  ASAN_POISON_MEMORY_REGION(first + 1, block_size - sizeof(Spare));
}

size_t SpareBlocks::bytes() noexcept { return lists_.bytes; }

}  // namespace appcache::residency
