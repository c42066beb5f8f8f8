// OpenFile and maintenance, which it starts, do not use the connection that
// writes at the same time.
//
// Maintenance waits at a point at which it holds the writer lock, while the
// thread that opens the file goes on.

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "engine/support/test_point.h"
#include "tests/engine/probe.h"
#include "tests/support/temp_dir.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Stops maintenance in its first write, from the moment at which this thread
// has evicted until Release.
class HeldMaintenance {
 public:
  explicit HeldMaintenance(FakeClock& clock) : clock_(clock) {
    instance_ = this;
    internal::test_point_handler = [](const char* point) noexcept {
      instance_->Reach(point);
    };
  }
  ~HeldMaintenance() {
    Release();
    internal::test_point_handler = nullptr;
  }
  HeldMaintenance(const HeldMaintenance&) = delete;
  HeldMaintenance& operator=(const HeldMaintenance&) = delete;

  void Release() {
    const std::lock_guard<std::mutex> guard(mutex_);
    is_released_ = true;
    changed_.notify_all();
  }

  bool has_held() {
    const std::lock_guard<std::mutex> guard(mutex_);
    return is_held_;
  }
  bool has_counted() const { return has_counted_; }

 private:
  void Reach(std::string_view point) noexcept {
    if (std::this_thread::get_id() != opener_) {
      if (point == "write.locked") Hold();
    } else if (point == "open.evicted") {
      clock_.Advance(seconds(10));  // something has expired
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return is_held_; });
    } else if (point == "open.counting") {
      has_counted_ = true;
    }
  }

  void Hold() noexcept {
    std::unique_lock<std::mutex> lock(mutex_);
    is_held_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_released_; });
  }

  static inline HeldMaintenance* instance_ = nullptr;

  FakeClock& clock_;
  const std::thread::id opener_ = std::this_thread::get_id();
  bool has_counted_ = false;  // of the thread that opens
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_held_ = false;      // guarded by mutex_
  bool is_released_ = false;  // guarded by mutex_
};

TEST(OpenTest, DoesNotUseTheWriterWhileMaintenanceWrites) {
  const TempDir directory;
  const std::string path = directory.path() + "/cache";
  const auto clock = std::make_shared<FakeClock>();
  SqliteCacheOptions options;
  options.clock = clock;
  options.expiry_sweep_interval = milliseconds(1);
  options.busy_timeout = milliseconds(1);
  {
    const auto cache = Must(SqliteCache::OpenFile(path, options));
    Set(*cache, "key", "value", seconds(5));
  }
  HeldMaintenance maintenance(*clock);
  const SqliteCache::Opened opened = SqliteCache::OpenFile(path, options);
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_TRUE(maintenance.has_held());
  EXPECT_FALSE(maintenance.has_counted());
  maintenance.Release();
}

}  // namespace
}  // namespace appcache
