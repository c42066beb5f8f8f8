// RingWriter: the program's side of a recorder file.

#ifndef APPCACHE_ENGINE_RECORD_RING_WRITER_H_
#define APPCACHE_ENGINE_RECORD_RING_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "appcache/access_recorder.h"
#include "appcache/times.h"
#include "engine/record/recorder_layout.h"

namespace appcache::internal {

// Milliseconds of a clock that all processes of the machine share and that
// never jumps. Costs some nanoseconds; changes every few milliseconds.
uint64_t MachineMilliseconds() noexcept;

// Thread-safe, also between processes. Allocates nothing, takes no lock, and
// does a bounded number of steps.
class RingWriter {
 public:
  // `now_ms` is called for sampled accesses.
  explicit RingWriter(RecorderLayout& layout,
                      uint64_t (*now_ms)() = MachineMilliseconds) noexcept
      : layout_(layout), now_ms_(now_ms) {}

  // If there is a session, counts a get, and puts an access to `path` into the
  // ring if the path is in the sample. Counts it as dropped if the ring is
  // full. Ends a session whose lease has expired.
  void Write(AccessKind kind, std::string_view path, size_t value_bytes,
             Ttl ttl) noexcept;

 private:
  struct Record {
    uint64_t id;
    uint64_t session_kind_ttl;
    uint64_t time_bytes;
  };
  // False: the ring is full.
  bool Push(const Record& record) noexcept;

  RecorderLayout& layout_;
  uint64_t (*const now_ms_)();
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_RECORD_RING_WRITER_H_
