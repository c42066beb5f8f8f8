// The visitor of a value in memory: what it may call, and what is refused.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache::visitor_test {
namespace {

constexpr char kName[] = "visited";
constexpr size_t kMaxBytes = 100'000;

class VisitorTest : public testing::Test {
 protected:
  VisitorTest() {
    options_.clock = std::make_shared<FakeClock>();
    options_.max_bytes = kMaxBytes;
    cache_ = Open(kName);
    Set(*cache_, "a", "first");
    Set(*cache_, "b", "second");
  }

  std::unique_ptr<SqliteCache> Open(std::string_view name) const {
    return Must(SqliteCache::OpenInMemory(options_, name));
  }

  // Calls `visit` inside a read of "a", which must be a hit.
  void Visit(const std::function<void(std::string_view)>& visit) {
    int calls = 0;
    const Lookup<size_t> viewed =
        cache_->backend()->ViewRaw("a", [&](std::string_view bytes) {
          ++calls;
          visit(bytes);
        });
    EXPECT_TRUE(viewed.is_hit()) << viewed.status().ToString();
    EXPECT_EQ(calls, 1);
  }

  SqliteCacheOptions options_;
  std::unique_ptr<SqliteCache> cache_;
  const Scratch scratch_;
};

TEST_F(VisitorTest, SeesTheBytes) {
  const std::string bytes("\0a\xff", 3);
  for (const std::string& value : {std::string(), bytes}) {
    Set(*cache_, "a", value);
    for (int flushes = 0; flushes < 2; ++flushes) {
      Visit([&](std::string_view seen) { EXPECT_EQ(seen, value); });
      const Lookup<size_t> viewed =
          cache_->backend()->ViewRaw("a", [](std::string_view) {});
      EXPECT_EQ(viewed.value_or(99), value.size());
      ASSERT_TRUE(cache_->Flush().ok());
    }
  }
}

TEST_F(VisitorTest, MayDestroyAnotherCacheOfTheDatabase) {
  auto open = Open(kName);
  auto closed = Open(kName);
  ASSERT_TRUE(closed->Close().ok());
  Visit([&](std::string_view) {
    open.reset();
    closed.reset();
  });
  Set(*cache_, "a", "third");
  EXPECT_EQ(Get(*cache_, "a"), "third");
  // The last user closes the database.
  EXPECT_TRUE(cache_->Close().ok());
  EXPECT_FALSE(SqliteCache::ConnectInMemory(kName).ok());
}

TEST_F(VisitorTest, MayRead) {
  const auto other = Open(kName);
  Visit([&](std::string_view bytes) {
    for (SqliteCache* const cache : {cache_.get(), other.get()}) {
      EXPECT_EQ(Get(*cache, "a"), "first");
      EXPECT_EQ(Get(*cache, "b"), "second");
      EXPECT_EQ(Get(*cache, "none"), "<miss>");
      EXPECT_EQ(cache->backend()->TtlRaw("b").value_or(Ttl(1)), kNoTtl);
      EXPECT_TRUE(cache->backend()->GetTimedRaw("b").is_hit());
      const std::string_view paths[] = {"a", "b"};
      EXPECT_EQ(cache->backend()->GetManyRaw(paths).size(), 2u);
      EXPECT_EQ(cache->Stats().entries, 2u);
      EXPECT_TRUE(cache->Ping().ok());
      EXPECT_EQ(cache->backend()
                    ->ViewRaw("b",
                              [&](std::string_view inner) {
                                EXPECT_EQ(inner, "second");
                                EXPECT_EQ(Get(*cache_, "a"), "first");
                              })
                    .value_or(0),
                6u);
    }
    EXPECT_EQ(bytes, "first");
  });
}

TEST_F(VisitorTest, MayReadAValueThatIsAway) {
  cache_.reset();
  options_.resident_bytes = 0;
  cache_ = Open(kName);
  Set(*cache_, "a", "first");
  Set(*cache_, "b", "second");
  ASSERT_TRUE(cache_->Flush().ok());
  Visit([&](std::string_view bytes) {
    EXPECT_EQ(Get(*cache_, "b"), "second");
    EXPECT_EQ(Get(*cache_, "a"), "first");
    EXPECT_EQ(bytes, "first");
    EXPECT_TRUE(cache_->backend()
                    ->SetRaw("a", "x", kNoTtl)
                    .Is(ErrorCode::kInvalidArgument));
  });
}

TEST_F(VisitorTest, MayNotWriteFlushOrClose) {
  const auto other = Open(kName);
  StoredEntry stored;
  stored.info.path = "a";
  const std::string snapshot = scratch_.Path("snapshot.db");
  using Operation = std::function<Status(SqliteCache&)>;
  const std::vector<std::pair<std::string, Operation>> operations = {
      {"set",
       [](SqliteCache& c) { return c.backend()->SetRaw("a", "x", kNoTtl); }},
      {"set many",
       [](SqliteCache& c) {
         const RawEntry entries[] = {{"a", "x", kNoTtl}, {"n", "x", kNoTtl}};
         return c.backend()->SetManyRaw(entries);
       }},
      {"set of too large a value",
       [](SqliteCache& c) {
         return c.backend()->SetRaw("a", std::string(kMaxBytes, 'x'), kNoTtl);
       }},
      {"add",
       [](SqliteCache& c) {
         return c.backend()->AddRaw("n", "x", kNoTtl).status();
       }},
      {"invalidate",
       [](SqliteCache& c) { return c.backend()->InvalidateRaw("a"); }},
      {"invalidate by prefix",
       [](SqliteCache& c) { return c.backend()->InvalidatePrefixRaw("a"); }},
      {"invalidate all",
       [](SqliteCache& c) { return c.backend()->InvalidatePrefixRaw(""); }},
      {"clear", [](SqliteCache& c) { return c.Clear(); }},
      {"restore",
       [&](SqliteCache& c) {
         return c.RestoreMany({&stored, 1});
       }},
      {"flush", [](SqliteCache& c) { return c.Flush(); }},
      {"close", [](SqliteCache& c) { return c.Close(); }},
      {"check", [](SqliteCache& c) { return c.Check().status(); }},
      {"fix", [](SqliteCache& c) { return c.CheckAndFix().status(); }},
      {"snapshot", [&](SqliteCache& c) { return c.Snapshot(snapshot); }},
      {"for each key",
       [](SqliteCache& c) {
         return c.ForEachKey([](const EntryInfo&) { return true; });
       }},
      {"for each entry",
       [](SqliteCache& c) {
         return c.ForEachEntry([](const StoredEntry&) { return true; });
       }},
  };
  for (const auto& each : operations) {
    SCOPED_TRACE(each.first);
    const auto& operation = each.second;
    Visit([&](std::string_view bytes) {
      for (SqliteCache* const cache : {cache_.get(), other.get()}) {
        const Status status = operation(*cache);
        EXPECT_TRUE(status.Is(ErrorCode::kInvalidArgument))
            << status.ToString();
        // Inside a nested read, too.
        EXPECT_TRUE(cache->backend()->ViewRaw("b", [&](std::string_view) {
          EXPECT_TRUE(operation(*cache).Is(ErrorCode::kInvalidArgument));
        }));
      }
      EXPECT_EQ(bytes, "first");
    });
    EXPECT_EQ(*cache_->Stats().entries, 2u);
    EXPECT_EQ(Get(*cache_, "a"), "first");
    EXPECT_EQ(Get(*other, "b"), "second");
  }
  // Afterwards everything works.
  EXPECT_TRUE(cache_->Flush().ok());
  EXPECT_EQ(ProblemsIn(*cache_), Strings());
  for (const auto& [name, operation] : operations) {
    if (name == "close" || name == "set of too large a value") continue;
    EXPECT_TRUE(operation(*other).ok()) << name;
  }
}

TEST_F(VisitorTest, TheMessageSaysWhatToDo) {
  Visit([&](std::string_view) {
    const Status status = cache_->Clear();
    EXPECT_NE(status.ToString().find("after the read"), std::string::npos)
        << status.ToString();
  });
}

TEST_F(VisitorTest, MayWriteToAnotherCache) {
  const auto other = Open("not visited");
  const auto file = Must(SqliteCache::OpenFile(scratch_.Path("cache.db")));
  Visit([&](std::string_view bytes) {
    for (SqliteCache* const cache : {other.get(), file.get()}) {
      Set(*cache, "copy", bytes);
      EXPECT_TRUE(cache->Flush().ok());
      EXPECT_EQ(Get(*cache, "copy"), "first");
      EXPECT_TRUE(cache->backend()->InvalidateRaw("copy").ok());
      EXPECT_TRUE(cache->Close().ok());
    }
  });
}

TEST_F(VisitorTest, AnExceptionReachesTheCallerAfterTheRead) {
  ASSERT_TRUE(cache_->SetByStr<std::string>("typed", "value").ok());
  EXPECT_THROW(
      (void)cache_->ReadByStr(
          "typed",
          [](std::string_view) { throw std::runtime_error("by the visitor"); }),
      std::runtime_error);
  // Writes work after the read.
  EXPECT_TRUE(cache_->SetByStr<std::string>("typed", "new").ok());
  std::string seen;
  EXPECT_TRUE(cache_->ReadByStr("typed", [&](std::string_view bytes) {
    seen = bytes;
    EXPECT_TRUE(cache_->SetByStr<std::string>("typed", "x")
                    .Is(ErrorCode::kInvalidArgument));
  }));
  EXPECT_EQ(seen, "new");
}

// It has the value that it was called with, whatever others do.
TEST_F(VisitorTest, TheBytesStayWhileAnotherThreadReplacesThem) {
  Visit([&](std::string_view bytes) {
    std::thread([&] {
      for (int i = 0; i < 2000; ++i) Set(*cache_, "a", std::string(100, 'x'));
      EXPECT_TRUE(cache_->Flush().ok());
      EXPECT_TRUE(cache_->Clear().ok());
      EXPECT_TRUE(cache_->Flush().ok());
      Set(*cache_, "a", "newest");
    }).join();
    EXPECT_EQ(bytes, "first");
    EXPECT_EQ(Get(*cache_, "a"), "newest");
  });
}

}  // namespace
}  // namespace appcache::visitor_test
