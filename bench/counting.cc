#include "bench/counting.h"

#include <sqlite3.h>

#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

namespace {

thread_local uint64_t allocations = 0;
thread_local uint64_t statements = 0;

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace appcache::bench {
namespace {

// The connections that are open.
struct Connections {
  std::mutex mutex;
  std::vector<sqlite3*> open;
};

Connections& AllConnections() {
  static Connections& connections = *new Connections;
  return connections;
}

int OnTrace(unsigned event, void*, void* subject, void*) {
  if (event == SQLITE_TRACE_STMT) {
    ++statements;
  } else if (event == SQLITE_TRACE_CLOSE) {
    Connections& all = AllConnections();
    const std::lock_guard<std::mutex> guard(all.mutex);
    std::erase(all.open, static_cast<sqlite3*>(subject));
  }
  return 0;
}

int OnOpen(sqlite3* db, char**, const void*) {
  Connections& all = AllConnections();
  const std::lock_guard<std::mutex> guard(all.mutex);
  all.open.push_back(db);
  return sqlite3_trace_v2(db, SQLITE_TRACE_CLOSE, OnTrace, nullptr);
}

void TraceAll(unsigned events) {
  Connections& all = AllConnections();
  const std::lock_guard<std::mutex> guard(all.mutex);
  for (sqlite3* const db : all.open) {
    sqlite3_trace_v2(db, events, OnTrace, nullptr);
  }
}

thread_local Counts before;

}  // namespace

void PrepareCounting() {
  // The cast is the one that SQLite's documentation asks for.
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(OnOpen));
}

void StartCounting() {
  TraceAll(SQLITE_TRACE_STMT | SQLITE_TRACE_CLOSE);
  before = {statements, allocations};
}

Counts StopCounting() {
  const Counts counts{statements - before.statements,
                      allocations - before.allocations};
  TraceAll(SQLITE_TRACE_CLOSE);
  return counts;
}

}  // namespace appcache::bench
