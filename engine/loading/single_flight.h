// SingleFlight: of many callers that need the same value, one computes it.
//
// The first caller that joins a path becomes the leader of a flight, computes
// the value and publishes it. The others wait and share the value, or the
// failure. A write to the path during the flight supersedes it: its value still
// goes to those who waited, but is not stored, so that a load never overwrites
// a newer write.
//
// Flights share serialised bytes. Each caller parses a value of its own, as it
// would after a hit, so a value need not be copyable or thread-safe.
//
// Restrictions: knows nothing of backends. Memory: one Flight per path that is
// being loaded.

#ifndef APPCACHE_ENGINE_LOADING_SINGLE_FLIGHT_H_
#define APPCACHE_ENGINE_LOADING_SINGLE_FLIGHT_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "appcache/bytes.h"
#include "appcache/clock.h"
#include "engine/support/flight_table.h"

namespace appcache::internal {

class SingleFlight {
 public:
  class Flight;

  SingleFlight() = default;
  SingleFlight(const SingleFlight&) = delete;
  SingleFlight& operator=(const SingleFlight&) = delete;

  // How many flights have completed. A caller reads it before it looks in the
  // cache: if it is unchanged when the caller becomes a leader, nobody can have
  // stored the value since, and the caller need not look again.
  uint64_t completions() const noexcept {
    return completions_.load(std::memory_order_acquire);
  }

  // The result of Join. A leader calls Publish or Fail at most once. If it is
  // destroyed without either, its followers get kGaveUp.
  class Ticket {
   public:
    Ticket(Ticket&&) noexcept = default;
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket();

    bool is_leader() const noexcept { return leads_; }

    // Leader: a ticket to wait for this flight with, for a leader whose value
    // is computed by another thread. From HandOver until LeadHere, which that
    // thread calls, no thread counts as the leader's.
    Ticket Follow() const { return Ticket(owner_, flight_, false); }
    void HandOver();
    void LeadHere();

    // Leader: shares `bytes`, or that there is no value, and calls `store`
    // unless the flight was superseded. A write that supersedes it waits until
    // `store` has returned.
    void Publish(const std::optional<Bytes>& bytes,
                 const std::function<void()>& store);

    // Leader: shares the failure.
    void Fail(std::exception_ptr failure) noexcept;

    enum class Outcome {
      kShared,    // the leader published bytes
      kNothing,   // the leader published that there is no value
      kTimedOut,  // the flight is still running
      kGaveUp,    // the leader ended without a result
      kOwn,       // the caller is in the loader of this flight
      kCycle,     // the flight cannot end before this call returns: its loader
                  // waits for a flight that the caller's thread leads, or the
                  // caller is in it a second time (see InOwn)
    };

    // While it exists, the calling thread loads the value of its own flight
    // again, after Wait has returned kOwn.
    class InOwn {
     public:
      explicit InOwn(const Ticket& ticket) noexcept;
      ~InOwn();
      InOwn(const InOwn&) = delete;
      InOwn& operator=(const InOwn&) = delete;

     private:
      const std::shared_ptr<Flight> flight_;
    };

    // Follower: waits for the leader, at most `max_wait` by `clock`. Sets
    // `bytes` for kShared. Rethrows the leader's failure.
    Outcome Wait(const Clock& clock, std::chrono::milliseconds max_wait,
                 Bytes& bytes);

   private:
    friend class SingleFlight;
    Ticket(SingleFlight* owner, std::shared_ptr<Flight> flight, bool leads)
        : owner_(owner), flight_(std::move(flight)), leads_(leads) {}

    // Ends the flight of a leader that has stored its value or may not.
    void Complete(const std::optional<Bytes>& bytes);

    SingleFlight* owner_;
    std::shared_ptr<Flight> flight_;  // null when moved from
    bool leads_;
  };

  Ticket Join(std::string_view path);

  // Publishes several flights with one store. Each ticket leads a different
  // flight of this object. `store` is called once, with the indices of the
  // publications that were not superseded; writes that supersede these wait
  // until it has returned.
  struct Publication {
    Ticket* ticket;
    std::optional<Bytes> bytes;
  };
  static void PublishAll(
      std::span<const Publication> publications,
      const std::function<void(std::span<const size_t>)>& store);

  // For PerProcess.
  void AbandonInChild() noexcept {}

  // Marks a write in progress, from construction to destruction. Waits for a
  // store in progress; after that, no flight that began before the end of the
  // write stores its value. Costs a hash of the path and four atomic operations
  // when nothing is being loaded.
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

  // The same for a write of many paths, or of all. Flights of other paths that
  // begin during the write do not store their values either, and are not joined
  // after it, which costs another load.
  class WriteMany {
   public:
    explicit WriteMany(SingleFlight& owner);
    ~WriteMany();
    WriteMany(const WriteMany&) = delete;
    WriteMany& operator=(const WriteMany&) = delete;

    // Adds one of the paths to be written.
    void Supersede(std::string_view path) { owner_.Supersede(path); }
    void SupersedeAll() { owner_.SupersedeAll(); }

   private:
    SingleFlight& owner_;
  };

 private:
  static constexpr size_t kStripes = 64;

  // Stops the flight of `path`, if there is one, from storing its value.
  void Supersede(std::string_view path);
  void SupersedeAll();
  std::atomic<uint32_t>& WritesOf(std::string_view path) noexcept {
    return writes_[std::hash<std::string_view>()(path) % kStripes];
  }

  bool IsBeingWritten(std::string_view path) noexcept;
  // False for a flight that began during a write of many paths, after the end
  // of that write or of another such one.
  bool IsJoinable(const Flight& flight) const noexcept;

  // Called by the leader when its flight will not store anything any more.
  void End(const Flight& flight);

  FlightTable<Flight> flights_;
  // Flights that may still store: those in the table and those superseded.
  std::atomic<uint64_t> in_progress_{0};
  std::atomic<uint64_t> completions_{0};
  // Writes in progress: by a hash of the path, and those of many paths.
  // Sequentially consistent with in_progress_, so that of a flight and a write
  // that begin at the same time, one sees the other.
  std::array<std::atomic<uint32_t>, kStripes> writes_{};
  std::atomic<uint32_t> writes_of_many_{0};
  std::atomic<uint64_t> ended_writes_of_many_{0};
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LOADING_SINGLE_FLIGHT_H_
