// The outcomes of write requests, reply by reply.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "adapters/memcache/add_request.h"
#include "adapters/memcache/delete_request.h"
#include "adapters/memcache/get_request.h"
#include "adapters/memcache/set_request.h"
#include "adapters/memcache/touch_request.h"

namespace appcache::memcache::server_request_test {
namespace {

using Type = Reply::Type;

constexpr std::string_view kFull = "SERVER_ERROR out of memory";

const std::string kServer = "the Memcached server there:11211";

bool Handle(ServerRequest& request, Type type, std::string_view text = "") {
  Reply reply{type, text, Bytes()};
  return request.HandleReply(reply);
}

TEST(DeleteRequestTest, CountsEachKeyThatFailed) {
  const std::vector<DeleteItem> items = {
      {WireKey("a")}, {WireKey("b")}, {WireKey("c")}};
  DeleteRequest request(items, kServer);
  CommandBuffer commands;
  request.AppendCommands(commands);
  EXPECT_EQ(commands.bytes(), "delete a\r\ndelete b\r\ndelete c\r\n");
  EXPECT_TRUE(Handle(request, Type::kDeleted));
  EXPECT_EQ(request.outcome().failed, 0u);
  EXPECT_TRUE(Handle(request, Type::kError, kFull));
  EXPECT_TRUE(Handle(request, Type::kNotFound));
  EXPECT_EQ(request.outcome().failed, 1u);
  EXPECT_TRUE(request.outcome().first_failure.Is(ErrorCode::kFull));
}

TEST(SetRequestTest, CountsEachKeyThatFailed) {
  const std::vector<SetItem> items = {{WireKey("a"), "1", 0, false},
                                      {WireKey("b"), "22", 60, true},
                                      {WireKey("c"), "3", 60, false}};
  SetRequest request(items, kServer);
  CommandBuffer commands;
  request.AppendCommands(commands);
  EXPECT_EQ(commands.bytes(),
            "set a 0 0 1\r\n1\r\ndelete b\r\nset c 0 60 1\r\n3\r\n");
  EXPECT_TRUE(Handle(request, Type::kStored));
  EXPECT_TRUE(Handle(request, Type::kNotFound));
  EXPECT_TRUE(Handle(request, Type::kError, kFull));
  EXPECT_EQ(request.outcome().failed, 2u);
  EXPECT_TRUE(request.outcome().first_failure.Is(ErrorCode::kTooLarge));
}

TEST(SetRequestTest, RetryStartsOver) {
  const std::vector<SetItem> items = {{WireKey("a"), "1", 0, false}};
  SetRequest request(items, kServer);
  CommandBuffer commands;
  request.AppendCommands(commands);
  EXPECT_TRUE(Handle(request, Type::kError, kFull));
  commands.Clear();
  request.AppendCommands(commands);
  EXPECT_EQ(request.outcome().failed, 0u);
  EXPECT_TRUE(Handle(request, Type::kStored));
  EXPECT_TRUE(request.outcome().first_failure.ok());
}

TEST(SetRequestTest, ReplyOfAnotherCommandIsRejected) {
  const std::vector<SetItem> items = {{WireKey("a"), "1", 0, false}};
  SetRequest request(items, kServer);
  CommandBuffer commands;
  request.AppendCommands(commands);
  EXPECT_FALSE(Handle(request, Type::kDeleted));
}

// With base64 keys the commands and the replies are those of the meta protocol,
// and each reply has the token of its key.
const WireKey kBlank = WireKey(std::string_view("a b")).InBase64();
const WireKey kOtherBlank = WireKey(std::string_view("c d")).InBase64();
const std::string kFlags = " b O" + kBlank.Token();

TEST(Base64KeyTest, SetIsAMetaSet) {
  const std::vector<SetItem> items = {{kBlank, "22", 60, false},
                                      {kBlank, "3", 60, true},
                                      {WireKey("c"), "4", 0, false}};
  SetRequest request(items, kServer);
  CommandBuffer commands;
  request.AppendCommands(commands);
  EXPECT_EQ(commands.bytes(), "ms YSBi 2" + kFlags + " T60\r\n22\r\nmd YSBi" +
                                  kFlags + "\r\nset c 0 0 1\r\n4\r\n");
  EXPECT_EQ(commands.commands(), 3u);
  const std::string token = "O" + kBlank.Token();
  EXPECT_TRUE(Handle(request, Type::kMeta, token + " b"));
  EXPECT_TRUE(Handle(request, Type::kMetaNotFound, token));
  EXPECT_TRUE(Handle(request, Type::kStored));
  EXPECT_EQ(request.outcome().failed, 1u);
}

TEST(Base64KeyTest, AddIsAMetaSetThatAdds) {
  const SetItem item = {kBlank, "1", 60, false};
  for (const bool is_added : {true, false}) {
    AddRequest request(item, kServer);
    CommandBuffer commands;
    request.AppendCommands(commands);
    EXPECT_EQ(commands.bytes(), "ms YSBi 1" + kFlags + " T60 ME\r\n1\r\n");
    EXPECT_TRUE(Handle(request, is_added ? Type::kMeta : Type::kMetaNotStored,
                       "O" + kBlank.Token()));
    EXPECT_EQ(*request.Outcome(), is_added);
  }
}

TEST(Base64KeyTest, GetIsAMetaGetBetweenTheGetsOfOtherKeys) {
  std::vector<Lookup<Bytes>> found(4, Lookup<Bytes>::Miss());
  const std::vector<GetItem<Bytes>> items = {{WireKey("x"), &found[0]},
                                             {kBlank, &found[1]},
                                             {kOtherBlank, &found[2]},
                                             {WireKey("y"), &found[3]}};
  GetRequest request(items, kServer, 1000);
  CommandBuffer commands;
  request.AppendCommands(commands);
  EXPECT_EQ(commands.bytes(), "get x\r\nmg YSBi" + kFlags +
                                  " f v\r\nmg YyBk b O" + kOtherBlank.Token() +
                                  " f v\r\nget y\r\n");
  Reply value{Type::kValue, "x", Bytes::Copy("1")};
  EXPECT_TRUE(request.HandleReply(value));
  EXPECT_TRUE(Handle(request, Type::kEnd));
  const std::string text = "b O" + kBlank.Token() + " f0";
  Reply meta{Type::kMetaValue, text, Bytes::Copy("2")};
  EXPECT_TRUE(request.HandleReply(meta));
  EXPECT_TRUE(Handle(request, Type::kMetaMiss));
  EXPECT_TRUE(Handle(request, Type::kEnd));
  EXPECT_EQ(found[0]->view(), "1");
  EXPECT_EQ(found[1]->view(), "2");
  EXPECT_FALSE(found[2].is_hit());
  EXPECT_FALSE(found[3].is_hit());
}

// A server is asked before it is sent such commands (connection.h).
TEST(Base64KeyTest, CommandsKnowWhetherTheyHaveOne) {
  using Append = void (*)(CommandBuffer&, const WireKey&);
  const Append appends[] = {
      [](CommandBuffer& commands, const WireKey& key) {
        commands.Set(key, 0, "", "v");
      },
      [](CommandBuffer& commands, const WireKey& key) {
        commands.Add(key, 0, "", "v");
      },
      [](CommandBuffer& commands, const WireKey& key) { commands.Delete(key); },
      [](CommandBuffer& commands, const WireKey& key) {
        commands.Touch(key, 0);
      },
      [](CommandBuffer& commands, const WireKey& key) {
        commands.MetaGet(key, " v");
      }};
  const WireKey text(std::string_view("a"));
  for (const Append append : appends) {
    CommandBuffer commands;
    append(commands, text);
    EXPECT_FALSE(commands.has_base64_keys());
    append(commands, kBlank);
    append(commands, text);
    EXPECT_TRUE(commands.has_base64_keys());
    commands.Clear();
    EXPECT_FALSE(commands.has_base64_keys());
  }
}

TEST(Base64KeyTest, ReplyWithoutTheTokenOfTheKeyIsRejected) {
  const std::string other = "O" + kOtherBlank.Token();
  for (const std::string& text : {std::string(), other, std::string("kYSBi b"),
                                  "O" + kBlank.Token() + "0"}) {
    const std::vector<DeleteItem> keys = {{kBlank}};
    DeleteRequest request(keys, kServer);
    CommandBuffer commands;
    request.AppendCommands(commands);
    EXPECT_FALSE(Handle(request, Type::kMeta, text)) << text;
  }
}

TEST(Base64KeyTest, ReplyOfTheTextProtocolIsRejected) {
  const std::vector<SetItem> items = {{kBlank, "1", 0, false}};
  SetRequest request(items, kServer);
  CommandBuffer commands;
  request.AppendCommands(commands);
  EXPECT_FALSE(Handle(request, Type::kStored));
  const std::vector<SetItem> text_items = {{WireKey("a"), "1", 0, false}};
  SetRequest text_request(text_items, kServer);
  commands.Clear();
  text_request.AppendCommands(commands);
  EXPECT_FALSE(Handle(text_request, Type::kMeta, "O" + kBlank.Token()));
}

TEST(TouchRequestTest, TellsWhetherThereIsAnItem) {
  const WireKey key(std::string_view("a"));
  TouchRequest request(key, 60, kServer);
  CommandBuffer commands;
  request.AppendCommands(commands);
  EXPECT_EQ(commands.bytes(), "touch a 60\r\n");
  EXPECT_TRUE(Handle(request, Type::kTouched));
  EXPECT_TRUE(*request.Outcome());
  commands.Clear();
  request.AppendCommands(commands);  // a retry
  EXPECT_FALSE(*request.Outcome());
  EXPECT_TRUE(Handle(request, Type::kNotFound));
  EXPECT_FALSE(*request.Outcome());
  EXPECT_TRUE(Handle(request, Type::kError, kFull));
  EXPECT_TRUE(request.Outcome().status().Is(ErrorCode::kFull));
  for (const Type type : {Type::kStored, Type::kDeleted, Type::kEnd, Type::kOk,
                          Type::kMeta, Type::kMetaMiss}) {
    EXPECT_FALSE(Handle(request, type));
  }
}

TEST(TouchRequestTest, KeyInBase64TakesAMetaGet) {
  TouchRequest request(kBlank, 60, kServer);
  CommandBuffer commands;
  request.AppendCommands(commands);
  EXPECT_EQ(commands.bytes(), "mg YSBi" + kFlags + " T60\r\n");
  EXPECT_EQ(commands.commands(), 1u);
  const std::string other = "O" + kOtherBlank.Token();
  EXPECT_FALSE(Handle(request, Type::kMeta));
  EXPECT_FALSE(Handle(request, Type::kMeta, other));
  EXPECT_FALSE(Handle(request, Type::kMetaMiss, other));
  EXPECT_FALSE(Handle(request, Type::kTouched));
  EXPECT_FALSE(Handle(request, Type::kNotFound));
  EXPECT_FALSE(*request.Outcome());
  EXPECT_TRUE(Handle(request, Type::kMetaMiss));
  EXPECT_FALSE(*request.Outcome());
  EXPECT_TRUE(Handle(request, Type::kMeta, "b O" + kBlank.Token() + " W X"));
  EXPECT_TRUE(*request.Outcome());
}

// The existing item may be removed between the add and the get.
TEST(AddRequestTest, ItemThatIsGoneWhenItIsFetchedIsBusy) {
  const SetItem item = {WireKey("a b"), "1", 0, false};
  AddRequest request(item, kServer);
  CommandBuffer commands;
  request.AppendCommands(commands);
  EXPECT_EQ(commands.commands(), 2u);
  EXPECT_TRUE(Handle(request, Type::kNotStored));
  EXPECT_TRUE(Handle(request, Type::kEnd));
  const Result<bool> added = request.Outcome();
  ASSERT_FALSE(added.ok());
  EXPECT_TRUE(added.status().Is(ErrorCode::kBusy));
}

}  // namespace
}  // namespace appcache::memcache::server_request_test
