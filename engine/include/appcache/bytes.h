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

namespace appcache {

class Bytes {
 public:
  // Empty. Does not allocate.
  Bytes() noexcept = default;

  // A copy of `source`. One allocation; none when it is empty. Throws
  // std::bad_alloc.
  static Bytes Copy(std::string_view source);

  // A buffer of `size` bytes, all of which `fill(char* data)` writes. Does not
  // call it when `size` is zero. Throws std::bad_alloc, and what `fill` throws.
  template <class Fill>
  static Bytes Build(size_t size, Fill&& fill) {
    if (size == 0) return Bytes();
    Bytes built(Block::New(size), size);
    std::forward<Fill>(fill)(built.block_->data());
    return built;
  }

  Bytes(const Bytes& other) noexcept
      : block_(other.block_), size_(other.size_) {
    if (block_) Block::AddReference(block_);
  }
  Bytes(Bytes&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Bytes& operator=(Bytes other) noexcept {
    std::swap(block_, other.block_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Bytes() {
    if (block_) Block::Release(block_);
  }

  // Removes the last `count` bytes of this object; other copies keep theirs.
  // Copies nothing: the buffer stays shared, as a whole. REQUIRES:
  // count <= size().
  void RemoveSuffix(size_t count) noexcept {
    assert(count <= size_);
    size_ -= count;
  }

  // Never null, even when empty.
  const char* data() const noexcept { return block_ ? block_->data() : ""; }
  size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size() == 0; }

  // Valid while any copy of this object exists.
  std::string_view view() const noexcept { return {data(), size()}; }

  friend bool operator==(const Bytes& a, const Bytes& b) noexcept {
    return a.view() == b.view();
  }

 private:
  // The header of a buffer; the bytes follow it, in the same allocation.
  struct alignas(16) Block {
    // Accessed by the compiler's atomic operations, which std::atomic is made
    // of, because <atomic> would make cache.h slower to compile.
    size_t references;

    char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
    static Block* New(size_t size);
    static void AddReference(Block* block) noexcept {
      __atomic_fetch_add(&block->references, size_t{1}, __ATOMIC_RELAXED);
    }
    static void Release(Block* block) noexcept;
  };

  Bytes(Block* block, size_t size) noexcept : block_(block), size_(size) {}

  Block* block_ = nullptr;
  size_t size_ = 0;
};

}  // namespace appcache

#endif  // APPCACHE_BYTES_H_
