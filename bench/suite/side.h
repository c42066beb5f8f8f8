// Side: a cache or a store that the suite measures, and the list of those in
// this program.
//
// The backends of this library and their peers are sides alike. Each peer is a
// source file of its own, so that a program contains those whose libraries are
// installed. Every case calls every side through this interface, which costs
// all of them one virtual call.

#ifndef APPCACHE_BENCH_SUITE_SIDE_H_
#define APPCACHE_BENCH_SUITE_SIDE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/items.h"

namespace appcache::bench {

// What one thread uses: a connection, a transaction, or the whole side where
// that is thread-safe. A read returns the size of the value; 0 is a miss.
class Session {
 public:
  Session() = default;
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The value in the cheapest form that stays valid after the call: a handle,
  // or a copy in a buffer that is reused.
  virtual size_t Get(const Item& item) = 0;
  // Reads the first byte of the value where it is stored.
  virtual size_t View(const Item& item);
  // Copies the value to a new string.
  virtual size_t Copy(const Item& item);
  // A read-through whose loader must not run, in the form of Get.
  virtual size_t GetVia(const Item& item);
  // The same in the form of Copy, with a key that is made for the call.
  virtual size_t GetViaCopy(const Item& item);
  // A Get that also returns the remaining ttl.
  virtual size_t GetTimed(const Item& item);
  // One batch. Returns the sum of the sizes. Default: a Get for each.
  virtual size_t GetMany(std::span<const Item* const> items);
  // The same with remaining ttls.
  virtual size_t GetManyTimed(std::span<const Item* const> items);

  virtual bool Set(const Item& item, std::string_view value) = 0;
  // A set in a full side. One that does not evict by itself removes `victim`
  // too, which is the item that was set first. Default: Set.
  virtual bool SetEvict(const Item& item, std::string_view value,
                        const Item& victim);
  virtual bool Remove(const Item& item) = 0;
};

class Side {
 public:
  Side() = default;
  virtual ~Side() = default;
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  // The session of a thread of a case. Thread-safe.
  virtual Session& SessionOf(int thread) = 0;

  // Stores all items. Default: Set for each.
  virtual void Fill(std::span<const Item> items, std::string_view value);

  // Does the work that a case has deferred, so that the next case does not.
  virtual bool Flush() { return true; }
};

// A side that all threads use alike.
class SharedSide : public Side, public Session {
 public:
  Session& SessionOf(int /*thread*/) override { return *this; }
};

// A side whose threads have connections of their own. Each is made at its first
// use and kept, as a program keeps its connections.
class ConnectedSide : public Side {
 public:
  Session& SessionOf(int thread) override;

 protected:
  virtual std::unique_ptr<Session> Connect() = 0;

  // For the destructor of a class whose members the sessions use.
  void Disconnect() { sessions_.clear(); }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Session>> sessions_;
};

// What a side is opened for.
struct Room {
  size_t entries;
  size_t value_bytes;
  // Whether a set of a new key evicts an entry. Otherwise there is room for
  // several times as many, so that sides with unequal shards lose none.
  bool is_full;

  // Of what evicts when its bytes are used up: much more than the entries.
  size_t ample_bytes() const {
    return (size_t{64} << 20) + 4 * entries * (value_bytes + 512);
  }

  size_t capacity() const { return is_full ? entries : 4 * entries + 10'000; }
};

enum Forms : unsigned {
  kView = 1,
  kCopy = 2,
  kGetVia = 4,
  kTimed = 8,
  kEvicts = 16,
  // Has a remote cache. When the side is opened full, hardly any entry has a
  // local copy.
  kFetches = 32,
  // Everything else. A side without it is only read.
  kWrites = 64,
};

struct SideType {
  std::string name;
  // Where the entries are: "memory", "file" or "unix" (a server on a socket).
  std::string place;
  unsigned forms;
  std::function<std::unique_ptr<Side>(const Room&)> open;

  bool has(Forms form) const { return (forms & form) != 0; }
};

// The sides of this program, in the order of their names.
const std::vector<SideType>& Sides();

// Ends the program if there is no such side.
const SideType& SideNamed(std::string_view name);

// Adds a side before main:
//   const AddSide kAdded({"name", "memory", kView | kWrites, &Open});
struct AddSide {
  explicit AddSide(SideType type);
};

// A SideType::open for a class that is made from a Room.
template <class T>
std::unique_ptr<Side> OpenSide(const Room& room) {
  return std::make_unique<T>(room);
}

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SUITE_SIDE_H_
