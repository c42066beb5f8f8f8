#include "tools/command/traces/recorded_accesses.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <type_traits>

#include "tools/trace/oracle_general.h"

namespace appcache::command {
namespace {

constexpr size_t kBatch = 4096;  // accesses

bool IsGet(const internal::AccessRecord& access) {
  return access.kind == AccessKind::kHit || access.kind == AccessKind::kMiss;
}

bool HasValue(const internal::AccessRecord& access) {
  return access.kind == AccessKind::kHit || access.kind == AccessKind::kSet;
}

const char* OperationName(AccessKind kind) {
  switch (kind) {
    case AccessKind::kHit:
    case AccessKind::kMiss:
      return "get";
    case AccessKind::kSet:
      return "set";
    case AccessKind::kInvalidate:
      break;
  }
  return "delete";
}

void AppendCsv(const internal::AccessRecord& access, std::string& text) {
  std::array<char, 128> line;
  int size =
      std::snprintf(line.data(), line.size(), "%u.%03u,%016llx,%u,",
                    access.time_ms / 1000, access.time_ms % 1000,
                    static_cast<unsigned long long>(access.id), access.bytes);
  text.append(line.data(), static_cast<size_t>(size));
  if (access.ttl_ms > 0) {
    size = std::snprintf(line.data(), line.size(), "%llu.%03u",
                         static_cast<unsigned long long>(access.ttl_ms / 1000),
                         static_cast<unsigned>(access.ttl_ms % 1000));
    text.append(line.data(), static_cast<size_t>(size));
  }
  text.append(",").append(OperationName(access.kind)).append("\n");
}

}  // namespace

Result<RecordedAccesses> RecordedAccesses::Create(
    const std::string& directory) {
  std::string name = directory + "/appcache-record-XXXXXX";
  UniqueFd file(mkostemp(name.data(), O_CLOEXEC));
  if (!file.is_open()) {
    return FileFailure("create a temporary file in", directory, errno);
  }
  unlink(name.c_str());
  return RecordedAccesses(std::move(file), directory);
}

Status RecordedAccesses::Add(const internal::AccessRecord& access) {
  const auto [found, is_new] = keys_.try_emplace(access.id);
  Key& key = found->second;
  if (is_new || HasValue(access)) key.bytes = access.bytes;
  switch (access.kind) {
    case AccessKind::kHit:
      ++hits_;
      ++key.hits;
      [[fallthrough]];
    case AccessKind::kMiss:
      ++gets_;
      ++key.gets;
      break;
    case AccessKind::kSet:
      ++sets_;
      key.ttl_ms = access.ttl_ms;
      break;
    case AccessKind::kInvalidate:
      ++invalidations_;
      break;
  }
  pending_.push_back({access});
  return pending_.size() < kBatch ? Status() : Flush();
}

uint64_t RecordedAccesses::bytes() const noexcept {
  return (flushed_ + pending_.size()) * sizeof(Access);
}

double RecordedAccesses::HitRatio() const noexcept {
  return gets_ == 0 ? 0
                    : static_cast<double>(hits_) / static_cast<double>(gets_);
}

double RecordedAccesses::HitRatioError(double share) const {
  if (gets_ == 0) return 0;
  const double ratio = HitRatio();
  double squares = 0;
  for (const auto& [id, key] : keys_) {
    const double residual =
        static_cast<double>(key.hits) - ratio * static_cast<double>(key.gets);
    squares += residual * residual;
  }
  return 2 * std::sqrt(1 - share) * std::sqrt(squares) /
         static_cast<double>(gets_);
}

Status RecordedAccesses::WriteTo(OutputFile& output, RecordFormat format) {
  Status status = Flush();
  if (status.ok()) status = Complete();
  if (status.ok() && format == RecordFormat::kCsv) {
    status = output.Write("time,key,size,ttl,op\n");
  }
  std::vector<Access> accesses;
  std::string text;
  for (uint64_t first = 0; status.ok() && first < flushed_; first += kBatch) {
    accesses.resize(std::min<uint64_t>(kBatch, flushed_ - first));
    status = Load(first, accesses);
    if (!status.ok()) break;
    text.clear();
    for (const Access& access : accesses) Append(access, format, text);
    status = output.Write(text);
  }
  return status;
}

Status RecordedAccesses::Flush() {
  Status stored = Store(flushed_, pending_);
  if (!stored.ok()) return stored;
  flushed_ += pending_.size();
  pending_.clear();
  return stored;
}

Status RecordedAccesses::Complete() {
  std::vector<Access> accesses;
  auto get = static_cast<int64_t>(gets_);
  for (uint64_t end = flushed_; end > 0;) {
    accesses.resize(std::min<uint64_t>(kBatch, end));
    end -= accesses.size();
    Status status = Load(end, accesses);
    if (!status.ok()) return status;
    std::for_each(accesses.rbegin(), accesses.rend(),
                  [&](Access& access) { Complete(access, get); });
    status = Store(end, accesses);
    if (!status.ok()) return status;
  }
  return Status();
}

// A miss has the size of the value that was stored next, or if none was, of the
// last one before it, or if that is not known either, of its key alone. A get
// has the ttl of that set: a replay stores the value with it after a miss, also
// where the program had a hit.
void RecordedAccesses::Complete(Access& access, int64_t& get) {
  Key& key = keys_[access.record.id];
  if (HasValue(access.record)) {
    key.bytes = access.record.bytes;
  } else {
    access.record.bytes = key.bytes;
  }
  if (access.record.kind == AccessKind::kSet) key.ttl_ms = access.record.ttl_ms;
  if (!IsGet(access.record)) return;
  access.record.ttl_ms = key.ttl_ms;
  access.next_get = key.next_get;
  key.next_get = --get;
}

Status RecordedAccesses::Load(uint64_t first,
                              std::vector<Access>& accesses) const {
  const size_t size = accesses.size() * sizeof(Access);
  const auto offset = static_cast<off_t>(first * sizeof(Access));
  char* const to = reinterpret_cast<char*>(accesses.data());
  for (size_t done = 0; done < size;) {
    const ssize_t n = pread(file_.get(), to + done, size - done,
                            offset + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      return FileFailure("read a temporary file in", directory_,
                         n < 0 ? errno : EIO);
    }
    done += static_cast<size_t>(n);
  }
  return Status();
}

Status RecordedAccesses::Store(uint64_t first,
                               const std::vector<Access>& accesses) const {
  static_assert(std::is_trivially_copyable_v<Access>);
  const size_t size = accesses.size() * sizeof(Access);
  const auto offset = static_cast<off_t>(first * sizeof(Access));
  const char* const from = reinterpret_cast<const char*>(accesses.data());
  for (size_t done = 0; done < size;) {
    const ssize_t n = pwrite(file_.get(), from + done, size - done,
                             offset + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return FileFailure("write to a temporary file in", directory_, errno);
    }
    done += static_cast<size_t>(n);
  }
  return Status();
}

// libCacheSim skips requests of size 0.
void RecordedAccesses::Append(const Access& access, RecordFormat format,
                              std::string& text) {
  if (format == RecordFormat::kCsv) return AppendCsv(access.record, text);
  if (!IsGet(access.record)) return;
  const auto bytes = trace::EncodeOracleGeneral(
      {access.record.time_ms / 1000, access.record.id,
       std::max(access.record.bytes, uint32_t{1}), access.next_get});
  text.append(bytes.data(), bytes.size());
}

}  // namespace appcache::command
