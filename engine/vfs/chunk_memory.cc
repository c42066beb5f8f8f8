#include "engine/vfs/chunk_memory.h"

#include <sys/mman.h>

#include <atomic>
#include <cassert>

namespace appcache::vfs {
namespace {

constinit std::atomic<bool (*)()> chunk_failure{nullptr};

}  // namespace

std::byte* AllocateChunk() noexcept {
  bool (*const fails)() = chunk_failure.load(std::memory_order_relaxed);
  if (fails != nullptr && fails()) return nullptr;
  void* const memory = mmap(nullptr, kChunkBytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
}

void FreeChunk(std::byte* chunk) noexcept {
  assert(chunk != nullptr);
  [[maybe_unused]] const int rc = munmap(chunk, kChunkBytes);
  assert(rc == 0);
}

void SetChunkFailure(bool (*fails)()) noexcept {
  chunk_failure.store(fails, std::memory_order_relaxed);
}

}  // namespace appcache::vfs
