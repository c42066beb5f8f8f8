#include "engine/vfs/heap_storage.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <new>

namespace appcache::vfs {
namespace {

constexpr size_t SegmentChunks(size_t segment) noexcept {
  return HeapStorage::kFirstSegment << segment;
}

// Where a chunk is in the directory.
struct Place {
  size_t segment;
  size_t at;
};

// The segment of chunk i follows from the length of i + kFirstSegment.
constexpr Place PlaceOf(uint64_t index) noexcept {
  const uint64_t shifted = index + HeapStorage::kFirstSegment;
  const size_t segment =
      std::bit_width(shifted) - std::bit_width(HeapStorage::kFirstSegment);
  return {segment, static_cast<size_t>(shifted - SegmentChunks(segment))};
}
static_assert(PlaceOf(0).segment == 0 && PlaceOf(0).at == 0);
static_assert(PlaceOf(63).segment == 0 && PlaceOf(63).at == 63);
static_assert(PlaceOf(64).segment == 1 && PlaceOf(64).at == 0);
static_assert(PlaceOf(191).segment == 1 && PlaceOf(191).at == 127);

// Calls `visit(chunk, from, bytes, done)` for each part of a range that lies in
// one chunk; `done` bytes come before it.
template <class Visit>
void ForEachPart(uint64_t offset, size_t bytes, const Visit& visit) noexcept {
  for (size_t done = 0; done < bytes;) {
    const uint64_t at = offset + done;
    const size_t from = at % kChunkBytes;
    const size_t part = std::min(bytes - done, kChunkBytes - from);
    visit(at / kChunkBytes, from, part, done);
    done += part;
  }
}

constexpr uint64_t ChunksFor(uint64_t bytes) noexcept {
  return (bytes + kChunkBytes - 1) / kChunkBytes;
}

}  // namespace

HeapStorage::~HeapStorage() {
  FreeBeyond(0);
  for (const auto& segment : segments_) {
    delete[] segment.load(std::memory_order_relaxed);
  }
}

std::byte* HeapStorage::ChunkAt(uint64_t index) const noexcept {
  const Place place = PlaceOf(index);
  const Chunk* const segment =
      segments_[place.segment].load(std::memory_order_acquire);
  if (segment == nullptr) return nullptr;
  return segment[place.at].load(std::memory_order_acquire);
}

bool HeapStorage::Ensure(uint64_t index) noexcept {
  const Place place = PlaceOf(index);
  std::atomic<Chunk*>& segment = segments_[place.segment];
  if (segment.load(std::memory_order_relaxed) == nullptr) {
    Chunk* const made =
        new (std::nothrow) Chunk[SegmentChunks(place.segment)]();
    if (made == nullptr) return false;
    segment.store(made, std::memory_order_release);
  }
  Chunk& chunk = segment.load(std::memory_order_relaxed)[place.at];
  if (chunk.load(std::memory_order_relaxed) != nullptr) return true;
  std::byte* const made = AllocateChunk();
  if (made == nullptr) return false;
  chunk.store(made, std::memory_order_release);
  chunks_.fetch_add(1, std::memory_order_relaxed);
  end_ = std::max(end_, index + 1);
  return true;
}

void HeapStorage::FreeBeyond(uint64_t size) noexcept {
  for (const uint64_t kept = ChunksFor(size); end_ > kept; --end_) {
    const Place place = PlaceOf(end_ - 1);
    Chunk* const segment =
        segments_[place.segment].load(std::memory_order_relaxed);
    if (segment == nullptr) continue;
    std::byte* const chunk =
        segment[place.at].exchange(nullptr, std::memory_order_acq_rel);
    if (chunk == nullptr) continue;
    FreeChunk(chunk);
    chunks_.fetch_sub(1, std::memory_order_relaxed);
  }
}

size_t HeapStorage::Read(uint64_t offset,
                         std::span<std::byte> to) const noexcept {
  const uint64_t size = this->size();
  if (offset >= size) return 0;
  const auto bytes =
      static_cast<size_t>(std::min<uint64_t>(to.size(), size - offset));
  ForEachPart(offset, bytes,
              [&](uint64_t index, size_t from, size_t part, size_t done) {
                const std::byte* const chunk = ChunkAt(index);
                if (chunk != nullptr) {
                  std::memcpy(to.data() + done, chunk + from, part);
                } else {
                  std::memset(to.data() + done, 0, part);
                }
              });
  return bytes;
}

bool HeapStorage::Write(uint64_t offset,
                        std::span<const std::byte> from) noexcept {
  assert(offset <= kMaxBytes && from.size() <= kMaxBytes - offset);
  const uint64_t size = size_.load(std::memory_order_relaxed);
  bool has_memory = true;
  ForEachPart(offset, from.size(), [&](uint64_t index, size_t, size_t, size_t) {
    has_memory = has_memory && Ensure(index);
  });
  if (!has_memory) {
    FreeBeyond(size);
    return false;
  }
  ForEachPart(offset, from.size(),
              [&](uint64_t index, size_t at, size_t part, size_t done) {
                std::memcpy(ChunkAt(index) + at, from.data() + done, part);
              });
  size_.store(std::max(size, offset + from.size()), std::memory_order_release);
  return true;
}

void HeapStorage::Truncate(uint64_t size) noexcept {
  assert(size <= kMaxBytes);
  const uint64_t old = size_.load(std::memory_order_relaxed);
  size_.store(size, std::memory_order_release);
  if (size >= old) return;
  FreeBeyond(size);
  const size_t tail = size % kChunkBytes;
  std::byte* const last = tail == 0 ? nullptr : ChunkAt(size / kChunkBytes);
  if (last != nullptr) {
    const uint64_t end = std::min(old, size - tail + kChunkBytes);
    std::memset(last + tail, 0, static_cast<size_t>(end - size));
  }
}

std::byte* HeapStorage::Address(uint64_t offset, size_t bytes) const noexcept {
  const size_t from = offset % kChunkBytes;
  if (bytes > kChunkBytes - from) return nullptr;
  const uint64_t size = this->size();
  if (offset >= size || bytes > size - offset) return nullptr;
  std::byte* const chunk = ChunkAt(offset / kChunkBytes);
  return chunk == nullptr ? nullptr : chunk + from;
}

}  // namespace appcache::vfs
