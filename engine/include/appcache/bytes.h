// Bytes: an immutable, reference-counted buffer of bytes.
//
// A value that is read from a cache is returned as Bytes. Copying one copies a
// pointer, so a hit that is already in memory copies no bytes. The bytes never
// change, and live until the last copy is destroyed, also when the cache that
// they came from is destroyed earlier.
//
// Thread safety: as std::shared_ptr. Distinct objects that share a buffer may
// be used by any threads at once; one object must not be assigned while another
// thread uses it.

#ifndef APPCACHE_BYTES_H_
#define APPCACHE_BYTES_H_

#include <cassert>
#include <cstddef>
#include <string_view>
#include <utility>

#include "appcache/export.h"
#include "appcache/require_cxx20.h"

namespace appcache {

namespace internal {

// The first bytes of a reference-counted allocation from operator new. The rest
// belongs to the code that made it.
struct APPCACHE_EXPORT SharedBlock {
  // Accessed by the compiler's atomic operations, which std::atomic is made of,
  // because <atomic> would make cache.h slower to compile.
  size_t references;

  // An allocation of `size` bytes in total, with one reference. Throws
  // std::bad_alloc. REQUIRES: size >= sizeof(SharedBlock).
  static SharedBlock* New(size_t size);
  static void AddReference(SharedBlock* block) noexcept {
    __atomic_fetch_add(&block->references, size_t{1}, __ATOMIC_RELAXED);
  }
  // Whether the caller's reference is the only one. Then what other owners did
  // with the allocation has happened, and the caller may reuse it.
  static bool IsSole(const SharedBlock* block) noexcept {
    return __atomic_load_n(&block->references, __ATOMIC_ACQUIRE) == 1;
  }
  // Frees the allocation with its last reference.
  static void Release(SharedBlock* block) noexcept;
};

}  // namespace internal

class APPCACHE_EXPORT Bytes {
 public:
  // Empty. Does not allocate.
  Bytes() noexcept = default;

  // A copy of `source`. One allocation; none when it is empty. Throws
  // std::bad_alloc.
  static Bytes Copy(std::string_view source);

  // A buffer of `size` bytes, all of which `fill(char* data)` writes. Does not
  // call it when `size` is zero. The data is aligned to 16 bytes. Throws
  // std::bad_alloc, and what `fill` throws.
  template <class Fill>
  static Bytes Build(size_t size, Fill&& fill) {
    if (size == 0) return Bytes();
    Bytes built = Unfilled(size);
    std::forward<Fill>(fill)(const_cast<char*>(built.data_));
    return built;
  }

  // For backends: a part of the allocation of `block`, which lives as long as
  // any copy of the result. Takes over one reference. REQUIRES: `part` is in
  // the allocation, also when it is empty, and does not change any more.
  static Bytes Adopt(internal::SharedBlock* block,
                     std::string_view part) noexcept {
    assert(block != nullptr && part.data() != nullptr);
    return Bytes(block, part.data(), part.size());
  }

  Bytes(const Bytes& other) noexcept
      : block_(other.block_), data_(other.data_), size_(other.size_) {
    if (block_) internal::SharedBlock::AddReference(block_);
  }
  // Leaves `other` empty.
  Bytes(Bytes&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        data_(std::exchange(other.data_, "")),
        size_(std::exchange(other.size_, 0)) {}
  Bytes& operator=(Bytes other) noexcept {
    std::swap(block_, other.block_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Bytes() {
    if (block_) internal::SharedBlock::Release(block_);
  }

  // Removes the last `count` bytes of this object; other copies keep theirs.
  // Copies nothing: the buffer stays shared, as a whole. REQUIRES:
  // count <= size().
  void RemoveSuffix(size_t count) noexcept {
    assert(count <= size_);
    size_ -= count;
  }

  // Never null, even when empty.
  const char* data() const noexcept { return data_; }
  size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size() == 0; }

  // Valid while any copy of this object exists.
  std::string_view view() const noexcept { return {data(), size()}; }

  friend bool operator==(const Bytes& a, const Bytes& b) noexcept {
    return a.view() == b.view();
  }

 private:
  Bytes(internal::SharedBlock* block, const char* data, size_t size) noexcept
      : block_(block), data_(data), size_(size) {}

  // A buffer of `size` bytes that are not initialised.
  static Bytes Unfilled(size_t size);

  internal::SharedBlock* block_ = nullptr;  // null: `data_` is static
  const char* data_ = "";
  size_t size_ = 0;
};

}  // namespace appcache

#endif  // APPCACHE_BYTES_H_
