#include "appcache/bytes.h"

#include <cstring>
#include <limits>
#include <new>

namespace appcache {

Bytes::Block* Bytes::Block::New(size_t size) {
  if (size > std::numeric_limits<size_t>::max() - sizeof(Block)) {
    throw std::bad_alloc();
  }
  return new (::operator new(sizeof(Block) + size)) Block{1};
}

void Bytes::Block::Release(Block* block) noexcept {
  // Acquire, and acq_rel: the last owner must see everything that the others
  // did with the bytes before the memory is reused. A sole owner stays the sole
  // owner and needs no atomic subtraction, which is 2 % of a get of 16 bytes
  // from LMDB.
  if (__atomic_load_n(&block->references, __ATOMIC_ACQUIRE) != 1 &&
      __atomic_fetch_sub(&block->references, size_t{1}, __ATOMIC_ACQ_REL) !=
          1) {
    return;
  }
  block->~Block();
  ::operator delete(block);
}

Bytes Bytes::Copy(std::string_view source) {
  return Build(source.size(), [source](char* data) {
    std::memcpy(data, source.data(), source.size());
  });
}

}  // namespace appcache
