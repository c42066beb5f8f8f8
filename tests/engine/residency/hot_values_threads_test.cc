// HotValues beside a store that a writer changes: no reader sees an older value
// than one that was complete before its read began.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/residency/hot_values.h"

namespace appcache::residency {
namespace {

constexpr int kKeys = 8;
constexpr int kReaders = 4;
constexpr uint64_t kWrites = 20'000;

// Of each key, the value that is committed in the store, and the one whose
// write has returned.
struct Store {
  std::array<std::atomic<uint64_t>, kKeys> committed{};
  std::array<std::atomic<uint64_t>, kKeys> completed{};
};

uint64_t Read(HotValues& hot, Store& store, int key) {
  uint64_t version = 0;
  const std::string name = std::to_string(key);
  if (const auto found = hot.Find(key, name, version)) {
    return std::stoull(std::string(found->value.view()));
  }
  const uint64_t value = store.committed[key].load();
  std::this_thread::yield();  // a write may come between
  hot.Publish(key, name, {Bytes::Copy(std::to_string(value))}, version);
  return value;
}

TEST(HotValuesThreadsTest, AReadIsNeverOlderThanACompletedWrite) {
  const auto owned = std::make_unique<HotValues>(uint64_t{1} << 20);
  HotValues& hot = *owned;
  Store store;
  std::atomic<bool> stops{false};
  std::atomic<uint64_t> stale{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < kReaders; ++reader) {
    readers.emplace_back([&] {
      for (int key = 0; !stops.load(); key = (key + 1) % kKeys) {
        const uint64_t completed = store.completed[key].load();
        if (Read(hot, store, key) < completed) ++stale;
      }
    });
  }
  for (uint64_t i = 1; i <= kWrites; ++i) {
    const int key = static_cast<int>(i % kKeys);
    store.committed[key].store(i);
    if (i % 1000 == 0) {
      hot.DropAll();
    } else {
      hot.Drop(key);
    }
    store.completed[key].store(i);
  }
  stops = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(stale, 0u);
}

}  // namespace
}  // namespace appcache::residency
