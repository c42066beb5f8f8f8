// Sides: the cache and its peers behind the same few calls, so that a case is
// written once. A side belongs to one thread.

#ifndef APPCACHE_BENCH_SIDES_H_
#define APPCACHE_BENCH_SIDES_H_

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>

#include "bench/bare_sqlite.h"
#include "bench/items.h"
#include "bench/world.h"
#include "engine/sqlite_cache.h"

namespace appcache::bench {

// What a get is to come out as.
enum class Answer { kHit, kMiss, kWrong };

template <class V>
Answer AnswerOf(const Lookup<V>& found, size_t value_bytes) {
  if (found)
    return found->size() == value_bytes ? Answer::kHit : Answer::kWrong;
  return found.has_error() ? Answer::kWrong : Answer::kMiss;
}

// The cache by path and bytes.
class CacheSide {
 public:
  explicit CacheSide(World& world, bool /*shared*/) : world_(world) {}

  Answer Get(const Item& item) {
    return AnswerOf(world_.cache().GetRaw(item.path()),
                    world_.spec().value_bytes);
  }

  bool SetNew(const Item& item) { return SetOver(item); }
  bool SetOver(const Item& item) {
    return world_.cache().SetRaw(item.path(), world_.value(), kNoTtl).ok();
  }
  bool SetEvict(const Item& item, const Item& /*victim*/) {
    return SetOver(item);
  }

  bool Clear() { return world_.cache().ClearRaw().ok(); }
  // What one case has put off must not be done during the next.
  bool Settle() { return world_.cache().Flush().ok(); }

  static std::atomic<size_t>& new_items(World& world) {
    return world.new_in_cache;
  }

 protected:
  World& world_;
};

// The cache by typed keys, made for each call, with values of type V.
template <class V>
class TypedSide : public CacheSide {
 public:
  explicit TypedSide(World& world, bool shared)
      : CacheSide(world, shared), value_(ValueOf(world)) {}

  Answer Get(const Item& item) {
    return AnswerOf(world_.cache().Get(ItemKey<V>{item.id}),
                    world_.spec().value_bytes);
  }

  bool SetOver(const Item& item) {
    return world_.cache().Set(ItemKey<V>{item.id}, value_).ok();
  }

 private:
  static V ValueOf(const World& world) {
    if constexpr (std::is_same_v<V, Bytes>) {
      return Bytes::Copy(world.value());
    } else {
      return world.value();
    }
  }

  const V value_;
};

// Bare SQLite, every value copied once into a buffer of its own, as the cache
// hands it out.
class BareSide {
 public:
  explicit BareSide(World& world, bool shared)
      : world_(world), connection_(world, shared, 0) {}

  Answer Get(const Item& item) {
    const bool found = connection_->Get(item.h, [](std::string_view value) {
      const auto copy = std::make_unique_for_overwrite<char[]>(value.size());
      std::memcpy(copy.get(), value.data(), value.size());
      benchmark::DoNotOptimize(copy.get());
      benchmark::ClobberMemory();
    });
    return found ? Answer::kHit : Answer::kMiss;
  }

  bool SetNew(const Item& item) {
    connection_->SetNew(item, world_.value());
    return true;
  }
  bool SetOver(const Item& item) {
    connection_->SetOver(item, world_.value());
    return true;
  }
  bool SetEvict(const Item& item, const Item& victim) {
    connection_->SetEvict(item, world_.value(), victim);
    return true;
  }

  bool Clear() {
    connection_->Clear();
    return true;
  }
  bool Settle() { return true; }

  BareConnection& connection() { return *connection_; }

  static std::atomic<size_t>& new_items(World& world) {
    return world.new_in_bare;
  }

 protected:
  // Opened once if the side is the only one, as the cache opens its own; else
  // each thread has another.
  class Connection {
   public:
    Connection(World& world, bool shared, size_t which)
        : own_(shared ? std::make_unique<BareConnection>(world.bare(), true)
                      : nullptr),
          used_(shared ? *own_ : world.bare_connection(which)) {}

    BareConnection& operator*() const { return used_; }
    BareConnection* operator->() const { return &used_; }

   private:
    const std::unique_ptr<BareConnection> own_;
    BareConnection& used_;
  };

  World& world_;
  const Connection connection_;
};

// Bare SQLite, the value only looked at where it lies.
class BareViewSide : public BareSide {
 public:
  using BareSide::BareSide;

  Answer Get(const Item& item) {
    const bool found = connection_->Get(item.h, [](std::string_view value) {
      benchmark::DoNotOptimize(value.data()[0]);
    });
    return found ? Answer::kHit : Answer::kMiss;
  }
};

// Bare SQLite with a connection to read and one to write, as the cache has: a
// read after a write finds its page cache out of date.
class BareSplitSide : public BareSide {
 public:
  explicit BareSplitSide(World& world, bool shared)
      : BareSide(world, shared), writer_(world, shared, 1) {}

  bool SetOver(const Item& item) {
    writer_->SetOver(item, world_.value());
    return true;
  }

 private:
  const Connection writer_;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SIDES_H_
