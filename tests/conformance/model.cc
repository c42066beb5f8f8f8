// Compares every backend with a model, a map with expiry times: random
// operations on few keys, with a clock that advances between them.

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"
#include "tests/support/random.h"

namespace appcache {
namespace {

class Model {
 public:
  void Set(const std::string& path, std::string value, TimePoint now, Ttl ttl) {
    entries_[path] = {std::move(value),
                      ttl == kNoTtl ? TimePoint::max() : now + ttl};
  }
  void Invalidate(const std::string& path) { entries_.erase(path); }
  void Clear() { entries_.clear(); }
  struct Entry {
    std::string value;
    TimePoint expires_at;  // TimePoint::max(): never
  };
  std::optional<Entry> Get(const std::string& path, TimePoint now) const {
    const auto found = entries_.find(path);
    if (found == entries_.end() || now >= found->second.expires_at) {
      return std::nullopt;
    }
    return found->second;
  }

 private:
  std::map<std::string, Entry> entries_;
};

// Applies the same operations to the backend and to the model.
class ModelRun {
 public:
  explicit ModelRun(ConformanceTest& test)
      : test_(test), clock_(test.clock_.get()) {}

  void Step();

 private:
  std::string RandomPath() { return "p/" + std::to_string(random_.Below(12)); }

  std::string RandomValue() {
    // Mostly small; some are larger than a page of a database.
    return random_.String(random_.Below(random_.Below(20) == 0 ? 10000 : 30));
  }

  Ttl RandomTtl() {
    return random_.Below(2) == 0
               ? kNoTtl
               : test_.Units(static_cast<int64_t>(random_.Below(50)) + 1);
  }

  void SetOne() {
    const std::string path = RandomPath();
    const std::string value = RandomValue();
    const Ttl ttl = RandomTtl();
    ASSERT_TRUE(test_.backend().SetRaw(path, value, ttl).ok());
    model_.Set(path, value, clock_->Now(), ttl);
  }

  void SetMany() {
    std::vector<std::string> paths(random_.Below(6));
    std::vector<std::string> values(paths.size());
    std::vector<RawEntry> entries;
    for (size_t i = 0; i < paths.size(); ++i) {
      paths[i] = RandomPath();
      values[i] = RandomValue();
      entries.push_back({paths[i], values[i], RandomTtl()});
      model_.Set(paths[i], values[i], clock_->Now(), entries[i].ttl);
    }
    ASSERT_TRUE(test_.backend().SetManyRaw(entries).ok());
  }

  void InvalidateMany() {
    const std::vector<std::string> paths = {RandomPath(), RandomPath()};
    for (const std::string& path : paths) model_.Invalidate(path);
    const std::vector<std::string_view> views(paths.begin(), paths.end());
    ASSERT_TRUE(test_.backend().InvalidateManyRaw(views).ok());
  }

  void GetMany() {
    const std::vector<std::string> paths = {RandomPath(), RandomPath(),
                                            RandomPath()};
    const std::vector<std::string_view> views(paths.begin(), paths.end());
    const auto found = test_.backend().GetManyRaw(views);
    ASSERT_EQ(found.size(), paths.size());
    for (size_t i = 0; i < paths.size(); ++i) Compare(paths[i], found[i]);
  }

  void Compare(const std::string& path, const Lookup<Bytes>& found) {
    ASSERT_FALSE(found.has_error()) << found.status().ToString();
    const auto expected = model_.Get(path, clock_->Now());
    ASSERT_EQ(found.is_hit(), expected.has_value()) << path;
    if (found) {
      ASSERT_TRUE(found->view() == expected->value) << path;
    }
  }

  void View() {
    const std::string path = RandomPath();
    Bytes seen;
    const Lookup<size_t> viewed = test_.backend().ViewRaw(
        path, [&](std::string_view value) { seen = Bytes::Copy(value); });
    Compare(path, viewed.Map([&](size_t) { return seen; }));
  }

  void GetTimed() {
    const std::string path = RandomPath();
    const Lookup<TimedBytes> found = test_.backend().GetTimedRaw(path);
    if (!test_.cache_->Traits().supports_ttl_query) {
      ASSERT_TRUE(found.status().Is(ErrorCode::kUnsupported));
      return;
    }
    ASSERT_FALSE(found.has_error()) << found.status().ToString();
    const auto expected = model_.Get(path, clock_->Now());
    ASSERT_EQ(found.is_hit(), expected.has_value()) << path;
    if (!found) return;
    ASSERT_TRUE(found->value.view() == expected->value) << path;
    ASSERT_EQ(found->remaining_ttl == kNoTtl,
              expected->expires_at == TimePoint::max());
    if (found->remaining_ttl == kNoTtl) return;
    // A server's own clock may have advanced by less than a unit.
    const Ttl most =
        std::chrono::ceil<Ttl>(expected->expires_at - clock_->Now());
    ASSERT_LE(found->remaining_ttl, most) << path;
    ASSERT_LE(most - test_.Units(1), found->remaining_ttl) << path;
  }

  ConformanceTest& test_;
  const FakeClock* const clock_;
  RandomSource random_;
  Model model_;
};

void ModelRun::Step() {
  const uint64_t choice = random_.Below(100);
  if (choice < 25) {
    const std::string path = RandomPath();
    Compare(path, test_.backend().GetRaw(path));
  } else if (choice < 30) {
    View();
  } else if (choice < 35) {
    GetTimed();
  } else if (choice < 45) {
    GetMany();
  } else if (choice < 65) {
    SetOne();
  } else if (choice < 75) {
    SetMany();
  } else if (choice < 84) {
    const std::string path = RandomPath();
    ASSERT_TRUE(test_.backend().InvalidateRaw(path).ok());
    model_.Invalidate(path);
  } else if (choice < 88) {
    InvalidateMany();
  } else if (choice < 99) {
    test_.PassTime(static_cast<int64_t>(random_.Below(20)));
  } else {
    ASSERT_TRUE(test_.cache_->Clear().ok());
    model_.Clear();
  }
}

TEST_P(ConformanceTest, EqualsTheModel) {
  ModelRun run(*this);
  for (int step = 0; step < 4000; ++step) {
    run.Step();
    if (HasFatalFailure()) {
      FAIL() << "at step " << step;
    }
  }
}

}  // namespace
}  // namespace appcache
