// RedisCache over a link on which everything goes wrong: no value that was not
// written, never another key's, every call in time, and no lasting damage.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "adapters/redis/redis_cache.h"
#include "tests/servers/fault_proxy.h"
#include "tests/servers/redis_server.h"
#include "tests/support/random.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kTimeout{50};
// What a call may take beyond its timeout: a slow machine wakes up late.
constexpr milliseconds kLate{2000};
constexpr int kThreads = 4;
constexpr int kKeysPerThread = 6;
constexpr unsigned kFaultsPerHundred = 15;

int OperationsPerThread() {
  const char* const more = std::getenv("APPCACHE_TEST_OPERATIONS");
  return more != nullptr ? std::stoi(more) : 1500;
}

// What a key may hold.
struct Possible {
  std::optional<std::string> last;  // the last acknowledged; none: no entry
  // Of writes whose outcome is unknown: done at once, later, or never.
  std::set<std::optional<std::string>> perhaps = {};

  bool Allows(const std::optional<std::string>& found) const {
    return found == last || perhaps.contains(found);
  }
};

// One thread's random operations on keys that are its own.
class Client {
 public:
  Client(Cache& cache, int id, uint64_t seed)
      : cache_(cache), name_("client" + std::to_string(id)), random_(seed) {}

  void Step() {
    const auto begin = steady_clock::now();
    switch (Below(10)) {
      case 0:
      case 1:
      case 2:
        SetOne();
        break;
      case 3:
        Invalidate();
        break;
      case 4:
        GetMany();
        break;
      case 5:
        SetMany();
        break;
      default:
        GetOne();
    }
    longest_ = std::max(longest_, steady_clock::now() - begin);
  }

  // With a link that works, all is exact again.
  void ExpectHealed() {
    for (int i = 0; i < kKeysPerThread; ++i) {
      const std::string path = Path(i);
      EXPECT_TRUE(cache_.SetRaw(path, "healed " + path, kNoTtl).ok());
    }
    for (int i = 0; i < kKeysPerThread; ++i) {
      const std::string path = Path(i);
      const Lookup<Bytes> found = cache_.GetRaw(path);
      ASSERT_TRUE(found.is_hit()) << found.status().ToString();
      EXPECT_EQ(found->view(), "healed " + path);
    }
  }

  steady_clock::duration longest() const { return longest_; }
  int failures() const { return failures_; }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  std::string Path(uint64_t i) const { return name_ + "/" + std::to_string(i); }
  std::string RandomPath() { return Path(Below(kKeysPerThread)); }

  // No two are the same, and each says whose it is.
  std::string NewValue(const std::string& path) {
    const size_t padding = Below(20) == 0 ? 40'000 : Below(100);
    return path + "=" + std::to_string(++values_) + std::string(padding, '.');
  }

  void Note(const Status& status, const std::string& path,
            std::optional<std::string> written) {
    Possible& possible = possible_[path];
    if (status.ok()) {
      possible.last = std::move(written);
      return;
    }
    ++failures_;
    EXPECT_TRUE(status.Is(ErrorCode::kTimeout) ||
                status.Is(ErrorCode::kUnavailable) ||
                status.Is(ErrorCode::kBusy))
        << status.ToString();
    possible.perhaps.insert(std::move(written));
  }

  void Check(const std::string& path, const Lookup<Bytes>& lookup) {
    if (lookup.has_error()) {
      ++failures_;
      return;
    }
    std::optional<std::string> found;
    if (lookup) found = lookup->view();
    EXPECT_TRUE(possible_[path].Allows(found))
        << path << " held " << found.value_or("nothing").substr(0, 40);
  }

  void SetOne() {
    const std::string path = RandomPath();
    const std::string value = NewValue(path);
    Note(cache_.SetRaw(path, value, kNoTtl), path, value);
  }

  void Invalidate() {
    const std::string path = RandomPath();
    Note(cache_.InvalidateRaw(path), path, std::nullopt);
  }

  void GetOne() {
    const std::string path = RandomPath();
    Check(path, cache_.GetRaw(path));
  }

  void GetMany() {
    std::vector<std::string> paths;
    for (int i = 0; i < kKeysPerThread; ++i) paths.push_back(Path(i));
    const std::vector<std::string_view> views(paths.begin(), paths.end());
    const std::vector<Lookup<Bytes>> found = cache_.GetManyRaw(views);
    ASSERT_EQ(found.size(), paths.size());
    for (size_t i = 0; i < paths.size(); ++i) Check(paths[i], found[i]);
  }

  void SetMany() {
    const std::string one = Path(0);
    const std::string two = Path(1);
    const std::string value_of_one = NewValue(one);
    const std::string value_of_two = NewValue(two);
    const std::vector<Cache::RawEntry> entries = {{one, value_of_one},
                                                  {two, value_of_two}};
    const Status status = cache_.SetManyRaw(entries);
    Note(status, one, value_of_one);
    Note(status, two, value_of_two);
  }

  Cache& cache_;
  const std::string name_;
  std::mt19937_64 random_;
  std::map<std::string, Possible> possible_;
  int values_ = 0;
  int failures_ = 0;
  steady_clock::duration longest_{};
};

size_t OpenDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

TEST(RedisFaultTest, NoWrongValueEveryCallInTimeAndWellAgainAtOnce) {
  RandomSource random;
  RedisServer server;
  FaultProxy proxy(server.socket_path(), random.Bits());
  const size_t descriptors = OpenDescriptors();
  RedisCacheOptions options;
  options.host = "127.0.0.1";
  options.port = proxy.port();
  options.timeout = kTimeout;
  options.connect_timeout = kTimeout;
  options.max_connections = kThreads;
  std::unique_ptr<RedisCache> cache = *RedisCache::Open(options);
  std::vector<Client> clients;
  for (int i = 0; i < kThreads; ++i) {
    clients.emplace_back(*cache, i, random.Bits());
  }

  proxy.SetFaultsPerHundred(kFaultsPerHundred);
  std::vector<std::jthread> threads;
  for (Client& client : clients) {
    threads.emplace_back([&client] {
      for (int i = OperationsPerThread(); i > 0; --i) client.Step();
    });
  }
  threads.clear();
  proxy.SetFaultsPerHundred(0);
  for (Client& client : clients) {
    client.ExpectHealed();
    EXPECT_GT(client.failures(), 0);
    EXPECT_LE(client.longest(), kTimeout + kLate);
    std::cout
        << "longest call: "
        << std::chrono::duration_cast<milliseconds>(client.longest()).count()
        << " ms, failures: " << client.failures() << std::endl;
  }
  for (size_t fault = 1; fault < FaultProxy::kFaults; ++fault) {
    EXPECT_GT(proxy.Count(static_cast<FaultProxy::Fault>(fault)), 0u) << fault;
  }
  cache.reset();
  // The proxy closes its ends when it hears of it.
  const auto deadline = steady_clock::now() + std::chrono::seconds(30);
  while (OpenDescriptors() > descriptors && steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(OpenDescriptors(), descriptors);
}

}  // namespace
}  // namespace appcache
