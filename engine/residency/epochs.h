// Epochs: lets threads read shared objects without a lock, and determines when
// an object that was unlinked can be freed.
//
//   // A reader. `head` is a std::atomic<Object*>.
//   Epochs::Reader& reader = epochs.ForThisThread();
//   {
//     const Epochs::Section section(epochs, reader);
//     Use(*head.load(std::memory_order_acquire));
//   }
//
//   // A writer.
//   Object* const old = head.exchange(replacement);
//   const uint64_t stamp = epochs.Stamp();
//   ...
//   if (stamp < epochs.OldestReader()) delete old;
//
// This is epoch-based reclamation (K. Fraser, "Practical lock-freedom", 2004).
// A reader announces the global epoch in a slot of its own when it enters a
// section, and 0 when it leaves. An unlinked object is stamped with the global
// epoch, which then advances. A reader that may hold the object announces an
// epoch that is not greater than the stamp.
//
// Why an object whose stamp is less than OldestReader() can be freed: a reader
// may use it only if it loaded the pointer before it was unlinked, or loaded it
// later without seeing that. Consider a reader that is inside, and the barrier
// in OldestReader().
//
//   (a) The scan of the slots sees its announcement, an epoch greater than the
//       stamp. The reader loaded that epoch from the increment in Stamp(), or
//       from a later one, so it sees the unlinking: it cannot find the object.
//   (b) The scan does not see its announcement. Then the announcement comes
//       after the barrier, and so do the loads of the section, which follow the
//       announcement and the reader's own barrier. The unlinking came before
//       the barrier: they see it.
//
// In (b), only stamps that were made before the barrier count. OldestReader()
// loads the global epoch before the barrier and never returns more than that.
// A reader may announce an epoch that it loaded long ago. That only holds
// objects back for longer.

#ifndef APPCACHE_ENGINE_RESIDENCY_EPOCHS_H_
#define APPCACHE_ENGINE_RESIDENCY_EPOCHS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/support/fork_guard.h"
#include "engine/support/sanitizers.h"
#include "engine/support/thread_counter.h"

namespace appcache::residency {

// Thread-safe. Must not be used in a forked child of the process that created
// it, except that a section may end there and the object may be destroyed.
class Epochs {
 public:
  // How a reader's announcement becomes visible to the thread that frees.
  enum class Barrier {
    // The thread that frees interrupts all processors that run threads of this
    // process: membarrier(2), PRIVATE_EXPEDITED. Costs readers nothing, and the
    // thread that frees some microseconds.
    kAsymmetric,
    // Every reader executes a fence when it enters a section.
    kFenced,
  };

  // kAsymmetric if this process may use membarrier (Linux 4.14, and no filter
  // of system calls that forbids it), else kFenced.
  static Barrier Supported() noexcept;

  // Uses kFenced if `barrier` is not supported. Throws std::bad_alloc.
  explicit Epochs(Barrier barrier = Supported());
  // REQUIRES: no thread is inside a section or calls a function of this object.
  // Threads that have used it may end later.
  ~Epochs();
  Epochs(const Epochs&) = delete;
  Epochs& operator=(const Epochs&) = delete;

  // The slot of one thread, which only that thread writes. It has cache lines
  // of its own: 128 bytes, because processors fetch lines in pairs.
  class alignas(128) Reader {
   public:
    Reader() noexcept = default;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    // Whether the thread of this slot is inside a section. For that thread.
    bool is_inside() const noexcept { return depth_ > 0; }

    // Incremented by the thread of this slot. They also count for threads that
    // had the slot before; Sum() adds up all slots.
    internal::ThreadCounter hits, misses, errors;

   private:
    friend class Epochs;

    // 0: outside.
    std::atomic<uint64_t> epoch_{0};
    // How many sections the thread is inside of.
    uint32_t depth_ = 0;
    // Written under the mutex of the list of slots.
    bool is_taken_ = false;
    // Not null: the slot is lent to this ending thread (see ForThisThread).
    // Written under that mutex, and only by the thread that has the slot, which
    // therefore reads it without.
    const void* ending_thread_ = nullptr;
  };

  // The slot of the calling thread; the first call of a thread takes one.
  // Throws std::bad_alloc. Valid until the thread ends.
  //
  // A thread that is ending has returned its slot when the destructors of
  // thread-local and static objects call this. It is lent one until it leaves
  // its outermost section: the reference is not valid afterwards.
  Reader& ForThisThread() {
    if (last_used_.id == id_) [[likely]]
      return *last_used_.reader;
    return FindOrTake();
  }

