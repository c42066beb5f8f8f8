// The other process of process_test. It runs one command:
//
//   stop DIRECTORY
//       Sets "p/stopped", and stops itself (SIGSTOP) within the transaction.
//   write DIRECTORY SEED
//       Sets and invalidates the keys and values of written.h until it is
//       killed.
//   set DIRECTORY MAX_BYTES COUNT
//       Sets COUNT entries of 20,000 bytes.
//   read DIRECTORY MAX_BYTES PATH
//       Gets PATH, which must have a ttl, and stops itself within the read.
//   full DIRECTORY
//       Sets entries while no file may grow, as on a full disk.
//   cramped DIRECTORY MAX_BYTES get|set
//       Gets or sets an entry after the map has grown, while there is no
//       address space for it. When there is, opens the cache again.
//   readers DIRECTORY
//       Occupies every slot of LMDB's table of readers.
//
// Each command prints "ready" when the cache is open, and continues when it
// reads a line. It prints what went wrong; the exit status is 0 if nothing did.

#include <lmdb.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "appcache/lmdb_cache.h"
#include "tests/lmdb/interrupted_clock.h"
#include "tests/lmdb/written.h"

namespace appcache {
namespace {

int Complain(const std::string& problem) {
  std::cout << problem << std::endl;
  return 1;
}

void PrintReadyAndWait() {
  std::cout << "ready" << std::endl;
  std::string line;
  std::getline(std::cin, line);
}

int ExitStatus(const Status& status) {
  return status.ok() ? 0 : Complain(status.ToString());
}

int Write(LmdbCache& cache, uint64_t seed) {
  std::mt19937_64 random(seed);
  for (;;) {
    const int key = static_cast<int>(random() % kWrittenKeys);
    const Status status =
        random() % 5 == 0 ? cache.backend()->InvalidateRaw(WrittenPath(key))
                          : cache.backend()->SetRaw(
                                WrittenPath(key),
                                WrittenValue(key, random() % 20'000), kNoTtl);
    if (!status.ok()) return ExitStatus(status);
  }
}

int Set(LmdbCache& cache, int count) {
  const std::string value(20'000, 'v');
  for (int i = 0; i < count; ++i) {
    const Status set =
        cache.backend()->SetRaw("p/" + std::to_string(i), value, kNoTtl);
    if (!set.ok()) return ExitStatus(set);
  }
  return 0;
}

// The file already has a few blocks, so the first sets may succeed.
int Full(LmdbCache& cache) {
  if (!cache.backend()->SetRaw("p/before", "value", kNoTtl).ok()) return 1;
  signal(SIGXFSZ, SIG_IGN);
  const rlimit none = {60'000, RLIM_INFINITY};
  if (setrlimit(RLIMIT_FSIZE, &none) != 0) return 1;
  int full = 0;
  for (int i = 0; i < 20; ++i) {
    const Status set = cache.backend()->SetRaw("p/" + std::to_string(i),
                                               std::string(9000, 'v'), kNoTtl);
    const Lookup<Bytes> found =
        cache.backend()->GetRaw("p/" + std::to_string(i));
    if (set.ok() != found.is_hit()) {
      return Complain("a get contradicts the result of its set");
    }
    if (set.Is(ErrorCode::kFull)) ++full;
    if (!set.ok() && !set.Is(ErrorCode::kFull)) return ExitStatus(set);
  }
  if (full == 0) return Complain("no set was kFull");
  const rlimit any = {RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_FSIZE, &any) != 0) return 1;
  return Set(cache, 20);
}

bool LimitAddressSpace(rlim_t bytes) {
  const rlimit limit = {bytes, RLIM_INFINITY};
  return setrlimit(RLIMIT_AS, &limit) == 0;
}

// Allows the address space in use, and a little for everything but a map.
bool LeaveNoAddressSpace() {
  constexpr rlim_t kLittle = 32 << 20;
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  return statm >> pages &&
         LimitAddressSpace(pages * static_cast<rlim_t>(getpagesize()) +
                           kLittle);
}

int Cramped(LmdbCache::Opened opened, const std::vector<std::string>& arguments,
            const LmdbCacheOptions& options) {
  std::unique_ptr<LmdbCache> cache = *std::move(opened);
  if (!LeaveNoAddressSpace()) return Complain("cannot limit the address space");
  const auto set = [&] { return cache->backend()->SetRaw("p", "new", kNoTtl); };
  const auto get = [&] { return cache->backend()->GetRaw("p").status(); };
  const bool set_first = arguments.at(3) == "set";
  const Status first = set_first ? set() : get();
  if (!first.Is(ErrorCode::kFull)) return Complain(first.ToString());
  if (!LimitAddressSpace(RLIM_INFINITY)) {
    return Complain("cannot remove the limit of the address space");
  }
  for (const Status& later : {get(), set()}) {
    if (!later.Is(ErrorCode::kUnavailable)) return Complain(later.ToString());
  }
  cache.reset();
  LmdbCache::Opened again = LmdbCache::Open(arguments.at(1), options);
  if (!again.ok()) return ExitStatus(again.status());
  cache = *std::move(again);
  const Lookup<Bytes> found = cache->backend()->GetRaw("p");
  if (!found || found->view() != "value")
    return Complain("the value is missing or wrong");
  return ExitStatus(set());
}

int Readers(const std::string& directory) {
  MDB_env* env = nullptr;
  if (mdb_env_create(&env) != 0) return 1;
  int rc = mdb_env_open(env, directory.c_str(), MDB_NOTLS, 0600);
  std::vector<MDB_txn*> readers;
  for (MDB_txn* txn; rc == 0; readers.push_back(txn)) {
    rc = mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn);
    if (rc != 0) break;
  }
  if (rc != MDB_READERS_FULL) return Complain(mdb_strerror(rc));
  PrintReadyAndWait();
  for (MDB_txn* const txn : readers) mdb_txn_abort(txn);
  mdb_env_close(env);
  return 0;
}

int Run(const std::vector<std::string>& arguments) {
  const std::string& command = arguments.at(0);
  if (command == "readers") return Readers(arguments.at(1));
  LmdbCacheOptions options;
  if (command == "set" || command == "read" || command == "cramped") {
    options.max_bytes = std::stoull(arguments.at(2));
  }
  const auto stopping = std::make_shared<std::atomic<bool>>(false);
  options.clock = std::make_shared<InterruptedClock>([stopping] {
    if (stopping->exchange(false)) raise(SIGSTOP);
  });
  LmdbCache::Opened cache = LmdbCache::Open(arguments.at(1), options);
  if (!cache.ok()) return ExitStatus(cache.status());
  PrintReadyAndWait();
  *stopping = command == "stop" || command == "read";
  if (command == "stop")
    return ExitStatus((*cache)->backend()->SetRaw("p/stopped", "v", kNoTtl));
  if (command == "write") return Write(**cache, std::stoull(arguments.at(2)));
  if (command == "set") return Set(**cache, std::stoi(arguments.at(3)));
  if (command == "read")
    return (*cache)->backend()->GetRaw(arguments.at(3)) ? 0 : 1;
  if (command == "full") return Full(**cache);
  if (command == "cramped")
    return Cramped(std::move(cache), arguments, options);
  return Complain("unknown command: " + command);
}

}  // namespace
}  // namespace appcache

int main(int argc, char** argv) {
  return appcache::Run(std::vector<std::string>(argv + 1, argv + argc));
}
