// SingleFlight: of many callers who need the same value, one makes it.
//
// The first caller to Join a path becomes the flight's leader, makes the value
// and lands it; the others wait and share what it made, or its failure. A write
// to the path meanwhile supersedes the flight: its value still goes to those
// who waited for it, but is not stored, so that a load never covers a newer
// write.
//
// What is shared are the serialised bytes: each caller parses a value of its
// own, as a hit would give it, so a value need not be copyable or thread-safe.
//
// Knows nothing of caches. Memory: one Flight per path being loaded.

#ifndef APPCACHE_ENGINE_LOADING_SINGLE_FLIGHT_H_
#define APPCACHE_ENGINE_LOADING_SINGLE_FLIGHT_H_

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "engine/bytes.h"
#include "engine/clock.h"

namespace appcache {

class SingleFlight {
 public:
  class Flight;

  SingleFlight() = default;
  SingleFlight(const SingleFlight&) = delete;
  SingleFlight& operator=(const SingleFlight&) = delete;

  // How often flights have landed so far. A caller reads it before it looks in
  // the cache: if it has not changed when the caller becomes a leader, nobody
  // can have stored the value in between, and a second look is needless.
  uint64_t landings() const noexcept {
    return landings_.load(std::memory_order_acquire);
  }

  // What Join gives. A leader calls Land or Fail at most once; if it does
  // neither, those who wait are told to help themselves (kGaveUp).
  class Ticket {
   public:
    Ticket(Ticket&&) noexcept = default;
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket();

    bool is_leader() const noexcept { return leads_; }

    // Leader: a ticket with which its caller can wait for the flight when the
    // value is made by another thread. Between HandOver and LeadHere, which
    // that thread calls, no thread is taken for the leader's.
    Ticket Follow() const { return Ticket(owner_, "", flight_, false); }
    void HandOver();
    void LeadHere();

    // Leader: shares `bytes`, or that there is nothing to share, and calls
    // `store` unless the flight was superseded. A write that supersedes waits
    // until `store` has returned.
    void Land(const std::optional<Bytes>& bytes,
              const std::function<void()>& store);

    // Leader: shares the failure.
    void Fail(std::exception_ptr failure) noexcept;

    enum class Outcome { kShared, kNothing, kTimedOut, kGaveUp };

    // Follower: waits for the leader, at most `max_wait` by `clock`. kShared:
    // `bytes` are set; rethrows when the leader failed. kNothing: the leader
    // landed nothing. kTimedOut: it is not done. kGaveUp: it went away without
    // a word, or waiting would be for this very thread (a loader that asks for
    // its own key).
    Outcome Wait(const Clock& clock, std::chrono::milliseconds max_wait,
                 Bytes& bytes);

   private:
    friend class SingleFlight;
    void End(const std::optional<Bytes>& bytes);

    Ticket(SingleFlight* owner, std::string path,
           std::shared_ptr<Flight> flight, bool leads)
        : owner_(owner),
          path_(std::move(path)),
          flight_(std::move(flight)),
          leads_(leads) {}

    SingleFlight* owner_;
    std::string path_;
    std::shared_ptr<Flight> flight_;  // null when moved from
    bool leads_;
  };

  Ticket Join(std::string_view path);

  // Land of many flights, with one store. The tickets lead, each another flight
  // of this object. `store` is called once, with the indices of the landings
  // that were not superseded; writes that supersede them wait for its end.
  struct Landing {
    Ticket* ticket;
    std::optional<Bytes> bytes;
  };
  static void LandAll(
      std::span<const Landing> landings,
      const std::function<void(std::span<const size_t>)>& store);

  // For PerProcess.
  void AbandonInChild() noexcept {}

  // A write, for as long as it takes. It waits for a store in progress; then no
  // flight stores that began before the write's end. Costs a hash of the path
  // and four atomic operations when nothing is being loaded.
  class Write {
   public:
    Write(SingleFlight& owner, std::string_view path);
    ~Write();
    Write(const Write&) = delete;
    Write& operator=(const Write&) = delete;

   private:
    SingleFlight& owner_;
    const std::string_view path_;
    std::atomic<uint32_t>& writes_;
  };

  // The same for a write of many paths, or of all: flights of other paths that
  // begin meanwhile do not store either, which costs only another load.
  class WriteMany {
   public:
    explicit WriteMany(SingleFlight& owner);
    ~WriteMany();
    WriteMany(const WriteMany&) = delete;
    WriteMany& operator=(const WriteMany&) = delete;

    // One of the paths that are to be written.
    void Supersede(std::string_view path) { owner_.Supersede(path); }
    void SupersedeAll() { owner_.SupersedeAll(); }

   private:
    SingleFlight& owner_;
  };

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Flights = std::unordered_map<std::string, std::shared_ptr<Flight>, Hash,
                                     std::equal_to<>>;

  static constexpr size_t kStripes = 64;

  // A load of `path` that is in progress must not store.
  void Supersede(std::string_view path);
  void SupersedeAll();
  std::atomic<uint32_t>& WritesOf(std::string_view path) noexcept {
    return writes_[std::hash<std::string_view>()(path) % kStripes];
  }

  bool IsBeingWritten(std::string_view path) noexcept;

  // Takes the flight off the table, if it is still the one on it.
  void Remove(std::string_view path, const Flight* flight);

  // The flight is over: nothing of it will be stored from now on.
  void End(std::string_view path, const Flight* flight);

  // Lock order: mutex_ and a Flight's mutex are never held together.
  std::mutex mutex_;
  Flights flights_;  // guarded by mutex_
  // Flights that may still store: those on the table and those superseded.
  std::atomic<uint64_t> in_progress_{0};
  std::atomic<uint64_t> landings_{0};
  // Writes in progress, by a hash of their paths, and those of many paths.
  // Sequentially consistent with in_progress_: of a flight and a write that
  // begin together, one sees the other.
  std::array<std::atomic<uint32_t>, kStripes> writes_{};
  std::atomic<uint32_t> writes_of_many_{0};
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LOADING_SINGLE_FLIGHT_H_