  // Whether the calling thread is inside a section of this object. Allocates
  // nothing and takes no slot.
  bool IsInside() noexcept;

  // A read section: an object found inside it stays valid until it ends.
  // Sections nest. A section ends on the thread that began it.
  class Section {
   public:
    // `reader` is epochs.ForThisThread().
    Section(Epochs& epochs, Reader& reader) noexcept
        : epochs_(epochs), reader_(reader) {
      if (reader_.depth_++ == 0) epochs_.Enter(reader_);
    }
    ~Section() {
      if (--reader_.depth_ == 0) epochs_.Leave(reader_);
    }
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;

   private:
    Epochs& epochs_;
    Reader& reader_;
  };

  // The stamp of objects that were unlinked before this call, by this thread or
  // by one that it synchronizes with. Writes the cache line that readers read
  // when they enter a section: stamp many objects at once.
  uint64_t Stamp() noexcept {
    return global_.fetch_add(1, std::memory_order_seq_cst);
  }

  // Objects with a stamp less than the result can be freed. The smallest epoch
  // of a reader that is inside, but at most the epoch at the call. Costs a
  // membarrier or a fence, a mutex, and a load per slot. May be called inside a
  // section, which then holds back what was stamped since it began.
  uint64_t OldestReader() noexcept;

  // Waits until every reader that was inside at the call has left. Readers that
  // enter later see what was stored before the call.
  // REQUIRES: !IsInside().
  void WaitForReaders() noexcept;

  struct Counts {
    uint64_t hits = 0;
    uint64_t misses = 0;
    uint64_t errors = 0;
  };
  // The sum over all threads, also those that have ended.
  Counts Sum() noexcept;

  Barrier barrier() const noexcept {
    return is_asymmetric_ ? Barrier::kAsymmetric : Barrier::kFenced;
  }

  // The number of slots: of threads that use this object, and free ones.
  size_t slots() noexcept;

 private:
  class Slots;
  class ThreadReaders;

  // The slot that the calling thread has used last, and the id of its Epochs.
  struct LastUsed {
    uint64_t id;
    Reader* reader;
  };

  void Enter(Reader& reader) noexcept;
  void Leave(Reader& reader) noexcept;

  Reader& FindOrTake();
  void ReturnFromEndingThread(Reader& reader) noexcept;
  // Makes announcements visible to the scan that follows (see the top).
  void ExecuteBarrier() noexcept;

  // {0, nullptr}: none. constinit, so that a load needs no check for its
  // initialization.
  static constinit thread_local LastUsed last_used_;

  // What readers read: on a line that only Stamp() writes. Epochs start at 1.
  alignas(128) std::atomic<uint64_t> global_{1};
  const bool is_asymmetric_;
  const uint64_t id_;  // never reused, unlike an address
  const internal::ForkGuard fork_guard_;

  // Shared with threads that end: one may be returning its slot while this
  // object is destroyed.
  alignas(128) std::shared_ptr<Slots> slots_;
};

inline void Epochs::Enter(Reader& reader) noexcept {
  const uint64_t epoch = global_.load(std::memory_order_acquire);
  // ThreadSanitizer models neither fences nor membarrier. Under it, readers and
  // the scan use read-modify-write operations on the slots: of two on one slot,
  // the later one synchronizes with the earlier, so that either the scan sees
  // the announcement, or the reader sees what came before the scan.
  if constexpr (internal::kThreadSanitizer) {
    reader.epoch_.exchange(epoch, std::memory_order_acq_rel);
  } else {
    // Release: the scan may see this epoch and not the 0 before it. The loads
    // of the previous section must then have happened, too.
    reader.epoch_.store(epoch, std::memory_order_release);
    if (is_asymmetric_) {
      // The membarrier orders the store and the loads of the section, if the
      // compiler has not reordered them.
      std::atomic_signal_fence(std::memory_order_seq_cst);
    } else {
      std::atomic_thread_fence(std::memory_order_seq_cst);
    }
  }
}

inline void Epochs::Leave(Reader& reader) noexcept {
  reader.epoch_.store(0, std::memory_order_release);
  if (reader.ending_thread_ != nullptr) [[unlikely]] {
    ReturnFromEndingThread(reader);
  }
}

}  // namespace appcache::residency

#endif  // APPCACHE_ENGINE_RESIDENCY_EPOCHS_H_
