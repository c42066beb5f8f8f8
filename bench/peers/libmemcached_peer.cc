// Bare libmemcached: a connection for each thread to a Memcached server, with
// the library's defaults (the text protocol).

#include <benchmark/benchmark.h>
#include <libmemcached/memcached.h>

#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/frame/program.h"
#include "bench/frame/server.h"
#include "bench/suite/side.h"

namespace appcache::bench {
namespace {

struct FreeValue {
  void operator()(char* value) const { std::free(value); }
};
using Value = std::unique_ptr<char, FreeValue>;

class Connection final : public Session {
 public:
  explicit Connection(const std::string& socket)
      : client_(memcached_create(nullptr)) {
    Must(memcached_server_add_unix_socket(client_, socket.c_str()) ==
                 MEMCACHED_SUCCESS &&
             memcached_version(client_) == MEMCACHED_SUCCESS,
         "libmemcached cannot connect to " + socket);
  }
  ~Connection() override { memcached_free(client_); }

  size_t Get(const Item& item) override {
    size_t size = 0;
    const Value value = Find(item, size);
    return size;
  }

  size_t Copy(const Item& item) override {
    size_t size = 0;
    const Value value = Find(item, size);
    if (value == nullptr) return 0;
    const std::string copy(value.get(), size);
    benchmark::DoNotOptimize(copy.data());
    return copy.size();
  }

  // Holds all values at the same time, as the cache does.
  size_t GetMany(std::span<const Item* const> items) override {
    std::vector<const char*> texts;
    std::vector<size_t> sizes;
    for (const Item* const item : items) {
      texts.push_back(item->path().data());
      sizes.push_back(item->path().size());
    }
    if (memcached_mget(client_, texts.data(), sizes.data(), texts.size()) !=
        MEMCACHED_SUCCESS) {
      return 0;
    }
    std::vector<Value> values;
    char key[MEMCACHED_MAX_KEY];
    size_t key_size = 0;
    size_t size = 0;
    uint32_t flags = 0;
    memcached_return_t rc = MEMCACHED_FAILURE;
    size_t sum = 0;
    while (char* const value =
               memcached_fetch(client_, key, &key_size, &size, &flags, &rc)) {
      values.emplace_back(value);
      sum += size;
    }
    return sum;
  }

  bool Set(const Item& item, std::string_view value) override {
    const std::string_view path = item.path();
    return memcached_set(client_, path.data(), path.size(), value.data(),
                         value.size(), 0, 0) == MEMCACHED_SUCCESS;
  }

  bool Remove(const Item& item) override {
    const std::string_view path = item.path();
    return memcached_delete(client_, path.data(), path.size(), 0) ==
           MEMCACHED_SUCCESS;
  }

 private:
  // Null, and 0 bytes, for a miss. A failure ends the program.
  Value Find(const Item& item, size_t& size) {
    const std::string_view path = item.path();
    uint32_t flags = 0;
    memcached_return_t rc = MEMCACHED_FAILURE;
    Value value(
        memcached_get(client_, path.data(), path.size(), &size, &flags, &rc));
    Must(rc == MEMCACHED_SUCCESS || rc == MEMCACHED_NOTFOUND,
         "a get of libmemcached failed");
    if (value == nullptr) size = 0;
    benchmark::DoNotOptimize(value.get());
    return value;
  }

  memcached_st* const client_;
};

class LibmemcachedPeer final : public ConnectedSide {
 public:
  explicit LibmemcachedPeer(const Room& room)
      : server_(Server::Memcached(room.ample_bytes())) {}
  ~LibmemcachedPeer() override { Disconnect(); }

 private:
  std::unique_ptr<Session> Connect() override {
    return std::make_unique<Connection>(server_.socket());
  }

  const Server server_;
};

const AddSide kAdded({"libmemcached", "unix", kCopy | kWrites,
                      OpenSide<LibmemcachedPeer>});

}  // namespace
}  // namespace appcache::bench
