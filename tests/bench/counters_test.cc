// What each operation of each backend costs: SQL statements, allocations, bytes
// written to files and round trips, as the suite reports them.

#include <benchmark/benchmark.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "bench/frame/io_counter.h"
#include "bench/frame/statement_counter.h"
#include "bench/suite/cases.h"
#include "bench/suite/side.h"
#include "bench/suite/store.h"

namespace appcache::bench {
namespace {

using Counters = std::map<std::string, double>;

// Collects the counters of the runs, or their errors.
class Collector final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) errors += run.error_message;
      for (const auto& [name, counter] : run.counters) {
        counters[name] = counter.value;
      }
    }
  }

  Counters counters;
  std::string errors;
};

// Runs the operation on 1,000 entries of 256 bytes, as suite_benchmark does.
Counters CountersOf(const std::string& side, const std::string& operation,
                    bool is_full) {
  static const bool added = [] {
    AddStatementCounter();
    AddIoCounters();
    return true;
  }();
  EXPECT_TRUE(added);
  const Case run = CaseOf({.operation = operation,
                           .store = {.side = side,
                                     .value_bytes = 256,
                                     .entries = 1'000,
                                     .is_full = is_full},
                           .place = SideNamed(side).place,
                           .keys = Distribution::kUniform});
  benchmark::RegisterBenchmark(operation.c_str(), [run](
                                                      benchmark::State& state) {
    run.run(state, run.spec);
  })->Iterations(1);
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector, ".");
  benchmark::ClearRegisteredBenchmarks();
  EXPECT_EQ(collector.errors, "");
  return collector.counters;
}

struct Cost {
  std::string operation;
  double sql = 0;
  double round_trips = 0;
  // None: it depends on what the allocations of earlier operations have left.
  std::optional<double> allocations = std::nullopt;
  bool writes_file = false;
  bool is_full = false;
};

struct SideCosts {
  std::string side;
  std::vector<Cost> costs;
};

void PrintTo(const SideCosts& costs, std::ostream* out) { *out << costs.side; }

class CountersTest : public testing::TestWithParam<SideCosts> {
 protected:
  ~CountersTest() override { DestroyStores(); }
};

TEST_P(CountersTest, OperationsCostWhatIsExpected) {
  for (const Cost& cost : GetParam().costs) {
    SCOPED_TRACE(cost.operation);
    Counters counters =
        CountersOf(GetParam().side, cost.operation, cost.is_full);
    EXPECT_DOUBLE_EQ(counters.at("ops"), 1);
    EXPECT_DOUBLE_EQ(counters.at("bytes"), 256);
    EXPECT_DOUBLE_EQ(counters.at("sql"), cost.sql);
    EXPECT_DOUBLE_EQ(counters.at("round_trips"), cost.round_trips);
    if (cost.allocations) {
      // The list of accesses grows at some operations, which depend on when a
      // background thread takes it.
      EXPECT_GE(counters.at("new"), *cost.allocations);
      EXPECT_LT(counters.at("new"), *cost.allocations + 0.25);
    }
    if (cost.writes_file) {
      EXPECT_GE(counters.at("bytes_written"), 256);
    } else {
      EXPECT_DOUBLE_EQ(counters.at("bytes_written"), 0);
    }
  }
}

// Writes go to SQLite later, in a background thread.
SideCosts Memory() {
  return {"appcache_memory",
          {{.operation = "get_hit", .allocations = 0},
           {.operation = "get_view", .allocations = 0},
           {.operation = "get_copy", .allocations = 1},
           {.operation = "get_via"},
           {.operation = "get_via_copy", .allocations = 1},
           {.operation = "get_miss", .allocations = 0},
           {.operation = "get_timed", .allocations = 0},
           {.operation = "get_many", .allocations = 1},
           {.operation = "get_many_timed"},
           {.operation = "set_over"},
           {.operation = "mix_95_5"},
           {.operation = "mix_50_50"},
           {.operation = "set_new"},
           {.operation = "invalidate"},
           {.operation = "set_evict", .is_full = true},
           {.operation = "set_sustained", .is_full = true}}};
}

