// MemcacheCacheOptions: the servers, limits and timeouts of a MemcacheCache.

#ifndef APPCACHE_MEMCACHE_CACHE_OPTIONS_H_
#define APPCACHE_MEMCACHE_CACHE_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "appcache/cache_options.h"

namespace appcache {

// One Memcached server, reached by TCP or by a unix socket.
struct MemcacheServer {
  // A host name or an IP address, at most 255 bytes. A name is looked up for
  // each new connection.
  std::string host = "localhost";
  uint16_t port = 11211;
  // The path of a unix socket. When it is not empty, host and port are ignored.
  std::string unix_path = "";

  // The server's share of the keys, relative to the other servers. From 1 to
  // 1,000,000.
  uint32_t weight = 1;
};

struct MemcacheCacheOptions {
  // Options of every cache: prefix, compressor, log (cache_options.h).
  CacheOptions cache = {};

  // From 1 to 1,000 servers, without duplicates. All clients that share the
  // entries must give the same hosts, ports, paths and weights, spelled the
  // same way; the order does not matter.
  std::vector<MemcacheServer> servers = {MemcacheServer()};

  // The time limit of a whole call: waiting for a free connection, connecting,
  // sending the request, receiving the reply, and the retry. From 1 ms to a
  // day.
  std::chrono::milliseconds timeout{1000};
  // The time limit for connecting, within `timeout`. From 1 ms to a day.
  std::chrono::milliseconds connect_timeout{500};

  // The largest number of connections to each server. From 1 to 10,000.
  size_t max_connections = 16;

  // The largest item in bytes, from 1 KiB to 1 GiB. Set it to the servers' -I.
  // If a server's -I is smaller, the server rejects items above that
  // (kTooLarge); if it is larger, items above max_item_bytes that another
  // program has stored are kTooLarge when they are read.
  uint64_t max_item_bytes = uint64_t{1} << 20;
};

}  // namespace appcache

#endif  // APPCACHE_MEMCACHE_CACHE_OPTIONS_H_
