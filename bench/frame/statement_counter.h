// Counts the SQL statements that operations run, on any SQLite connection.

#ifndef APPCACHE_BENCH_FRAME_STATEMENT_COUNTER_H_
#define APPCACHE_BENCH_FRAME_STATEMENT_COUNTER_H_

namespace appcache::bench {

// Adds the counter "sql" (counting.h). Call it first in main: connections that
// are already open are not counted.
void AddStatementCounter();

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_FRAME_STATEMENT_COUNTER_H_
