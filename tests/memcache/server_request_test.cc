// The outcomes of write requests, reply by reply.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "adapters/memcache/add_request.h"
#include "adapters/memcache/delete_request.h"
#include "adapters/memcache/set_request.h"

namespace appcache::memcache {
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
}  // namespace appcache::memcache
