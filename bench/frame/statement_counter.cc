#include "bench/frame/statement_counter.h"

#include <sqlite3.h>

#include <cstdint>
#include <mutex>
#include <vector>

#include "bench/frame/counting.h"

namespace appcache::bench {
namespace {

thread_local uint64_t statements = 0;
thread_local uint64_t statements_before = 0;

// All open connections.
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

void Start() {
  TraceAll(SQLITE_TRACE_STMT | SQLITE_TRACE_CLOSE);
  statements_before = statements;
}

uint64_t Stop() {
  const uint64_t count = statements - statements_before;
  TraceAll(SQLITE_TRACE_CLOSE);
  return count;
}

}  // namespace

void AddStatementCounter() {
  // The cast is the one that SQLite's documentation asks for.
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(OnOpen));
  AddCounter({"sql", Start, Stop});
}

}  // namespace appcache::bench
