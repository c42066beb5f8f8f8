#include "tools/command/exec/exec_flags.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <functional>
#include <string>

namespace appcache::command::exec_flags_test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Sets a variable of the environment while it exists.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    setenv(name, value, 1);
  }
  ~Variable() { unsetenv(name_); }

 private:
  const char* const name_;
};

ExecOptions Resolved(const ExecFlags& flags) {
  const auto options = flags.Resolve();
  EXPECT_TRUE(options.ok()) << options.status().message();
  return options.ok() ? *options : ExecOptions();
}

TEST(ExecFlagsTest, TheEnvironmentHasDefaults) {
  const Variable ttl("APPCACHE_TTL", "10m");
  const Variable stale("APPCACHE_STALE", "2h");
  const Variable wait("APPCACHE_WAIT", "3s");
  const Variable timeout("APPCACHE_CACHE_TIMEOUT", "4s");
  const Variable output("APPCACHE_MAX_OUTPUT", "5KiB");
  const ExecOptions options = Resolved({});
  EXPECT_EQ(options.lifetime.ttl, minutes(10));
  EXPECT_EQ(options.lifetime.stale, hours(2));
  EXPECT_EQ(options.wait, seconds(3));
  EXPECT_EQ(options.cache_timeout, seconds(4));
  EXPECT_EQ(options.max_output, uint64_t{5} << 10);
}

TEST(ExecFlagsTest, AnOptionWinsOverTheEnvironment) {
  const Variable ttl("APPCACHE_TTL", "10m");
  const Variable invalid("APPCACHE_STALE", "nonsense");
  ExecFlags flags;
  flags.ttl = seconds(1);
  flags.stale = seconds(2);
  const ExecOptions options = Resolved(flags);
  EXPECT_EQ(options.lifetime.ttl, seconds(1));
  EXPECT_EQ(options.lifetime.stale, seconds(2));
}

TEST(ExecFlagsTest, AnEmptyVariableIsNoDefault) {
  const Variable ttl("APPCACHE_TTL", "");
  const Variable scope("APPCACHE_SCOPE", "");
  const ExecOptions options = Resolved({});
  EXPECT_EQ(options.lifetime.ttl, hours(1));
  EXPECT_TRUE(options.scopes.empty());
}

TEST(ExecFlagsTest, AnInvalidVariableIsNamedAndItsTextIsNot) {
  for (const char* const name :
       {"APPCACHE_TTL", "APPCACHE_STALE", "APPCACHE_WAIT",
        "APPCACHE_CACHE_TIMEOUT", "APPCACHE_MAX_OUTPUT"}) {
    const Variable variable(name, "nonsense");
    const auto options = ExecFlags().Resolve();
    ASSERT_FALSE(options.ok()) << name;
    EXPECT_TRUE(options.status().Is(ErrorCode::kInvalidArgument));
    const std::string message = options.status().message();
    EXPECT_EQ(message.find(std::string(name) + ": "), 0u) << message;
    EXPECT_EQ(message.find("nonsense"), std::string::npos) << message;
  }
  const Variable variable("APPCACHE_SCOPE", "evn:HOME");
  const auto options = ExecFlags().Resolve();
  ASSERT_FALSE(options.ok());
  EXPECT_EQ(options.status().message().find("APPCACHE_SCOPE: "), 0u);
}

TEST(ExecFlagsTest, AScopeOfTheEnvironmentIsAddedUnlessANameIsGiven) {
  const Variable variable("APPCACHE_SCOPE", "script 1");
  ExecFlags flags;
  flags.options.scopes = {{Scope::Kind::kDirectory, ""}};
  const ExecOptions both = Resolved(flags);
  ASSERT_EQ(both.scopes.size(), 2u);
  EXPECT_EQ(both.scopes[1].kind, Scope::Kind::kName);
  EXPECT_EQ(both.scopes[1].name, "script 1");
  flags.options.scopes.push_back({Scope::Kind::kName, "mine"});
  EXPECT_EQ(Resolved(flags).scopes.size(), 2u);
  flags.options.scopes.clear();
  flags.forget = true;
  EXPECT_EQ(Resolved(flags).scopes.size(), 1u);
}

TEST(ExecFlagsTest, TheScopeOfTheEnvironmentCanBeOfAnyKind) {
  const Variable variable("APPCACHE_SCOPE", "cwd");
  const ExecOptions options = Resolved({});
  ASSERT_EQ(options.scopes.size(), 1u);
  EXPECT_EQ(options.scopes[0].kind, Scope::Kind::kDirectory);
}

TEST(ExecFlagsTest, OptionsThatExcludeEachOtherAreErrors) {
  struct Case {
    std::function<void(ExecFlags&)> set;
    const char* message;
  };
  const Case cases[] = {
      {[](ExecFlags& f) { f.list = f.forget = true; },
       "--list cannot be combined with --forget"},
      {[](ExecFlags& f) { f.list = f.options.warm = true; },
       "--list cannot be combined with --warm"},
      {[](ExecFlags& f) { f.options.refresh = f.options.warm = true; },
       "--refresh cannot be combined with --warm"},
      {[](ExecFlags& f) { f.json = true; }, "--json requires --list"},
      {[](ExecFlags& f) { f.json = f.forget = true; },
       "--json requires --list"},
      {[](ExecFlags& f) {
         f.list = true;
         f.ttl = seconds(1);
       },
       "--list cannot be combined with --ttl"},
      {[](ExecFlags& f) {
         f.forget = true;
         f.options.cache.max_entries = 1;
       },
       "--forget cannot be combined with --max-entries"},
      {[](ExecFlags& f) {
         f.list = true;
         f.options.scopes.push_back({Scope::Kind::kDirectory, ""});
       },
       "--list cannot be combined with --scope"},
  };
  for (const Case& one : cases) {
    ExecFlags flags;
    one.set(flags);
    const Status status = flags.Check();
    EXPECT_TRUE(status.Is(ErrorCode::kInvalidArgument));
    EXPECT_EQ(status.message(), one.message);
  }
  ExecFlags valid;
  valid.forget = true;
  valid.options.scopes.push_back({Scope::Kind::kDirectory, ""});
  valid.wait = seconds(1);
  EXPECT_TRUE(valid.Check().ok());
}

}  // namespace
}  // namespace appcache::command::exec_flags_test
