#include "tests/fault/failing_memory.h"

#include <sqlite3.h>

#include <cstddef>
#include <cstdlib>
#include <new>

#include "engine/vfs/chunk_memory.h"

namespace appcache {
namespace {

// Of this thread. Plain data: usable before main and after it.
struct State {
  bool armed;
  uint64_t until_failure;  // allocations that still succeed
  uint64_t failures_left;
  uint64_t allocations;
  uint64_t failed;
};
thread_local State state;

bool ShouldFail() {
  if (!state.armed) return false;
  ++state.allocations;
  if (state.failures_left == 0) return false;
  if (state.until_failure > 0) {
    --state.until_failure;
    return false;
  }
  --state.failures_left;
  ++state.failed;
  return true;
}

// SQLite's own allocator, behind the failing one.
sqlite3_mem_methods sqlites_own;

// Before main: SQLite takes an allocator only before its first use.
const int installed = [] {
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlites_own);
  sqlite3_mem_methods failing = sqlites_own;
  failing.xMalloc = [](int bytes) {
    return ShouldFail() ? nullptr : sqlites_own.xMalloc(bytes);
  };
  failing.xRealloc = [](void* memory, int bytes) {
    return ShouldFail() ? nullptr : sqlites_own.xRealloc(memory, bytes);
  };
  const int rc = sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
  if (rc != SQLITE_OK) std::abort();
  vfs::SetChunkFailure(ShouldFail);
  return rc;
}();

// `alignment` is a power of two.
void* TryNew(size_t size, size_t alignment = alignof(std::max_align_t)) {
  if (ShouldFail()) return nullptr;
  // aligned_alloc wants a multiple of the alignment.
  return std::aligned_alloc(alignment, (size + alignment) & ~(alignment - 1));
}

template <class... Alignment>
void* New(size_t size, Alignment... alignment) {
  void* const memory = TryNew(size, static_cast<size_t>(alignment)...);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

FailingMemory::FailingMemory(Plan plan) {
  (void)installed;
  state = {true, plan.first - 1, plan.failures, 0, 0};
}
FailingMemory::~FailingMemory() { state.armed = false; }
uint64_t FailingMemory::allocations() const { return state.allocations; }
uint64_t FailingMemory::failed() const { return state.failed; }

FailingMemory::Pause::Pause() : was_armed_(state.armed) { state.armed = false; }
FailingMemory::Pause::~Pause() { state.armed = was_armed_; }

}  // namespace appcache

// All of them: a sanitizer brings its own of those that are not replaced here.
void* operator new(size_t size) { return appcache::New(size); }
void* operator new[](size_t size) { return appcache::New(size); }
void* operator new(size_t size, std::align_val_t alignment) {
  return appcache::New(size, alignment);
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return appcache::New(size, alignment);
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return appcache::TryNew(size);
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return appcache::TryNew(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
