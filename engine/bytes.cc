#include "engine/bytes.h"

#include <cassert>
#include <cstring>
#include <limits>

namespace appcache {

Bytes::Block* Bytes::Block::New(size_t size) {
  if (size > std::numeric_limits<size_t>::max() - sizeof(Block)) {
    throw std::bad_alloc();
  }
  return new (::operator new(sizeof(Block) + size)) Block{1, size};
}

void Bytes::Block::Release(Block* block) noexcept {
  // Acquire, and acq_rel: the last owner must see everything the others did
  // with the bytes before the memory is reused. An only owner stays the only
  // one, and needs no atomic subtraction: 2 % of a get of 16 B from LMDB.
  if (block->refs.load(std::memory_order_acquire) != 1 &&
      block->refs.fetch_sub(1, std::memory_order_acq_rel) != 1) {
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

void Bytes::RemoveSuffix(size_t count) {
  assert(count <= size());
  if (count == 0) return;
  // Acquire: whoever let go of the buffer has done reading its size.
  if (block_->refs.load(std::memory_order_acquire) == 1) {
    block_->size -= count;
  } else {
    *this = Copy(view().substr(0, size() - count));
  }
}

}  // namespace appcache
