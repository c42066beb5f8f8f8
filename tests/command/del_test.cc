// How del counts entries, with and without support for ttl queries.

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/map_cache.h"
#include "tools/command/entries/entries.h"
#include "tools/command/entries/selection.h"

namespace appcache::command::del_test {
namespace {

class WithoutTtlQueries : public MapBackend {
 public:
  BackendTraits Traits() const override {
    BackendTraits traits = MapBackend::Traits();
    traits.supports_ttl_query = false;
    return traits;
  }
  Lookup<appcache::Ttl> TtlRaw(std::string_view) override {
    return Lookup<appcache::Ttl>::Failed(
        Status(ErrorCode::kUnsupported, "ttl queries are not supported"));
  }
};

void Fill(MapBackend& backend) {
  for (const char* const path : {"a", "b", "c"}) {
    ASSERT_TRUE(backend.SetRaw(path, "value", kNoTtl).ok());
  }
}

TEST(DelTest, CountsByTtlQueriesWithoutReadingValues) {
  MapBackend backend;
  Fill(backend);
  backend.set_hook(Failing(MapBackend::Operation::kGet,
                           Status(ErrorCode::kUnavailable, "was read")));
  const Result<uint64_t> removed =
      RemoveAll(backend, {"a", "missing", "b", "a"});
  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(*removed, 2u);
  EXPECT_EQ(backend.size(), 1u);
}

TEST(DelTest, CountsByReadingWithoutTtlQueries) {
  WithoutTtlQueries backend;
  Fill(backend);
  const Result<uint64_t> removed =
      RemoveAll(backend, {"a", "missing", "b", "a"});
  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(*removed, 2u);
  EXPECT_EQ(backend.size(), 1u);
}

TEST(DelTest, AFailureStopsIt) {
  MapBackend backend;
  Fill(backend);
  backend.set_hook(
      Failing(MapBackend::Operation::kInvalidate,
              Status(ErrorCode::kUnavailable, "the server is down")));
  const Result<uint64_t> removed = RemoveAll(backend, {"a"});
  EXPECT_TRUE(removed.status().Is(ErrorCode::kUnavailable));
}

// As Redis may do it, and LMDB with a damaged record.
class VisitsTwice : public MapBackend {
 public:
  Status WalkRaw(const WalkOptions& options, WalkVisitor visit) override {
    const Status walked = MapBackend::WalkRaw(
        options, [&](const WalkedEntry& entry) { return visit(entry); });
    if (!walked.ok()) return walked;
    const Status again = MapBackend::WalkRaw(options, visit);
    return again.ok() ? damage : again;
  }

  Status damage;
};

TEST(SelectionTest, AnEntryThatIsVisitedTwiceIsRemovedOnce) {
  VisitsTwice backend;
  Fill(backend);
  const Result<Removal> removed = Selection().Remove(backend, false);
  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(removed->entries, 3u);
  EXPECT_EQ(backend.size(), 0u);
}

TEST(SelectionTest, DamagedEntriesThatWereLeftOutAreReportedAfterTheRemoval) {
  VisitsTwice backend;
  Fill(backend);
  backend.damage = Status(ErrorCode::kCorrupt, "left out 1", EBADMSG);
  const Result<Removal> removed = Selection().Remove(backend, false);
  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(removed->entries, 3u);
  EXPECT_EQ(removed->damage.message(), "left out 1");
  backend.damage = Status(ErrorCode::kCorrupt, "not a database", 11);
  EXPECT_FALSE(Selection().Remove(backend, false).ok());
}

}  // namespace
}  // namespace appcache::command::del_test
