// Bytes: an immutable, reference-counted run of bytes.
//
// A value read from a cache is handed out as Bytes: copying one copies a
// pointer, so a hit that is already in memory copies nothing. What it points to
// never changes and lives until the last copy is gone, whatever happens to the
// cache it came from.
//
// Thread safety: as std::shared_ptr. Distinct objects that share a buffer may
// be used from any threads; one object may not be assigned while another thread
// reads it.

#ifndef APPCACHE_ENGINE_BYTES_H_
#define APPCACHE_ENGINE_BYTES_H_

#include <atomic>
#include <cstddef>
#include <new>
#include <string_view>
#include <utility>

namespace appcache {

class Bytes {
 public:
  // No bytes at all. Allocates nothing.
  Bytes() noexcept = default;

  // A copy of `source`: one allocation, none when it is empty. Throws
  // std::bad_alloc.
  static Bytes Copy(std::string_view source);

  // A buffer of `size` bytes that `fill(char* data)` writes before anyone can
  // see it; `fill` must write all of it. Throws std::bad_alloc, and whatever
  // `fill` throws.
  template <class Fill>
  static Bytes Build(size_t size, Fill&& fill) {
    if (size == 0) return Bytes();
    Bytes built(Block::New(size));
    std::forward<Fill>(fill)(built.block_->data());
    return built;
  }

  Bytes(const Bytes& other) noexcept : block_(other.block_) {
    if (block_) block_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  Bytes(Bytes&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)) {}
  Bytes& operator=(Bytes other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Bytes() {
    if (block_) Block::Release(block_);
  }

  // Takes the last `count` bytes off this object. REQUIRES: count <= size().
  // Costs nothing if it is the only one that holds the buffer; otherwise it
  // becomes a copy, which may throw std::bad_alloc, and then nothing changes.
  void RemoveSuffix(size_t count);

  // Never null, even when empty.
  const char* data() const noexcept { return block_ ? block_->data() : ""; }
  size_t size() const noexcept { return block_ ? block_->size : 0; }
  bool empty() const noexcept { return size() == 0; }

  // Valid while any copy of this object is alive.
  std::string_view view() const noexcept { return {data(), size()}; }

  friend bool operator==(const Bytes& a, const Bytes& b) noexcept {
    return a.view() == b.view();
  }

 private:
  // The counter and the bytes behind it, in one allocation.
  struct Block {
    std::atomic<size_t> refs;
    size_t size;

    char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
    static Block* New(size_t size);
    static void Release(Block* block) noexcept;
  };

  explicit Bytes(Block* block) noexcept : block_(block) {}

  Block* block_ = nullptr;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_BYTES_H_
