// RecordedAccesses: the accesses that `appcache record` has collected, on disk,
// and the trace that is made of them.

#ifndef APPCACHE_TOOLS_COMMAND_TRACES_RECORDED_ACCESSES_H_
#define APPCACHE_TOOLS_COMMAND_TRACES_RECORDED_ACCESSES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "appcache/error.h"
#include "engine/record/ring_reader.h"
#include "tools/command/io/fd.h"
#include "tools/command/io/output_file.h"

namespace appcache::command {

enum class RecordFormat { kOracleGeneral, kCsv };

// Accesses are in a temporary file that has no name, and what is known of each
// key is in memory. Not thread-safe. Functions may throw std::bad_alloc.
class RecordedAccesses {
 public:
  // About 300 MB of memory.
  static constexpr size_t kMaxKeys = 4'000'000;

  // `directory` is that of the temporary file.
  static Result<RecordedAccesses> Create(const std::string& directory);

  // Errors: kFull when the disk is full; kUnavailable when the file cannot be
  // written.
  Status Add(const internal::AccessRecord& access);

  uint64_t gets() const noexcept { return gets_; }
  uint64_t hits() const noexcept { return hits_; }
  uint64_t sets() const noexcept { return sets_; }
  uint64_t invalidations() const noexcept { return invalidations_; }
  uint64_t keys() const noexcept { return keys_.size(); }
  // Of the temporary file.
  uint64_t bytes() const noexcept;

  // The share of the gets that were hits; 0 without gets.
  double HitRatio() const noexcept;
  // Two standard errors of this ratio as an estimate of that of all keys, when
  // `share` of the keys were recorded: those of a ratio estimator over the
  // keys. 0 when all were. Too small where a few keys have most of the gets and
  // are not among the recorded ones.
  double HitRatioError(double share) const;

  // Writes the trace. Sizes, ttls and next accesses are filled in first, so Add
  // must not be called afterwards. Errors: as for Add, and those of the output.
  Status WriteTo(OutputFile& output, RecordFormat format);

 private:
  struct Access {
    internal::AccessRecord record;
    int64_t next_get = -1;
  };
  struct Key {
    uint64_t gets = 0;
    uint64_t hits = 0;
    // From the end of the trace to the access that is looked at.
    int64_t next_get = -1;
    uint64_t ttl_ms = 0;
    uint32_t bytes = 0;
  };

  RecordedAccesses(UniqueFd file, std::string directory)
      : file_(std::move(file)), directory_(std::move(directory)) {}

  Status Flush();
  // From the last access to the first: what an access does not say itself is in
  // the later ones of its key.
  Status Complete();
  void Complete(Access& access, int64_t& get);
  Status Load(uint64_t first, std::vector<Access>& accesses) const;
  Status Store(uint64_t first, const std::vector<Access>& accesses) const;
  static void Append(const Access& access, RecordFormat format,
                     std::string& text);

  UniqueFd file_;
  std::string directory_;
  uint64_t flushed_ = 0;         // accesses in the file
  std::vector<Access> pending_;  // those that follow
  std::unordered_map<uint64_t, Key> keys_;
  uint64_t gets_ = 0;
  uint64_t hits_ = 0;
  uint64_t sets_ = 0;
  uint64_t invalidations_ = 0;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TRACES_RECORDED_ACCESSES_H_
