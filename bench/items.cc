#include "bench/items.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <random>

#include "appcache/cache_options.h"
#include "engine/lru/hash.h"

namespace appcache::bench {
namespace {

constexpr size_t kOrderItems = size_t{1} << 16;
constexpr uint64_t kSeed = 7;

}  // namespace

std::vector<Item> MakeItems(uint32_t first_id, size_t count,
                            std::string_view segment) {
  const std::string prefix =
      CacheOptions().prefix + "/" + std::string(segment) + "/";
  std::vector<Item> items;
  items.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const auto id = static_cast<uint32_t>(first_id + i);
    const std::string path = prefix + std::to_string(id);
    assert(path.size() <= sizeof Item::path_text);
    Item& item = items.emplace_back();
    item.h = lru::HashPath(path, static_cast<int64_t>(kHashSeed));
    item.id = id;
    item.path_bytes = static_cast<uint32_t>(
        path.copy(item.path_text.data(), item.path_text.size()));
  }
  return items;
}

std::string MakeValue(size_t bytes) {
  std::mt19937_64 random(kSeed);
  std::string value(bytes, '\0');
  for (char& c : value) c = static_cast<char>('a' + random() % 26);
  return value;
}

std::vector<uint32_t> UniformOrder(size_t items) {
  assert(items > 0);
  std::mt19937_64 random(kSeed);
  std::uniform_int_distribution<uint32_t> draw(
      0, static_cast<uint32_t>(items - 1));
  std::vector<uint32_t> order(kOrderItems);
  for (uint32_t& item : order) item = draw(random);
  return order;
}

std::vector<uint32_t> ShuffledOrder(size_t items) {
  std::vector<uint32_t> order(items);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937_64(kSeed));
  return order;
}

}  // namespace appcache::bench
