#include "tools/command/exec/run_identity.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

#include "tests/support/temp_dir.h"

namespace appcache::command::run_identity_test {
namespace {

using Words = std::vector<std::string>;

std::string IdentityOf(const Words& command,
                       const std::vector<Scope>& scopes = {}) {
  const auto identity = RunIdentity(command, scopes);
  EXPECT_TRUE(identity.ok());
  return identity.ok() ? *identity : std::string();
}

void Write(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

TEST(RunIdentityTest, EqualCommandsHaveTheSameIdentity) {
  EXPECT_EQ(IdentityOf({"a", "b c"}), IdentityOf({"a", "b c"}));
}

TEST(RunIdentityTest, DifferentWordBoundariesHaveDifferentIdentities) {
  const std::set<std::string> identities = {
      IdentityOf({"a", "b c"}),
      IdentityOf({"a b", "c"}),
      IdentityOf({"a", "b", "c"}),
      IdentityOf({"a b c"}),
      IdentityOf({"a", "b c", ""}),
      IdentityOf({"", "a", "b c"}),
      IdentityOf({"ab", "c"}),
      IdentityOf({"a", "bc"}),
      IdentityOf({"a"}, {{Scope::Kind::kEnvironment, "UNSET_B"}}),
      IdentityOf({"a", "eUNSET_B"}),
  };
  EXPECT_EQ(identities.size(), 10u);
}

TEST(RunIdentityTest, TheOrderOfScopesDoesNotMatter) {
  const Scope cwd{Scope::Kind::kDirectory, ""};
  const Scope home{Scope::Kind::kEnvironment, "HOME"};
  EXPECT_EQ(IdentityOf({"a"}, {cwd, home}), IdentityOf({"a"}, {home, cwd}));
  EXPECT_EQ(IdentityOf({"a"}, {cwd, cwd}), IdentityOf({"a"}, {cwd}));
  EXPECT_NE(IdentityOf({"a"}, {cwd}), IdentityOf({"a"}));
}

TEST(RunIdentityTest, AnUnsetVariableDiffersFromAnEmptyOne) {
  const std::vector<Scope> scope = {{Scope::Kind::kEnvironment, "SCOPE_TEST"}};
  std::set<std::string> identities;
  unsetenv("SCOPE_TEST");
  identities.insert(IdentityOf({"a"}, scope));
  for (const char* const value : {"", "1", "2"}) {
    setenv("SCOPE_TEST", value, 1);
    identities.insert(IdentityOf({"a"}, scope));
  }
  EXPECT_EQ(identities.size(), 4u);
}

TEST(RunIdentityTest, AFileScopeDependsOnTheContent) {
  const TempDir dir;
  const std::string path = dir.path() + "/file";
  const std::vector<Scope> scope = {{Scope::Kind::kFile, path}};
  const std::string absent = IdentityOf({"a"}, scope);
  Write(path, "");
  const std::string empty = IdentityOf({"a"}, scope);
  Write(path, "one");
  const std::string one = IdentityOf({"a"}, scope);
  Write(path, std::string(200'000, 'x'));
  const std::string large = IdentityOf({"a"}, scope);
  EXPECT_EQ((std::set<std::string>{absent, empty, one, large}).size(), 4u);
  Write(path, "one");
  EXPECT_EQ(IdentityOf({"a"}, scope), one);
}

TEST(RunIdentityTest, ADirectoryIsNotAFileScope) {
  const TempDir dir;
  const auto identity = RunIdentity(
      Words{"a"}, std::vector<Scope>{{Scope::Kind::kFile, dir.path()}});
  ASSERT_FALSE(identity.ok());
  EXPECT_NE(identity.error().message.find(dir.path()), std::string::npos);
}

TEST(RunIdentityTest, TheCwdScopeDependsOnTheDirectory) {
  const TempDir dir;
  const std::vector<Scope> scope = {{Scope::Kind::kDirectory, ""}};
  const auto before = std::filesystem::current_path();
  const std::string here = IdentityOf({"a"}, scope);
  std::filesystem::current_path(dir.path());
  EXPECT_NE(IdentityOf({"a"}, scope), here);
  std::filesystem::current_path(before);
}

TEST(RunIdentityTest, KeysAreHexadecimalAndDiffer) {
  const std::string key = RunKey("one");
  EXPECT_EQ(key.size(), 32u);
  EXPECT_EQ(key.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(key, RunKey("one"));
  EXPECT_NE(key, RunKey("two"));
}

TEST(RunIdentityTest, ScopesAreParsed) {
  EXPECT_EQ(ParseScope("cwd")->kind, Scope::Kind::kDirectory);
  EXPECT_EQ(ParseScope("env:HOME")->kind, Scope::Kind::kEnvironment);
  EXPECT_EQ(ParseScope("env:HOME")->name, "HOME");
  EXPECT_EQ(ParseScope("file:/etc/a:b")->name, "/etc/a:b");
  for (const char* const text :
       {"", "cwd:", "env:", "env:A=B", "file:", "name:", "x:", "evn:HOME"}) {
    const auto scope = ParseScope(text);
    ASSERT_FALSE(scope.ok()) << text;
    EXPECT_NE(scope.error().message.find("env:NAME"), std::string::npos);
  }
}

TEST(RunIdentityTest, AnyOtherTextIsTheNameOfAScope) {
  const std::pair<const char*, const char*> names[] = {
      {"x", "x"},
      {"my_script_12:30", "my_script_12:30"},
      {"name:evn:HOME", "evn:HOME"},
      {"name:cwd", "cwd"},
      {":", ":"},
  };
  for (const auto& [text, name] : names) {
    const auto scope = ParseScope(text);
    ASSERT_TRUE(scope.ok()) << text;
    EXPECT_EQ(scope->kind, Scope::Kind::kName);
    EXPECT_EQ(scope->name, name);
  }
  EXPECT_NE(IdentityOf({"a"}, {{Scope::Kind::kName, "x"}}),
            IdentityOf({"a"}, {{Scope::Kind::kName, "y"}}));
}

TEST(RunIdentityTest, AnIdentityIsParsedIntoItsParts) {
  setenv("SCOPE_TEST", "value", 1);
  const std::string identity =
      IdentityOf({"sh", "", "b c"}, {{Scope::Kind::kName, "x"},
                                     {Scope::Kind::kEnvironment, "SCOPE_TEST"},
                                     {Scope::Kind::kDirectory, ""}});
  unsetenv("SCOPE_TEST");
  const auto parts = ParseIdentity(identity);
  ASSERT_TRUE(parts);
  EXPECT_TRUE(parts->program.ends_with("/sh"));
  EXPECT_EQ(parts->words, (std::vector<std::string_view>{"sh", "", "b c"}));
  ASSERT_EQ(parts->scopes.size(), 3u);
  EXPECT_EQ(parts->scopes[0].kind, Scope::Kind::kDirectory);
  EXPECT_EQ(parts->scopes[0].directory,
            std::filesystem::current_path().string());
  EXPECT_EQ(parts->scopes[1].name, "SCOPE_TEST");
  EXPECT_EQ(parts->scopes[2].name, "x");
  // Every truncation is detected, as is a number that is too large.
  for (size_t size = 0; size < identity.size(); ++size) {
    EXPECT_FALSE(ParseIdentity(identity.substr(0, size))) << size;
  }
  EXPECT_FALSE(ParseIdentity(identity + "x"));
  EXPECT_FALSE(ParseIdentity(std::string(8, '\0') + std::string(16, '\xff')));
}

}  // namespace
}  // namespace appcache::command::run_identity_test
