// appcache check on a file that was damaged with SQL.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <nlohmann/json.hpp>

#include "tests/command/command.h"

namespace appcache::command::check_test {
namespace {

using Json = nlohmann::json;

class CheckTest : public CommandTest {
 protected:
  void SetUp() override {
    for (const char* const key : {"a", "b", "c"}) {
      Run({"set", "--cache", "cache.db", key, "value"});
    }
  }

  void Execute(const char* sql) const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(Path("cache.db").c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
};

TEST_F(CheckTest, ProblemsAreReportedAndRepaired) {
  Execute("DELETE FROM usage WHERE h = (SELECT min(h) FROM usage)");
  const Output found = Run({"check", "--cache", "cache.db"});
  EXPECT_EQ(found.status, 3);
  EXPECT_NE(found.out.find("--fix"), std::string::npos);
  const Output repaired =
      Run({"check", "--fix", "--json", "--cache", "cache.db"});
  EXPECT_EQ(repaired.status, 0);
  const Json report = Json::parse(repaired.out);
  EXPECT_FALSE(report["problems"].empty());
  EXPECT_EQ(report["sound"], true);
  EXPECT_EQ(report["entries"], 2);
  EXPECT_EQ(Run({"check", "--cache", "cache.db"}).status, 0);
}

TEST_F(CheckTest, AFileThatIsNotACacheIsAFailure) {
  WriteFile("other", "not a database");
  const Output output = Run({"check", "--fix", "--cache", "other"});
  EXPECT_EQ(output.status, 3);
  EXPECT_EQ(ReadFile("other"), "not a database");
}

}  // namespace
}  // namespace appcache::command::check_test
