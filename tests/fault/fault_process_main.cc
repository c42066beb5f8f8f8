// The other process of the process tests. It does one thing:
//
//   hammer FILE EVENTS KEYS MAX_ENTRIES OPERATIONS WRITER SEED
//       Opens the cache and hammers it with eight threads, the first of which
//       is writer WRITER; writes their history to EVENTS, and what was wrong to
//       its output.
//   open FILE KEY
//       Opens the cache and sets KEY.
//   open-impatiently FILE KEY
//       The same, but waits for nobody.
//   hold-cache FILE
//       Opens the cache, sets an entry, and keeps it open.
//   hold-lane FILE
//       Holds the writer lane of the cache.
//   hold-read FILE
//       Holds a read transaction on the database.
//
// Each says "ready", and goes on when it is sent a line: hammer and the
// opens begin only then, the others end. The exit code is 0 if all went well.

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "engine/lane/file_lock.h"
#include "tests/fault/faulty_vfs.h"
#include "tests/fault/hammer.h"

namespace appcache {
namespace {

constexpr int kThreads = 8;

void SayReadyAndWait() {
  std::cout << "ready" << std::endl;
  std::string line;
  std::getline(std::cin, line);
}

int Complain(const std::string& what) {
  std::cout << what << std::endl;
  return 1;
}

int RunHammer(const std::vector<std::string>& arguments) {
  Hammer::Plan plan;
  plan.keys = std::stoi(arguments[2]);
  plan.max_entries = std::stoull(arguments[3]);
  plan.operations = std::stoi(arguments[4]);
  plan.writer = std::stoull(arguments[5]);
  plan.seed = std::stoull(arguments[6]);
  SqliteCacheOptions options;
  options.max_entries = plan.max_entries;
  const auto cache = SqliteCache::OpenFile(arguments[0], options);
  if (!cache.ok()) return Complain(cache.status().ToString());

  std::vector<std::unique_ptr<Hammer>> hammers;
  for (int i = 0; i < kThreads; ++i) {
    hammers.push_back(std::make_unique<Hammer>(**cache, plan));
    ++plan.writer;
    ++plan.seed;
  }
  SayReadyAndWait();
  std::vector<std::thread> threads;
  for (const auto& hammer : hammers) {
    threads.emplace_back([&hammer] { hammer->Run(); });
  }
  for (std::thread& thread : threads) thread.join();

  std::ofstream file(arguments[1], std::ios::binary);
  int exit_code = 0;
  for (const auto& hammer : hammers) {
    for (const std::string& failure : hammer->failures()) {
      exit_code = Complain(failure);
    }
    file.write(
        reinterpret_cast<const char*>(hammer->events().data()),
        static_cast<std::streamsize>(hammer->events().size() * sizeof(Event)));
  }
  return file.flush() ? exit_code : Complain("cannot write the history");
}

int Open(const std::vector<std::string>& arguments,
         const SqliteCacheOptions& options) {
  SayReadyAndWait();
  const auto cache = SqliteCache::OpenFile(arguments[0], options);
  if (!cache.ok()) return Complain(cache.status().ToString());
  const Status set = (*cache)->SetByStr(arguments[1], arguments[1]);
  return set.ok() ? 0 : Complain(set.ToString());
}

int OpenImpatiently(const std::vector<std::string>& arguments) {
  // SQLite sleeps for ten seconds in all before it gives up on someone who has
  // stopped while making the index of the log; this one does not.
  const FaultyVfs vfs("without sleep");
  SqliteCacheOptions options;
  options.vfs = vfs.name();
  options.busy_timeout = std::chrono::milliseconds(5);
  return Open(arguments, options);
}

int HoldCache(const std::vector<std::string>& arguments) {
  const auto cache = SqliteCache::OpenFile(arguments[0]);
  if (!cache.ok()) return Complain(cache.status().ToString());
  const Status set = (*cache)->SetByStr<std::string>("held", "value");
  if (!set.ok()) return Complain(set.ToString());
  SayReadyAndWait();
  return 0;
}

int HoldLane(const std::vector<std::string>& arguments) {
  Result<internal::FileLock> lock =
      internal::FileLock::Open(arguments[0] + "-lane");
  if (!lock.ok()) return Complain(lock.status().ToString());
  const Result<bool> locked = lock->TryLock();
  if (!locked.ok() || !*locked) return Complain("cannot lock the lane");
  SayReadyAndWait();
  return 0;
}

int HoldRead(const std::vector<std::string>& arguments) {
  sqlite3* db = nullptr;
  int rc = sqlite3_open(arguments[0].c_str(), &db);
  if (rc == SQLITE_OK) {
    rc = sqlite3_exec(db, "BEGIN; SELECT count(*) FROM entries;", nullptr,
                      nullptr, nullptr);
  }
  if (rc != SQLITE_OK) return Complain(sqlite3_errmsg(db));
  SayReadyAndWait();
  sqlite3_close(db);
  return 0;
}

int Main(const std::vector<std::string>& words) {
  const std::vector<std::string> arguments(words.begin() + 1, words.end());
  if (words[0] == "hammer" && arguments.size() == 7)
    return RunHammer(arguments);
  if (words[0] == "open" && arguments.size() == 2) return Open(arguments, {});
  if (words[0] == "open-impatiently" && arguments.size() == 2) {
    return OpenImpatiently(arguments);
  }
  if (words[0] == "hold-cache" && arguments.size() == 1) {
    return HoldCache(arguments);
  }
  if (words[0] == "hold-lane" && arguments.size() == 1) {
    return HoldLane(arguments);
  }
  if (words[0] == "hold-read" && arguments.size() == 1) {
    return HoldRead(arguments);
  }
  return Complain("unknown: " + words[0]);
}

}  // namespace
}  // namespace appcache

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  return appcache::Main(std::vector<std::string>(argv + 1, argv + argc));
}
