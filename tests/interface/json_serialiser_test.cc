#include "appcache/json_serialiser.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/cache.h"
#include "tests/support/captured_log.h"
#include "tests/support/map_cache.h"

namespace appcache::json_serialiser_test {
namespace {

using std::string_view_literals::operator""sv;

struct User {
  std::string name;
  int age = 0;
  std::vector<double> scores;
  friend bool operator==(const User&, const User&) = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(User, name, age, scores)

using Json = JsonSerialiser<User, nlohmann::json>;
using Cbor = CborSerialiser<User, nlohmann::json>;
using MessagePack = MessagePackSerialiser<User, nlohmann::json>;

const User& Ada() {
  static const User& ada = *new User{"Ada", 36, {1.5, -2}};
  return ada;
}

template <class S>
class JsonFormatTest : public testing::Test {};
using Formats = testing::Types<Json, Cbor, MessagePack>;
TYPED_TEST_SUITE(JsonFormatTest, Formats);

TYPED_TEST(JsonFormatTest, RoundTrips) {
  const std::string bytes = TypeParam::Serialise(Ada());
  EXPECT_EQ(TypeParam::Deserialise(Bytes::Copy(bytes)), Ada());
}

TYPED_TEST(JsonFormatTest, TruncatedDataDoesNotParse) {
  const std::string bytes = TypeParam::Serialise(Ada());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(TypeParam::Deserialise(Bytes::Copy(bytes.substr(0, size))),
              std::nullopt)
        << size;
  }
}

TYPED_TEST(JsonFormatTest, TrailingBytesDoNotParse) {
  const std::string bytes = TypeParam::Serialise(Ada()) + "1";
  EXPECT_EQ(TypeParam::Deserialise(Bytes::Copy(bytes)), std::nullopt);
}

TEST(JsonSerialiserTest, WritesTheDocumentedBytes) {
  EXPECT_EQ(Json::Serialise(Ada()),
            R"({"age":36,"name":"Ada","scores":[1.5,-2.0]})");
  EXPECT_EQ(Cbor::Serialise(User{"Ada", 36, {}}),
            "\xa3\x63"
            "age\x18\x24\x64"
            "name\x63"
            "Ada\x66"
            "scores\x80"sv);
  EXPECT_EQ(MessagePack::Serialise(User{"Ada", 36, {}}),
            "\x83\xa3"
            "age\x24\xa4"
            "name\xa3"
            "Ada\xa6"
            "scores\x90"sv);
}

TEST(JsonSerialiserTest, AValueOfAnotherShapeDoesNotParse) {
  for (const std::string_view other :
       {"7", "[]", "null", R"({"name":"Ada"})",
        R"({"age":"old","name":"Ada","scores":[]})"}) {
    EXPECT_EQ(Json::Deserialise(Bytes::Copy(other)), std::nullopt) << other;
  }
  constexpr std::string_view kSeven = "\x07";  // in both formats
  EXPECT_EQ(Cbor::Deserialise(Bytes::Copy(kSeven)), std::nullopt);
  EXPECT_EQ(MessagePack::Deserialise(Bytes::Copy(kSeven)), std::nullopt);
}

// Python's json.dumps writes spaces. Unknown keys are ignored.
TEST(JsonSerialiserTest, ReadsWhatPythonWrites) {
  EXPECT_EQ(Json::Deserialise(Bytes::Copy(
                R"({"name": "Ad\u00e4", "age": 36, "scores": [], "more": 1})")),
            (User{"Ad\xc3\xa4", 36, {}}));
}

struct UserKey {
  using value_type = User;
  using serialiser = Json;
  int id;
  void AppendTo(KeyPath& path) const { path.Segment("user").Segment(id); }
};

TEST(JsonSerialiserTest, AKeyNamesItsSerialiser) {
  MapCache cache;
  ASSERT_TRUE(cache.Set(UserKey{7}, Ada()).ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/user/7"), Json::Serialise(Ada()));
  EXPECT_EQ(*cache.Get(UserKey{7}), Ada());
}

TEST(JsonSerialiserTest, AValueThatDoesNotParseIsCorrupt) {
  MapCache cache;
  ASSERT_TRUE(
      cache.backend()->SetRaw("pyappcache/user/7", "[1, 2", kNoTtl).ok());
  const Lookup<User> found = cache.Get(UserKey{7});
  EXPECT_FALSE(found);
  ASSERT_TRUE(found.has_error());
  EXPECT_EQ(found.error().code, ErrorCode::kCorrupt);
}

// nlohmann's dump throws on text that is not UTF-8.
TEST(JsonSerialiserTest, AValueThatIsNotJsonIsAnErrorAndIsNotStored) {
  MapCache cache;
  const Status status = cache.Set(UserKey{7}, User{"\xff\xfe", 1, {}});
  EXPECT_TRUE(status.Is(ErrorCode::kInternal)) << status.ToString();
  EXPECT_EQ(cache.size(), 0u);
}

}  // namespace
}  // namespace appcache::json_serialiser_test
