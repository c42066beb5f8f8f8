// ReadManyThrough: one call of GetManyVia. Run is the algorithm; its steps
// follow it in order.
//
// A caller loads and publishes every key that it leads before it waits for any
// other. So two callers whose keys overlap never wait for each other.

#ifndef APPCACHE_ENGINE_LOADING_READ_MANY_THROUGH_H_
#define APPCACHE_ENGINE_LOADING_READ_MANY_THROUGH_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "appcache/load_call.h"
#include "appcache/load_options.h"
#include "engine/loading/load_manager.h"
#include "engine/loading/single_flight.h"
#include "engine/loading/staleness.h"

namespace appcache::internal {

class ReadManyThrough {
 public:
  // A key of the call: its path, or why it has none.
  struct Path {
    std::optional<std::string_view> path;
    Status status;
  };

  // All referenced objects must outlive this one.
  ReadManyThrough(LoadManager& manager, LoadCall& call,
                  std::span<const Path> paths, const LoadOptions& options);

  // One answer per key, in order.
  std::vector<LoadAnswer> Run();

 private:
  using Ticket = SingleFlight::Ticket;
  using Indices = std::vector<size_t>;

  struct Item {
    std::optional<std::string_view> path;
    std::optional<Ticket> ticket;
    Age age = Age::kMissing;  // of the value that the call has parsed
    std::optional<LoadAnswer> answer;
    bool is_own = false;  // the caller is in the loader of this key
    std::optional<Ticket::InOwn> again;

    bool has_value() const { return age != Age::kMissing; }
    bool leads() const { return ticket && ticket->is_leader(); }
  };

  // The items without an answer for which `is_wanted` is true.
  template <class Predicate>
  Indices Wanted(const Predicate& is_wanted) const;

  // Looks in the cache, and joins a flight for each missing key.
  void Prepare();
  // Answers the items whose value is fresh. A failing cache is a miss.
  void Look(const Indices& indices);
  void Take(Item& item, size_t i, Bytes&& bytes, Age age);
  void Join();
  void AnswerStale(Item& item);

  // Calls the loader for these keys, then shares and stores the values.
  void Load(const Indices& indices);
  // Shares the exception being handled. True when there is a stale value for
  // every key.
  bool Fail(const Indices& indices) noexcept;

  // A loaded value on its way to the cache.
  struct Outgoing {
    size_t index = 0;
    LoadCall::Outcome outcome;
    Bytes encoded;
    Ttl ttl = kNoTtl;
    bool is_stored = false;
  };
  void Publish(const Indices& indices);
  // The serialised value; sets what `out` needs to be stored. None, and a
  // warning, when the value does not serialise.
  std::optional<Bytes> Encode(Outgoing& out);
  void Store(const std::vector<Outgoing>& outgoing,
             std::span<const size_t> stored);
  void StoreAll(std::span<const RawEntry> entries,
                std::span<const std::string_view> removed);

  // Waits for another caller's load; the item has an answer if it completes in
  // time.
  void Follow(size_t i);

  LoadManager& manager_;
  LoadCall& call_;
  LoadOptions options_;

  Loads* loads_ = nullptr;
  std::vector<Item> items_;
  std::optional<TimePoint> wait_until_;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LOADING_READ_MANY_THROUGH_H_
