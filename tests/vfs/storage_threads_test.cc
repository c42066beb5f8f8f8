// HeapStorage: readers without a lock beside a writer.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <span>
#include <thread>
#include <vector>

#include "engine/vfs/heap_storage.h"

namespace appcache::vfs::storage_threads_test {
namespace {

// Number i is at this offset: some 20 numbers in each chunk.
constexpr uint64_t OffsetOf(uint64_t i) { return i * 13000; }

TEST(StorageThreadsTest, AReaderThatLearnsOfAWriteSeesItsBytes) {
  constexpr uint64_t kNumbers = 4000;
  HeapStorage storage;
  // Relaxed: the storage itself must order the bytes before its size.
  std::atomic<uint64_t> written{0};
  std::atomic<uint64_t> wrong{0};
  const auto read_all = [&] {
    std::vector<const std::byte*> addresses;
    for (uint64_t seen = 0; seen < kNumbers;) {
      const uint64_t available = written.load(std::memory_order_relaxed);
      for (; seen < available; ++seen) {
        uint64_t number = 0;
        const size_t read = storage.Read(
            OffsetOf(seen), std::as_writable_bytes(std::span(&number, 1)));
        if (read != sizeof(number) || number != seen + 1) ++wrong;
        addresses.push_back(storage.Address(OffsetOf(seen), sizeof(number)));
      }
      std::this_thread::yield();
    }
    for (uint64_t i = 0; i < kNumbers; ++i) {
      if (addresses[i] == nullptr) continue;  // in two chunks
      uint64_t number = 0;
      std::memcpy(&number, addresses[i], sizeof(number));
      if (number != i + 1) ++wrong;
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(read_all);
  for (uint64_t i = 0; i < kNumbers; ++i) {
    const uint64_t number = i + 1;
    ASSERT_TRUE(
        storage.Write(OffsetOf(i), std::as_bytes(std::span(&number, 1))));
    written.store(i + 1, std::memory_order_relaxed);
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace appcache::vfs::storage_threads_test
