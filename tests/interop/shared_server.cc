#include "tests/interop/shared_server.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "appcache/memcache_cache.h"
#include "appcache/redis_cache.h"
#include "tests/servers/memcached_server.h"
#include "tests/servers/redis_server.h"

namespace appcache {
namespace {

constexpr std::chrono::seconds kTimeout(60);

std::unique_ptr<Cache> OpenRedis(const std::string& socket) {
  RedisCacheOptions options;
  options.unix_path = socket;
  options.timeout = options.connect_timeout = kTimeout;
  return *RedisCache::Open(std::move(options));
}

std::unique_ptr<Cache> OpenMemcached(const std::vector<std::string>& sockets) {
  MemcacheCacheOptions options;
  options.servers.clear();
  for (const std::string& socket : sockets) {
    options.servers.emplace_back().unix_path = socket;
  }
  options.timeout = options.connect_timeout = kTimeout;
  return *MemcacheCache::Open(std::move(options));
}

}  // namespace

std::string NameOf(ServerType type) {
  switch (type) {
    case ServerType::kRedis:
      return "Redis";
    case ServerType::kMemcached:
      return "Memcached";
    case ServerType::kThreeMemcached:
      return "ThreeMemcached";
  }
  return "";
}

SharedServer& SharedServer::Of(ServerType type) {
  static std::array<std::unique_ptr<SharedServer>, 3> all;
  auto& shared = all[static_cast<size_t>(type)];
  if (shared == nullptr) shared.reset(new SharedServer(type));
  return *shared;
}

SharedServer::SharedServer(ServerType type) {
  const bool is_redis = type == ServerType::kRedis;
  const int count = type == ServerType::kThreeMemcached ? 3 : 1;
  std::vector<std::string> sockets;
  for (int i = 0; i < count; ++i) {
    if (is_redis) {
      servers_.push_back(std::make_unique<RedisServer>());
    } else {
      servers_.push_back(std::make_unique<MemcachedServer>());
    }
    sockets.push_back(servers_.back()->socket_path());
  }
  cache_ = is_redis ? OpenRedis(sockets[0]) : OpenMemcached(sockets);
  std::vector<std::string> arguments = {"tests/interop/pyappcache_stand_in.py",
                                        is_redis ? "redis" : "memcached"};
  arguments.insert(arguments.end(), sockets.begin(), sockets.end());
  python_ = std::make_unique<ChildProcess>(std::move(arguments));
}

std::string SharedServer::Ask(const nlohmann::json& request) {
  python_->WriteLine(request.dump());
  const std::string reply = python_->ReadLine();
  if (!reply.empty()) return nlohmann::json::parse(reply).get<std::string>();
  ADD_FAILURE() << "no reply: are the clients installed? apt-get install "
                   "python3-redis python3-pylibmc";
  return "";
}

void SharedServer::PassTime(std::chrono::milliseconds time) {
  for (const auto& server : servers_) server->PassTime(time);
}

}  // namespace appcache
