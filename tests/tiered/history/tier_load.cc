#include "tests/tiered/history/tier_load.h"

#include <charconv>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace appcache {
namespace {

using Kind = HistoryEvent::Kind;

std::string PathOf(int32_t key) {
  return "pyappcache/key/" + std::to_string(key);
}

// Zero, which nobody writes, when `bytes` is not a number.
uint64_t ToValue(std::string_view bytes) {
  uint64_t value = 0;
  const auto end =
      std::from_chars(bytes.data(), bytes.data() + bytes.size(), value);
  return end.ptr == bytes.data() + bytes.size() ? value : 0;
}

// The distribution of writes over the keys: the first is written many times a
// second, the last once in several seconds. A change that is missed while a
// link is lost is visible only until the next write of the key.
std::discrete_distribution<int32_t> ByWrites(int32_t keys) {
  std::vector<double> weights;
  for (int32_t key = 1; key <= keys; ++key) weights.push_back(1.0 / key / key);
  return {weights.begin(), weights.end()};
}

class Caller {
 public:
  Caller(Backend& backend, const TierLoad& load, int thread)
      : backend_(backend),
        load_(load),
        random_(load.seed * 1000 + static_cast<uint64_t>(thread)),
        written_(ByWrites(load.keys)),
        next_value_((static_cast<uint64_t>(load.process) << 48) +
                    (static_cast<uint64_t>(thread) << 40) + 1) {}

  std::vector<HistoryEvent> Run() {
    const auto until = std::chrono::steady_clock::now() + load_.duration;
    while (std::chrono::steady_clock::now() < until) Step();
    return std::move(events_);
  }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }

  void Step() {
    if (Below(100) >= load_.percent_of_writes) {
      if (Below(10) == 0) return GetMany();
      const auto keys = static_cast<uint64_t>(load_.keys);
      return Get(static_cast<int32_t>(Below(keys)));
    }
    const int32_t key = written_(random_);
    switch (Below(4)) {
      case 0:
        return Invalidate(key);
      case 1:
        return Set(key, std::chrono::milliseconds(20 + Below(200)));
      default:
        return Set(key, kNoTtl);
    }
  }

  HistoryEvent Begin(Kind kind, int32_t key) const {
    return {kind, key, load_.process, 0, 0, 0, SteadyNanoseconds(), 0};
  }
  void End(HistoryEvent event, const Status& status) {
    event.end = SteadyNanoseconds();
    event.is_acknowledged = status.ok() ? 1 : 0;
    events_.push_back(event);
  }

  void Get(int32_t key) {
    const HistoryEvent event = Begin(Kind::kMiss, key);
    EndRead(event, backend_.GetRaw(PathOf(key)));
  }

  void EndRead(HistoryEvent event, const Lookup<Bytes>& found) {
    if (found) {
      event.kind = Kind::kHit;
      event.value = ToValue(found->view());
    }
    End(event, found.status());
  }

  void GetMany() {
    std::vector<std::string> paths;
    for (int32_t key = 0; key < load_.keys; ++key) paths.push_back(PathOf(key));
    const std::vector<std::string_view> views(paths.begin(), paths.end());
    const HistoryEvent event = Begin(Kind::kMiss, 0);
    const std::vector<Lookup<Bytes>> found = backend_.GetManyRaw(views);
    for (int32_t key = 0; key < load_.keys; ++key) {
      HistoryEvent of_key = event;
      of_key.key = key;
      EndRead(of_key, found[static_cast<size_t>(key)]);
    }
  }

  void Set(int32_t key, Ttl ttl) {
    const uint64_t value = next_value_++;
    HistoryEvent event = Begin(Kind::kSet, key);
    event.value = value;
    event.ttl_ns = std::chrono::nanoseconds(ttl).count();
    End(event, backend_.SetRaw(PathOf(key), std::to_string(value), ttl));
    // Reads it at once, which shows whether a process reads its own writes.
    Get(key);
  }

  void Invalidate(int32_t key) {
    const HistoryEvent event = Begin(Kind::kRemove, key);
    End(event, backend_.InvalidateRaw(PathOf(key)));
    Get(key);
  }

  Backend& backend_;
  const TierLoad& load_;
  std::mt19937_64 random_;
  std::discrete_distribution<int32_t> written_;
  uint64_t next_value_;
  std::vector<HistoryEvent> events_;
};

}  // namespace

std::vector<HistoryEvent> RunTierLoad(Backend& backend, const TierLoad& load) {
  std::vector<std::vector<HistoryEvent>> seen(
      static_cast<size_t>(load.threads));
  std::vector<std::thread> threads;
  for (int thread = 0; thread < load.threads; ++thread) {
    threads.emplace_back([&, thread] {
      seen[static_cast<size_t>(thread)] = Caller(backend, load, thread).Run();
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<HistoryEvent> all;
  for (const auto& events : seen) {
    all.insert(all.end(), events.begin(), events.end());
  }
  return all;
}

}  // namespace appcache
