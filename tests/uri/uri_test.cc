// ParseUri and UriOptions, independently of the backends.

#include "engine/uri/uri.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "engine/uri/uri_options.h"

namespace appcache::internal::uri_test {
namespace {

using std::chrono::milliseconds;

Uri Parsed(std::string_view text) {
  Result<Uri> uri = ParseUri(text);
  EXPECT_TRUE(uri.ok()) << text << ": " << uri.status().ToString();
  return uri.ok() ? *std::move(uri) : Uri();
}

TEST(UriTest, TheSchemeIsTheWordBeforeTheFirstColon) {
  EXPECT_EQ(SchemeOf("redis://localhost"), "redis");
  EXPECT_EQ(SchemeOf("Redis+UNIX:///a"), "redis+unix");
  EXPECT_EQ(SchemeOf("sqlite:"), "sqlite");
  for (const char* const none : {"", ":", "cache.db", "./a:b", "/a:b", "1a:b",
                                 ":a", "a b:c", "a%3A:b", "\xc3\xa4:b"}) {
    EXPECT_EQ(SchemeOf(none), "") << none;
  }
}

TEST(UriTest, MissingPartsAreEmpty) {
  Uri expected;
  expected.scheme = "redis";
  EXPECT_EQ(Parsed("redis:"), expected);
  EXPECT_EQ(Parsed("redis://"), expected);
  EXPECT_EQ(Parsed("redis:?"), expected);
}

TEST(UriTest, ParsesEveryPart) {
  Uri expected;
  expected.scheme = "redis";
  expected.user = "ada";
  expected.password = "secret";
  expected.hosts = {{"cache.example", 6380}};
  expected.path = "/7";
  expected.options = {{"prefix", "app"}, {"timeout", "50ms"}};
  EXPECT_EQ(Parsed("redis://ada:secret@cache.example:6380/7"
                   "?prefix=app&timeout=50ms"),
            expected);
}

TEST(UriTest, ParsesSeveralHosts) {
  const Uri uri =
      Parsed("memcached://a,b:11212,[::1]:1,10.0.0.1,x-y_z.w:65535");
  const std::vector<Uri::Host> expected = {{"a", std::nullopt},
                                           {"b", 11212},
                                           {"::1", 1},
                                           {"10.0.0.1", std::nullopt},
                                           {"x-y_z.w", 65535}};
  EXPECT_EQ(uri.hosts, expected);
}

TEST(UriTest, APathNeedsNeitherASlashNorAHost) {
  EXPECT_EQ(Parsed("sqlite:cache.db").path, "cache.db");
  EXPECT_EQ(Parsed("sqlite:/var/a b@c:d").path, "/var/a b@c:d");
  EXPECT_EQ(Parsed("sqlite:///var/cache.db").path, "/var/cache.db");
  EXPECT_EQ(Parsed("redis+unix://u:p@/run/redis").path, "/run/redis");
}

TEST(UriTest, EscapesAreDecodedInEveryPartButHosts) {
  const Uri uri = Parsed(
      "redis://%61%64a:%2F%3f%23%5B%40%3a%25@h/%70%FF?prefix=%26%3d%40+");
  EXPECT_EQ(uri.user, "ada");
  EXPECT_EQ(uri.password, "/?#[@:%");
  EXPECT_EQ(uri.path, "/p\xff");
  EXPECT_EQ(uri.options[0].value, "&=@+");
}

TEST(UriTest, APasswordMayContainColonsAndTheUserMayBeEmpty) {
  EXPECT_EQ(Parsed("redis://ada:a:b:c@h").password, "a:b:c");
  EXPECT_EQ(Parsed("redis://:secret@h").user, "");
  EXPECT_EQ(Parsed("redis://:secret@h").password, "secret");
  EXPECT_EQ(Parsed("redis://ada@h").user, "ada");
}

TEST(UriTest, AValueMayBeEmptyOrContainAnEqualsSign) {
  const Uri uri = Parsed("a:?one=&two=a=b?c/d");
  EXPECT_EQ(uri.options[0].value, "");
  EXPECT_EQ(uri.options[1].value, "a=b?c/d");
}

// A malformed URI.
struct Mistake {
  std::string uri;
  const char* message;  // a part of it
};

TEST(UriTest, ATieredUriHasTwoUrisAndOptions) {
  const Result<Uri> uri = ParseUri(
      "tiered:memory:app?max_entries=5|redis://a:b%7Cc@host/1?timeout=1s|"
      "max_staleness=1s&prefix=p%7Cq");
  ASSERT_TRUE(uri.ok()) << uri.status().ToString();
  EXPECT_EQ(uri->scheme, "tiered");
  ASSERT_EQ(uri->levels.size(), 2U);
  EXPECT_EQ(uri->levels[0].path, "app");
  EXPECT_EQ(uri->levels[0].options[0].value, "5");
  EXPECT_EQ(uri->levels[1].password, "b|c");
  EXPECT_EQ(uri->levels[1].options[0].name, "timeout");
  ASSERT_EQ(uri->options.size(), 2U);
  EXPECT_EQ(uri->options[1].value, "p|q");
  EXPECT_TRUE(ParseUri("tiered:memory:a|lmdb:b").ok());
  EXPECT_TRUE(ParseUri("Tiered:memory:a|lmdb:b|").ok());
}

TEST(UriTest, OtherTieredUrisAreMalformed) {
  for (const char* const text :
       {"tiered:", "tiered:memory:a", "tiered:memory:a|", "tiered:|redis://h",
        "tiered:memory:a|tiered:memory:b|redis://h", "tiered:memory:a|b",
        "tiered:memory:a|redis://h|x", "tiered:memory:a|redis://h|x=1|y=2"}) {
    EXPECT_FALSE(ParseUri(text).ok()) << text;
  }
}

TEST(UriTest, ErrorsDoNotContainTheText) {
  const Mistake mistakes[] = {
      {"", "must start with a scheme"},
      {"SECRET", "must start with a scheme"},
      {"//SECRET@host", "must start with a scheme"},
      {"1a:SECRET", "must start with a scheme"},
      {"redis://h/%", "two hex digits"},
      {"redis://h/SECRET%4", "two hex digits"},
      {"redis://h/%4gSECRET", "two hex digits"},
      {"redis://%-1:SECRET@h", "two hex digits"},
      {"redis://:SECRET%@h", "two hex digits"},
      {"redis://h?prefix=SECRET%zz", "two hex digits"},
      {"redis://:SECRET%00@h", "%00"},
      {"redis://h/%00SECRET", "%00"},
      {std::string("redis://SECRET\0h", 16), "NUL"},
      {"redis://:SECRET#x@h", "%23"},
      {"redis://h#SECRET", "%23"},
      {"redis://a:SEC@RET@h", "%40"},
      {"redis://a:SECRET@:6379", "host is missing"},
      {"redis://,a", "host is missing"},
      {"redis://a,,b", "host is missing"},
      {"redis://a,", "must follow each comma"},
      {"redis://:SECRET@h%61", "must consist of letters"},
      {"redis://SEC RET", "must consist of letters"},
      {"redis://h\xc3\xa4", "must consist of letters"},
      {"redis://[::1", "IPv6"},
      {"redis://[SECRET]", "IPv6"},
      {"redis://[]", "IPv6"},
      {"redis://[1.2.3.4]", "IPv6"},
      {"redis://[::1]SECRET", "a colon and a port"},
      {"redis://::1", "host is missing"},
      {"redis://a::1", "a colon and a port"},
      {"redis://h:", "a colon and a port"},
      {"redis://h:0", "a colon and a port"},
      {"redis://h:65536", "a colon and a port"},
      {"redis://h:+1", "a colon and a port"},
      {"redis://h:99999999999999999999", "a colon and a port"},
      {"redis://ada:SECRET", "a colon and a port"},
      {"redis://ada:SEC/RET@h", "a colon and a port"},
      {"redis://ada:SEC?RET@h", "a colon and a port"},
      {"redis://ada:1?SECRET@h", "%40"},
      {"redis://ada?timeout=SECRET@h", "%40"},
      {"redis://h?SECRET", "name=value"},
      {"redis://h?=SECRET", "name=value"},
      {"redis://h?a=1&&b=2", "name=value"},
      {"redis://h?SECRET-X=1", "name=value"},
      {"redis://h?SECRET=1", "name=value"},
      {"redis://h?prefix=SECRET&prefix=SECRET", "prefix is given twice"},
      {"redis://h/" + std::string(kMaxUriBytes, 'x'), "longer than 8192 bytes"},
  };
  for (const Mistake& mistake : mistakes) {
    const Result<Uri> uri = ParseUri(mistake.uri);
    ASSERT_FALSE(uri.ok()) << mistake.uri;
    EXPECT_TRUE(uri.status().Is(ErrorCode::kInvalidArgument));
    const std::string& message = uri.error().message;
    EXPECT_NE(message.find(mistake.message), std::string::npos)
        << mistake.uri << ": " << message;
    EXPECT_EQ(message.find("SEC"), std::string::npos) << message;
    EXPECT_EQ(message.find("RET"), std::string::npos) << message;
  }
}

TEST(UriTest, AUriOfTheMaximalLengthIsParsed) {
  const std::string uri = "a:" + std::string(kMaxUriBytes - 2, 'x');
  EXPECT_EQ(Parsed(uri).path.size(), kMaxUriBytes - 2);
  EXPECT_FALSE(ParseUri(uri + "x").ok());
}

TEST(UriOptionsTest, MissingOptionsKeepTheirTargets) {
  const Uri uri = Parsed("a:");
  UriOptions options(uri);
  std::string text = "text";
  milliseconds duration{7};
  std::optional<uint64_t> size;
  size_t count = 3;
  std::vector<uint32_t> counts = {1};
  options.Text("text", text);
  options.Duration("duration", duration);
  options.Size("size", size);
  options.Count("count", count);
  options.Counts("counts", counts);
  EXPECT_TRUE(options.Done().ok());
  EXPECT_EQ(text, "text");
  EXPECT_EQ(duration, milliseconds(7));
  EXPECT_EQ(size, std::nullopt);
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(counts, std::vector<uint32_t>{1});
}

TEST(UriOptionsTest, ParsesValuesOfEachType) {
  const Uri uri = Parsed(
      "a:?text=x y&duration=50ms&size=64KiB&count=16&number=0&counts=2,1,99");
  UriOptions options(uri);
  std::string text;
  milliseconds duration{0};
  std::optional<uint64_t> size;
  size_t count = 0;
  uint32_t number = 1;
  std::vector<uint32_t> counts;
  options.Text("text", text);
  options.Duration("duration", duration);
  options.Size("size", size);
  options.Count("count", count);
  options.Number("number", 0, number);
  options.Counts("counts", counts);
  EXPECT_TRUE(options.Done().ok());
  EXPECT_EQ(text, "x y");
  EXPECT_EQ(duration, milliseconds(50));
  EXPECT_EQ(size, 65'536u);
  EXPECT_EQ(count, 16u);
  EXPECT_EQ(number, 0u);
  EXPECT_EQ(counts, (std::vector<uint32_t>{2, 1, 99}));
}

// The error of Done after `take` has read its options.
template <class TakeAll>
std::string ErrorOf(std::string_view text, const TakeAll& take) {
  const Uri uri = Parsed(text);
  UriOptions options(uri);
  take(options);
  const Status status = options.Done();
  EXPECT_TRUE(status.Is(ErrorCode::kInvalidArgument)) << text;
  return status.ok() ? std::string() : status.error().message;
}

TEST(UriOptionsTest, AnUnknownOptionIsAnErrorThatListsTheOptions) {
  const auto take = [](UriOptions& options) {
    std::string prefix;
    milliseconds timeout;
    options.Text("prefix", prefix);
    options.Duration("timeout", timeout);
  };
  EXPECT_EQ(ErrorOf("redis:?timeout=1s&timeuot=SECRET", take),
            "a redis cache has no option timeuot; it has the options prefix, "
            "timeout");
}

TEST(UriOptionsTest, AnInvalidValueIsAnErrorAndKeepsTheTarget) {
  uint32_t number = 5;
  milliseconds duration{5};
  uint64_t size = 5;
  std::vector<uint32_t> counts = {5};
  const auto take = [&](UriOptions& options) {
    options.Number("number", 2, number);
    options.Duration("duration", duration);
    options.Size("size", size);
    options.Counts("counts", counts);
  };
  EXPECT_EQ(
      ErrorOf("redis:?number=1", take),
      "invalid option number of a redis cache: it must be a number from 2 "
      "to 4294967295");
  for (const char* const uri :
       {"a:?number=4294967296", "a:?number=", "a:?duration=5x", "a:?size=1 KB",
        "a:?duration=-1s", "a:?size=", "a:?counts=", "a:?counts=1,",
        "a:?counts=,1", "a:?counts=1,0", "a:?counts=1,,2",
        "a:?counts=4294967296"}) {
    const std::string error = ErrorOf(uri, take);
    EXPECT_TRUE(error.starts_with("invalid option ")) << error;
  }
  EXPECT_EQ(number, 5u);
  EXPECT_EQ(duration, milliseconds(5));
  EXPECT_EQ(size, 5u);
  EXPECT_EQ(counts, std::vector<uint32_t>{5});
}

TEST(UriOptionsTest, ReportsTheFirstInvalidValue) {
  const auto take = [](UriOptions& options) {
    uint32_t a = 0;
    uint32_t b = 0;
    options.Count("first", a);
    options.Count("second", b);
  };
  const std::string error = ErrorOf("redis:?second=x&first=y&third=z", take);
  EXPECT_TRUE(error.starts_with("invalid option first ")) << error;
}

}  // namespace
}  // namespace appcache::internal::uri_test
