// Caches that are destroyed while loads run in the background.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "appcache/backend.h"
#include "appcache/cache.h"
#include "appcache/executor.h"

namespace appcache::cache_destruction_test {
namespace {

// What has happened to a backend. Outlives it.
struct Record {
  std::atomic<int> sets{0};
  std::atomic<bool> is_destroyed{false};
  std::atomic<bool> was_called_after_destruction{false};
};

// Implements the four required functions.
class RecordingBackend final : public Backend {
 public:
  explicit RecordingBackend(std::shared_ptr<Record> record)
      : record_(std::move(record)) {}
  ~RecordingBackend() override { record_->is_destroyed = true; }

  Lookup<Bytes> GetRaw(std::string_view path) override {
    const std::lock_guard<std::mutex> guard(CheckedMutex());
    const auto found = entries_.find(path);
    return found == entries_.end() ? Lookup<Bytes>::Miss()
                                   : Lookup<Bytes>::Hit(found->second);
  }
  Status SetRaw(std::string_view path, std::string_view value, Ttl) override {
    const std::lock_guard<std::mutex> guard(CheckedMutex());
    entries_.insert_or_assign(std::string(path), Bytes::Copy(value));
    ++record_->sets;
    return Status();
  }
  Status InvalidateRaw(std::string_view path) override {
    const std::lock_guard<std::mutex> guard(CheckedMutex());
    entries_.erase(std::string(path));
    return Status();
  }
  Status ClearRaw() override {
    const std::lock_guard<std::mutex> guard(CheckedMutex());
    entries_.clear();
    return Status();
  }

 private:
  std::mutex& CheckedMutex() {
    if (record_->is_destroyed) record_->was_called_after_destruction = true;
    return mutex_;
  }

  const std::shared_ptr<Record> record_;
  std::mutex mutex_;
  std::map<std::string, Bytes, std::less<>> entries_;  // guarded by mutex_
};

// Counts down when its destruction begins.
class ObservedCache final : public Cache {
 public:
  ObservedCache(std::shared_ptr<Backend> backend, std::latch& destroying)
      : Cache(std::move(backend)), destroying_(destroying) {}
  ~ObservedCache() override { destroying_.count_down(); }

 private:
  std::latch& destroying_;
};

class CacheDestructionTest : public testing::Test {
 protected:
  CacheDestructionTest() { load_.executor = executor_; }

  // Starts a load in the background that ends when the destruction of the cache
  // has begun. Returns when the loader runs.
  void StartLoad() {
    // The caller waits at most for this long; then it throws LoadTimeout.
    load_.hard_timeout = std::chrono::milliseconds(0);
    EXPECT_THROW(cache_->GetVia(
                     key_,
                     [this, cache = cache_.get()] {
                       loading_.count_down();
                       destroying_.wait();
                       // The backend still works.
                       const Lookup<Bytes> found =
                           cache->backend()->GetRaw("other");
                       return std::string(found ? "hit" : "miss");
                     },
                     load_),
                 LoadTimeout);
    loading_.wait();
  }

  const std::shared_ptr<Record> record_ = std::make_shared<Record>();
  const std::shared_ptr<ThreadExecutor> executor_ =
      std::make_shared<ThreadExecutor>();
  const Key<std::string> key_{"k"};
  LoadOptions load_;
  std::latch loading_{1};
  std::latch destroying_{1};
  std::shared_ptr<RecordingBackend> backend_ =
      std::make_shared<RecordingBackend>(record_);
  std::unique_ptr<Cache> cache_ =
      std::make_unique<ObservedCache>(backend_, destroying_);
};

TEST_F(CacheDestructionTest, ALoadMayUseTheBackendUntilItEnds) {
  StartLoad();
  backend_ = nullptr;  // the cache alone owns the backend
  cache_ = nullptr;
  EXPECT_EQ(record_->sets, 1);
  EXPECT_TRUE(record_->is_destroyed);
  EXPECT_FALSE(record_->was_called_after_destruction);
}

TEST_F(CacheDestructionTest, ALoadIsStoredInABackendThatOutlivesTheCache) {
  StartLoad();
  cache_ = nullptr;
  EXPECT_FALSE(record_->is_destroyed);
  EXPECT_EQ(backend_->GetRaw("pyappcache/k").value().view(), "miss");
}

TEST_F(CacheDestructionTest, ACacheDoesNotWaitForTheLoadsOfAnother) {
  std::latch unused(1);
  std::unique_ptr<Cache> other =
      std::make_unique<ObservedCache>(backend_, unused);
  StartLoad();
  other = nullptr;
  EXPECT_EQ(record_->sets, 0);
  cache_ = nullptr;
  EXPECT_EQ(record_->sets, 1);
}

}  // namespace
}  // namespace appcache::cache_destruction_test
