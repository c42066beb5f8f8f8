// Sides: the cache and its peers behind the same few calls, so that each case
// is written once. A side belongs to one thread.

#ifndef APPCACHE_BENCH_SIDES_H_
#define APPCACHE_BENCH_SIDES_H_

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>

#include "appcache/backend.h"
#include "appcache/sqlite_cache.h"
#include "bench/bare_sqlite.h"
#include "bench/frame/answer.h"
#include "bench/items.h"
#include "bench/store_fixture.h"

namespace appcache::bench {

// The raw operations of the cache.
class CacheSide {
 public:
  explicit CacheSide(StoreFixture& fixture, bool /*shared*/)
      : fixture_(fixture), backend_(*fixture.cache().backend()) {}

  Answer Get(const Item& item) {
    return AnswerOf(backend_.GetRaw(item.path()), fixture_.spec().value_bytes);
  }

  bool SetNew(const Item& item) { return SetOver(item); }
  bool SetOver(const Item& item) {
    return backend_.SetRaw(item.path(), fixture_.value(), kNoTtl).ok();
  }
  bool SetEvict(const Item& item, const Item& /*victim*/) {
    return SetOver(item);
  }

  bool Clear() { return backend_.ClearRaw().ok(); }
  // Does the work that a case has deferred, so that the next case does not.
  bool Flush() { return fixture_.cache().Flush().ok(); }

  static std::atomic<size_t>& new_items(StoreFixture& fixture) {
    return fixture.new_in_cache;
  }

 protected:
  StoreFixture& fixture_;
  Backend& backend_;
};

// The typed operations of the cache, with a key that is made for each call and
// values of type V.
template <class V>
class TypedSide : public CacheSide {
 public:
  explicit TypedSide(StoreFixture& fixture, bool shared)
      : CacheSide(fixture, shared), value_(ValueOf(fixture)) {}

  Answer Get(const Item& item) {
    return AnswerOf(fixture_.cache().Get(ItemKey<V>{item.id}),
                    fixture_.spec().value_bytes);
  }

  bool SetOver(const Item& item) {
    return fixture_.cache().Set(ItemKey<V>{item.id}, value_).ok();
  }

 private:
  static V ValueOf(const StoreFixture& fixture) {
    if constexpr (std::is_same_v<V, Bytes>) {
      return Bytes::Copy(fixture.value());
    } else {
      return fixture.value();
    }
  }

  const V value_;
};

// Bare SQLite. A get copies the value once, into a new buffer, as the cache
// does.
class BareSide {
 public:
  explicit BareSide(StoreFixture& fixture, bool shared,
                    StoreFixture::Copy copy = StoreFixture::Copy::kShared)
      : fixture_(fixture), connection_(fixture, copy, shared, 0) {}

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
    connection_->SetNew(item, fixture_.value());
    return true;
  }
  bool SetOver(const Item& item) {
    connection_->SetOver(item, fixture_.value());
    return true;
  }
  bool SetEvict(const Item& item, const Item& victim) {
    connection_->SetEvict(item, fixture_.value(), victim);
    return true;
  }

  bool Clear() {
    connection_->Clear();
    return true;
  }
  bool Flush() { return true; }

  BareConnection& connection() { return *connection_; }

  static std::atomic<size_t>& new_items(StoreFixture& fixture) {
    return fixture.new_in_bare;
  }

 protected:
  // The fixture's connection when one thread runs, so that it is opened once,
  // as the cache opens its own; a new one for each of several threads.
  class Connection {
   public:
    Connection(StoreFixture& fixture, StoreFixture::Copy copy, bool shared,
               size_t which)
        : own_(shared
                   ? std::make_unique<BareConnection>(fixture.bare(copy), true)
                   : nullptr),
          used_(shared ? *own_ : fixture.bare_connection(copy, which)) {}

    BareConnection& operator*() const { return used_; }
    BareConnection* operator->() const { return &used_; }

   private:
    const std::unique_ptr<BareConnection> own_;
    BareConnection& used_;
  };

  StoreFixture& fixture_;
  const Connection connection_;
};

// Bare SQLite in ":memory:". Each of several threads has a database of its own.
class PrivateSide : public BareSide {
 public:
  explicit PrivateSide(StoreFixture& fixture, bool shared)
      : BareSide(fixture, shared, StoreFixture::Copy::kPrivate) {}
};

// Bare SQLite. A get reads the value in place and does not copy it.
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

// Bare SQLite with one connection that reads and one that writes, as the cache
// has: the page cache of the reader is out of date after each write.
class BareSplitSide : public BareSide {
 public:
  explicit BareSplitSide(StoreFixture& fixture, bool shared)
      : BareSide(fixture, shared),
        writer_(fixture, StoreFixture::Copy::kShared, shared, 1) {}

  bool SetOver(const Item& item) {
    writer_->SetOver(item, fixture_.value());
    return true;
  }

 private:
  const Connection writer_;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SIDES_H_
