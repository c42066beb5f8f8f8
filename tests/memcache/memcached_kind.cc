#include "tests/memcache/memcached_kind.h"

#include <string>
#include <utility>

#include "tests/servers/memcached_server.h"

namespace appcache {
namespace {

using Listen = MemcachedServer::Listen;

std::unique_ptr<TestServer> StartOnSocket() {
  return std::make_unique<MemcachedServer>();
}

std::unique_ptr<TestServer> StartOnPort() {
  return std::make_unique<MemcachedServer>(std::vector<std::string>(),
                                           Listen::kTcp);
}

Result<std::unique_ptr<Cache>> Open(const ClientOptions& client) {
  return OpenOnServers({ServerOf(client)}, client);
}

std::string HitReply(std::string_view value) {
  return "VALUE a 0 " + std::to_string(value.size()) + "\r\n" +
         std::string(value) + "\r\nEND\r\n";
}

}  // namespace

ServerKind MemcachedKind() {
  ServerKind kind;
  kind.name = "Memcached";
  kind.start_on_socket = StartOnSocket;
  kind.start_on_port = StartOnPort;
  kind.open = Open;
  kind.miss_reply = "END\r\n";
  kind.hit_reply = HitReply;
  kind.partial_reply = "VALUE a 0 100000\r\n";
  for (const char* const reply :
       {"HTTP/1.1 400 Bad Request\r\n\r\n", "+PONG\r\n", "STORED\r\n",
        "VALUE other 0 1\r\nx\r\nEND\r\n", "VALUE a 0 1\r\nxyz\r\nEND\r\n",
        "HD t1\r\n", "VALUE a 0 1\r\nx\r\nVALUE b 0 1\r\nx\r\nEND\r\n"}) {
    kind.invalid_replies.push_back({reply, "sent an invalid protocol reply"});
  }
  return kind;
}

MemcacheServer ServerOf(const ClientOptions& client) {
  return {client.host, client.port, client.unix_path};
}

Result<std::unique_ptr<Cache>> OpenOnServers(
    std::vector<MemcacheServer> servers, const ClientOptions& client) {
  MemcacheCacheOptions options;
  options.servers = std::move(servers);
  options.timeout = client.timeout;
  options.connect_timeout = client.timeout;
  options.max_connections = client.max_connections;
  if (client.max_reply_bytes != 0) {
    options.max_item_bytes = client.max_reply_bytes;
  }
  MemcacheCache::Opened opened = MemcacheCache::Open(std::move(options));
  if (!opened.ok()) return opened.status();
  return std::unique_ptr<Cache>(*std::move(opened));
}

}  // namespace appcache
