#include "tests/servers/redis_server.h"

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <algorithm>
#include <utility>

namespace appcache {
namespace {

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
    : TestServer("redis"), settings_(std::move(settings)) {
  Start();
}

RedisServer::~RedisServer() { Disconnect(); }

void RedisServer::Start() {
  std::vector<std::string> command = {
      "redis-server",    "--port",    std::to_string(port()),
      "--bind",          "127.0.0.1", "--unixsocket",
      socket_path(),     "--save",    "",
      "--appendonly",    "no",        "--dir",
      directory().path()};
  command.insert(command.end(), settings_.begin(), settings_.end());
  process_ = std::make_unique<ServerProcess>(
      std::move(command),
      "The server is now ready to accept connections at " + socket_path(),
      "redis-server");
}

void RedisServer::Disconnect() {
  if (context_ != nullptr) redisFree(std::exchange(context_, nullptr));
}

redisContext* RedisServer::Connected() {
  if (context_ == nullptr) context_ = redisConnectUnix(socket_path().c_str());
  return context_;
}

std::string RedisServer::Run(
    std::initializer_list<std::string_view> arguments) {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  for (const std::string_view argument : arguments) {
    texts.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  return Take(redisCommandArgv(Connected(), static_cast<int>(texts.size()),
                               texts.data(), sizes.data()));
}

std::string RedisServer::Run(const std::string& line) {
  return Take(redisCommand(Connected(), line.c_str()));
}

std::string RedisServer::RunApart(const std::string& line) const {
  redisContext* const apart = redisConnectUnix(socket_path().c_str());
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

int64_t RedisServer::Info(const std::string& section, const std::string& name) {
  const std::string info = Run("INFO " + section);
  const size_t at = info.find("\n" + name + ":");
  if (at == std::string::npos) return -1;
  return std::stoll(info.substr(at + name.size() + 2));
}

int64_t RedisServer::OpenConnections() {
  const std::string list = Run("CLIENT LIST");
  return std::count(list.begin(), list.end(), '\n') - 1;
}

int64_t RedisServer::AcceptedConnections() {
  return Info("stats", "total_connections_received") - 1;
}

void RedisServer::PassTime(std::chrono::milliseconds time) {
  // PEXPIRE with a time that is not above zero deletes the key.
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
