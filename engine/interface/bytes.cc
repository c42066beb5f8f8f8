#include "appcache/bytes.h"

#include <cassert>
#include <cstring>
#include <limits>
#include <new>

namespace appcache {
namespace {

// Where the data of a buffer begins in its allocation.
constexpr size_t kDataOffset = 16;
static_assert(kDataOffset >= sizeof(internal::SharedBlock));

}  // namespace

internal::SharedBlock* internal::SharedBlock::New(size_t size) {
  assert(size >= sizeof(SharedBlock));
  return new (::operator new(size)) SharedBlock{1};
}

void internal::SharedBlock::Release(SharedBlock* block) noexcept {
  // Acquire, and acq_rel: the last owner must see everything that the others
  // did with the bytes before the memory is reused. A sole owner stays the sole
  // owner and needs no atomic subtraction, which is 2 % of a get of 16 bytes
  // from LMDB.
  if (!IsSole(block) && __atomic_fetch_sub(&block->references, size_t{1},
                                           __ATOMIC_ACQ_REL) != 1) {
    return;
  }
  block->~SharedBlock();
  ::operator delete(block);
}

Bytes Bytes::Copy(std::string_view source) {
  return Build(source.size(), [source](char* data) {
    std::memcpy(data, source.data(), source.size());
  });
}

Bytes Bytes::Unfilled(size_t size) {
  if (size > std::numeric_limits<size_t>::max() - kDataOffset) {
    throw std::bad_alloc();
  }
  internal::SharedBlock* const block =
      internal::SharedBlock::New(kDataOffset + size);
  return Bytes(block, reinterpret_cast<char*>(block) + kDataOffset, size);
}

}  // namespace appcache
