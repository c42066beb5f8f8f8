#include "tests/servers/redis_server.h"

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace appcache {
namespace {

// One that is free at this moment.
int FreePort() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(probe, plain, size), 0);
  EXPECT_EQ(getsockname(probe, plain, &size), 0);
  close(probe);
  return ntohs(address.sin_port);
}

std::string Describe(const redisReply* reply) {
  if (reply == nullptr) return "<no reply>";
  switch (reply->type) {
    case REDIS_REPLY_NIL:
      return "(nil)";
    case REDIS_REPLY_INTEGER:
      return ":" + std::to_string(reply->integer);
    case REDIS_REPLY_ERROR:
      return "-" + std::string(reply->str, reply->len);
    case REDIS_REPLY_ARRAY: {
      std::string all = "[";
      for (size_t i = 0; i < reply->elements; ++i) {
        all += (i == 0 ? "" : " ") + Describe(reply->element[i]);
      }
      return all + "]";
    }
    default:
      return {reply->str, reply->len};
  }
}

}  // namespace

RedisServer::RedisServer(std::vector<std::string> settings)
    : settings_(std::move(settings)), port_(FreePort()) {
  Start();
}

RedisServer::~RedisServer() { Disconnect(); }

void RedisServer::Start() {
  std::vector<std::string> command = {
      "redis-server",   "--port",    std::to_string(port_),
      "--bind",         "127.0.0.1", "--unixsocket",
      socket_path_,     "--save",    "",
      "--appendonly",   "no",        "--dir",
      directory_.path()};
  command.insert(command.end(), settings_.begin(), settings_.end());
  process_ = std::make_unique<ServerProcess>(
      std::move(command),
      "The server is now ready to accept connections at " + socket_path_,
      "redis-server");
}

void RedisServer::Kill() {
  Disconnect();
  process_.reset();
}

void RedisServer::Disconnect() {
  if (context_ != nullptr) redisFree(std::exchange(context_, nullptr));
}

std::string RedisServer::Run(
    std::initializer_list<std::string_view> arguments) {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  for (const std::string_view argument : arguments) {
    texts.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  if (context_ == nullptr) context_ = redisConnectUnix(socket_path_.c_str());
  return Take(redisCommandArgv(context_, static_cast<int>(texts.size()),
                               texts.data(), sizes.data()));
}

std::string RedisServer::Run(const std::string& line) {
  if (context_ == nullptr) context_ = redisConnectUnix(socket_path_.c_str());
  return Take(redisCommand(context_, line.c_str()));
}

std::string RedisServer::RunApart(const std::string& line) const {
  redisContext* const apart = redisConnectUnix(socket_path_.c_str());
  auto* const reply =
      static_cast<redisReply*>(redisCommand(apart, line.c_str()));
  std::string text = Describe(reply);
  if (reply != nullptr) freeReplyObject(reply);
  redisFree(apart);
  return text;
}

std::string RedisServer::Take(void* reply) {
  std::string text = Describe(static_cast<redisReply*>(reply));
  if (reply == nullptr) {
    Disconnect();
  } else {
    freeReplyObject(reply);
  }
  return text;
}

void RedisServer::PassTime(std::chrono::milliseconds time) {
  // PEXPIRE with what is not above zero deletes.
  const std::string moved =
      Run({"EVAL",
           "for _, key in ipairs(redis.call('KEYS', '*')) do "
           "  local left = redis.call('PTTL', key) "
           "  if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end "
           "end return 'moved'",
           "0", std::to_string(time.count())});
  EXPECT_EQ(moved, "moved");
}

}  // namespace appcache