SideCosts File() {
  return {"appcache_file",
          {{.operation = "get_hit", .sql = 1, .allocations = 1},
           {.operation = "get_view", .sql = 1, .allocations = 1},
           {.operation = "get_copy", .sql = 1, .allocations = 2},
           {.operation = "get_via", .sql = 1, .allocations = 1},
           {.operation = "get_via_copy", .sql = 1, .allocations = 2},
           {.operation = "get_miss", .sql = 1, .allocations = 0},
           {.operation = "get_timed", .sql = 1, .allocations = 1},
           {.operation = "get_many", .sql = 100},
           {.operation = "get_many_timed", .sql = 100},
           {.operation = "set_over", .sql = 6, .writes_file = true},
           {.operation = "mix_95_5", .sql = 1.25, .writes_file = true},
           {.operation = "mix_50_50", .sql = 3.5, .writes_file = true},
           {.operation = "set_new", .sql = 7, .writes_file = true},
           {.operation = "invalidate", .sql = 7, .writes_file = true},
           {.operation = "set_evict",
            .sql = 10,
            .writes_file = true,
            .is_full = true}}};
}

SideCosts Lmdb() {
  return {"appcache_lmdb",
          {{.operation = "get_hit", .allocations = 1},
           {.operation = "get_view", .allocations = 1},
           {.operation = "get_copy", .allocations = 2},
           {.operation = "get_via", .allocations = 1},
           {.operation = "get_via_copy", .allocations = 2},
           {.operation = "get_miss", .allocations = 0},
           {.operation = "get_timed", .allocations = 1},
           {.operation = "get_many", .allocations = 101},
           {.operation = "get_many_timed", .allocations = 101},
           {.operation = "set_over", .writes_file = true},
           {.operation = "mix_95_5", .writes_file = true},
           {.operation = "set_new", .writes_file = true},
           {.operation = "invalidate", .writes_file = true},
           {.operation = "set_evict", .writes_file = true, .is_full = true}}};
}

SideCosts Redis() {
  return {"appcache_redis",
          {{.operation = "get_hit", .round_trips = 1, .allocations = 1},
           {.operation = "get_view", .round_trips = 1, .allocations = 1},
           {.operation = "get_copy", .round_trips = 1, .allocations = 2},
           {.operation = "get_via", .round_trips = 1, .allocations = 1},
           {.operation = "get_via_copy", .round_trips = 1, .allocations = 2},
           {.operation = "get_miss", .round_trips = 1, .allocations = 0},
           {.operation = "get_timed", .round_trips = 1},
           {.operation = "get_many", .round_trips = 1},
           {.operation = "get_many_timed", .round_trips = 1},
           {.operation = "set_over", .round_trips = 1, .allocations = 1},
           {.operation = "mix_95_5", .round_trips = 1, .allocations = 1},
           {.operation = "mix_50_50", .round_trips = 1, .allocations = 1},
           {.operation = "set_new", .round_trips = 1, .allocations = 1},
           {.operation = "invalidate", .round_trips = 1, .allocations = 0}}};
}

SideCosts Memcached() {
  return {"appcache_memcached",
          {{.operation = "get_hit", .round_trips = 1, .allocations = 4},
           {.operation = "get_view", .round_trips = 1, .allocations = 4},
           {.operation = "get_copy", .round_trips = 1, .allocations = 5},
           {.operation = "get_via", .round_trips = 1, .allocations = 4},
           {.operation = "get_via_copy", .round_trips = 1, .allocations = 5},
           {.operation = "get_miss", .round_trips = 1, .allocations = 3},
           {.operation = "get_timed", .round_trips = 1},
           {.operation = "get_many", .round_trips = 1},
           {.operation = "get_many_timed", .round_trips = 1},
           {.operation = "set_over", .round_trips = 1, .allocations = 3},
           {.operation = "mix_95_5", .round_trips = 1, .allocations = 3.95},
           {.operation = "mix_50_50", .round_trips = 1, .allocations = 3.5},
           {.operation = "set_new", .round_trips = 1, .allocations = 3},
           {.operation = "invalidate", .round_trips = 1, .allocations = 3}}};
}

// A hit is one of the local cache. (The mixes are left out: a notification of a
// set removes its local copy at any time.)
SideCosts Tiered() {
  return {"appcache_tiered",
          {{.operation = "get_hit", .allocations = 0},
           {.operation = "get_view", .allocations = 0},
           {.operation = "get_copy", .allocations = 1},
           {.operation = "get_via"},
           {.operation = "get_via_copy", .allocations = 1},
           {.operation = "get_timed"},
           {.operation = "get_many"},
           {.operation = "get_many_timed"},
           {.operation = "get_miss", .round_trips = 1},
           // Hardly any draw is among the local copies.
           {.operation = "get_fetch", .round_trips = 1, .is_full = true},
           {.operation = "set_over", .round_trips = 1},
           {.operation = "set_new", .round_trips = 1},
           {.operation = "invalidate", .round_trips = 1}}};
}

INSTANTIATE_TEST_SUITE_P(Backends, CountersTest,
                         testing::Values(Memory(), File(), Lmdb(), Redis(),
                                         Memcached(), Tiered()),
                         [](const auto& info) { return info.param.side; });

