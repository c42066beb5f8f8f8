// RedisCacheOptions: the server, login and timeouts of a RedisCache.

#ifndef APPCACHE_REDIS_CACHE_OPTIONS_H_
#define APPCACHE_REDIS_CACHE_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "appcache/cache_options.h"

namespace appcache {

struct RedisCacheOptions {
  // Options of every cache: prefix, compressor, log (cache_options.h).
  CacheOptions cache = {};

  // A host name or an IP address. A name is looked up for each new connection.
  std::string host = "localhost";
  uint16_t port = 6379;
  // The path of a unix socket. When it is not empty, host and port are ignored.
  std::string unix_path = "";

  // The login of each connection. Without a user, Redis's default user; without
  // a password, none is sent. A user requires a password.
  std::string user = "";
  std::string password = "";
  uint32_t database = 0;

  // The time limit of a whole call: waiting for a free connection, connecting,
  // sending the request, receiving the reply, and the retry. From 1 ms to a
  // day.
  std::chrono::milliseconds timeout{1000};
  // The time limit for connecting, within `timeout`. From 1 ms to a day.
  std::chrono::milliseconds connect_timeout{500};

  // The largest number of connections to the server, besides one for each
  // watch. From 1 to 10,000.
  size_t max_connections = 16;

  // The largest reply of the server in bytes of text, that of all its values
  // together: a larger one is kTooLarge, and is not received. A batch read
  // receives one reply for each 4096 keys, a timed one for each 1024, and its
  // results may have this much for each of them. Limits the memory that a
  // faulty server can use: for each reply at most this and 8 MiB of overhead. A
  // larger value is not sent either. From 64 KiB to 1 TiB.
  uint64_t max_reply_bytes = uint64_t{1} << 30;
};

}  // namespace appcache

#endif  // APPCACHE_REDIS_CACHE_OPTIONS_H_