// The peers do the same work.
SideCosts PeerInMemory(const std::string& side) {
  return {side,
          {{.operation = "get_hit", .allocations = 0},
           {.operation = "get_copy", .allocations = 1},
           {.operation = "get_miss", .allocations = 0},
           {.operation = "get_many", .allocations = 0},
           {.operation = "set_over"},
           {.operation = "mix_50_50"},
           {.operation = "set_new"},
           {.operation = "invalidate"},
           {.operation = "set_evict", .is_full = true}}};
}

SideCosts PeerOnServer(const std::string& side) {
  return {side,
          {{.operation = "get_hit", .round_trips = 1, .allocations = 1},
           {.operation = "get_copy", .round_trips = 1, .allocations = 2},
           {.operation = "get_miss", .round_trips = 1, .allocations = 1},
           {.operation = "get_many", .round_trips = 1},
           {.operation = "set_over", .round_trips = 1, .allocations = 0},
           {.operation = "mix_50_50", .round_trips = 1},
           {.operation = "set_new", .round_trips = 1, .allocations = 0},
           {.operation = "invalidate", .round_trips = 1, .allocations = 0}}};
}

SideCosts PeerOnSqlite(const std::string& side, bool writes_file) {
  return {side,
          {{.operation = "get_hit", .sql = 1, .allocations = 0},
           {.operation = "get_view", .sql = 1, .allocations = 0},
           {.operation = "get_copy", .sql = 1, .allocations = 1},
           {.operation = "get_miss", .sql = 1, .allocations = 0},
           {.operation = "get_many", .sql = 100, .allocations = 0},
           {.operation = "set_over", .sql = 1, .writes_file = writes_file},
           {.operation = "mix_50_50", .sql = 1, .writes_file = writes_file},
           {.operation = "set_new", .sql = 1, .writes_file = writes_file},
           {.operation = "invalidate", .sql = 1, .writes_file = writes_file},
           {.operation = "set_evict",
            .sql = 4,
            .writes_file = writes_file,
            .is_full = true}}};
}

SideCosts PeerOnLmdb() {
  return {"lmdb",
          {{.operation = "get_hit", .allocations = 0},
           {.operation = "get_view", .allocations = 0},
           {.operation = "get_copy", .allocations = 1},
           {.operation = "get_miss", .allocations = 0},
           {.operation = "get_many", .allocations = 0},
           {.operation = "set_over", .writes_file = true},
           {.operation = "set_new", .writes_file = true},
           {.operation = "invalidate", .writes_file = true},
           {.operation = "set_evict", .writes_file = true, .is_full = true}}};
}

SideCosts Probe() {
  return {"probe",
          {{.operation = "get_view", .allocations = 0},
           {.operation = "get_miss", .allocations = 0}}};
}

INSTANTIATE_TEST_SUITE_P(Peers, CountersTest,
                         testing::Values(PeerInMemory("mutex_list"),
                                         PeerOnServer("hiredis"),
                                         PeerOnServer("libmemcached"),
                                         PeerOnSqlite("sqlite_memory", false),
                                         PeerOnSqlite("sqlite_file", true),
                                         PeerOnLmdb(), Probe()),
                         [](const auto& info) { return info.param.side; });

TEST(CasesTest, EveryOperationOfEveryBackendIsACase) {
  std::map<std::string, int> cases;
  for (const Case& each : AllCases()) ++cases[each.spec.Name()];
  for (const auto& [name, count] : cases) EXPECT_EQ(count, 1) << name;
  for (const char* side : {"appcache_memory/memory", "appcache_file/file"}) {
    for (const char* operation : {"get_hit", "get_miss", "set_over", "get_many",
                                  "get_via", "mix_95_5", "mix_50_50"}) {
      for (const char* rest : {"/16/entries:1000/keys:hot/threads:8",
                               "/256/entries:1000000/keys:zipf/threads:1",
                               "/65536/entries:10000/keys:uniform/threads:4"}) {
        const std::string name = std::string(operation) + "/" + side + rest;
        EXPECT_EQ(cases.count(name), 1u) << name;
      }
    }
    for (const char* operation : {"set_new", "set_evict", "invalidate"}) {
      const std::string name = std::string(operation) + "/" + side +
                               "/4096/entries:10000/keys:uniform/threads:2";
      EXPECT_EQ(cases.count(name), 1u) << name;
    }
  }
  EXPECT_EQ(cases.count("loop/none/memory/0/entries:1000/keys:zipf/threads:1"),
            1u);
}

}  // namespace
}  // namespace appcache::bench
