// TieredCache under load while its Redis server is restarted, replaced, emptied
// or stopped. Prints the tables of adapters/tiered/README.md.

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "appcache/redis_cache_options.h"
#include "bench/outages/experiment.h"
#include "bench/outages/frozen.h"
#include "tests/servers/cut_proxy.h"
#include "tests/servers/redis_server.h"

namespace appcache::outages {
namespace {

using std::chrono::microseconds;

constexpr std::chrono::milliseconds kDown{500};

RedisCacheOptions OptionsFor(const RedisServer& server) {
  RedisCacheOptions options;
  options.unix_path = server.socket_path();
  return options;
}

// --- The events. Each runs an experiment of its own.

Outcome NoEvent(WhenLost when_lost) {
  RedisServer server;
  return Experiment(OptionsFor(server), when_lost).Observe([] {});
}

Outcome Restart(WhenLost when_lost) {
  RedisServer server;
  return Experiment(OptionsFor(server), when_lost).Observe([&] {
    server.Kill();
    std::this_thread::sleep_for(kDown);
    server.Start();
  });
}

Outcome FlushAll(WhenLost when_lost) {
  RedisServer server;
  return Experiment(OptionsFor(server), when_lost).Observe([&] {
    server.Run("FLUSHALL");
  });
}

// A planned failover: the replica has all acknowledged writes before the
// primary is stopped.
Outcome Failover(WhenLost when_lost) {
  RedisServer primary;
  RedisServer replica;
  CutProxy address(primary.socket_path());
  replica.Run("REPLICAOF 127.0.0.1 " + std::to_string(primary.port()));
  RedisCacheOptions options;
  options.host = "127.0.0.1";
  options.port = address.port();
  Experiment experiment(options, when_lost);
  return experiment.Observe([&] {
    experiment.load().PauseWrites();
    primary.Run("WAIT 1 5000");
    address.LeadTo(replica.socket_path());
    primary.Kill();
    std::this_thread::sleep_for(kDown);
    replica.Run("REPLICAOF NO ONE");
    experiment.load().ResumeWrites();
  });
}

// --- The table.

std::string Milliseconds(microseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f",
                static_cast<double>(time.count()) / 1000);
  return text;
}

std::string Count(uint64_t number) { return std::to_string(number); }

// "median (worst)" of a figure of all rounds.
template <class Figure, class Print>
std::string Spread(std::vector<Outcome> rounds, const Figure& figure,
                   const Print& print) {
  std::sort(rounds.begin(), rounds.end(),
            [&](const Outcome& a, const Outcome& b) {
              return figure(a) < figure(b);
            });
  return print(figure(rounds[rounds.size() / 2])) + " (" +
         print(figure(rounds.back())) + ")";
}

void PrintRow(std::string_view name, const std::vector<Outcome>& rounds) {
  uint64_t reads = 0;
  uint64_t invalid = 0;
  for (const Outcome& outcome : rounds) {
    reads += outcome.counters.reads;
    invalid += outcome.counters.invalid_reads;
  }
  const auto spread = [&](auto figure, const auto& print) {
    return Spread(rounds, figure, print);
  };
  const std::string cells[] = {
      std::string(name),
      spread([](const Outcome& o) { return o.incoherent; }, Milliseconds),
      spread([](const Outcome& o) { return o.incoherent_after_back; },
             Milliseconds),
      spread([](const Outcome& o) { return o.counters.stale_reads; }, Count),
      spread(
          [](const Outcome& o) {
            return microseconds(o.counters.max_staleness_ns / 1000);
          },
          Milliseconds),
      Count(invalid),
      spread([](const Outcome& o) { return o.counters.loads; }, Count),
      Count(reads / rounds.size()),
  };
  for (const std::string& cell : cells) std::printf("| %s ", cell.c_str());
  std::printf("|\n");
  std::fflush(stdout);
}

// Returns false if a guarantee of the tier was violated.
bool RunAndPrint(std::string_view name, Outcome (*event)(WhenLost),
                 WhenLost when_lost, int round_count) {
  std::vector<Outcome> rounds;
  bool is_kept = true;
  for (int round = 0; round < round_count; ++round) {
    rounds.push_back(event(when_lost));
    is_kept = is_kept && rounds.back().is_coherent_again &&
              rounds.back().counters.invalid_reads == 0;
  }
  PrintRow(name, rounds);
  return is_kept;
}

// Returns false if a guarantee of the tier was violated.
bool PrintEvents(int rounds) {
  std::printf(
      "The median (and the worst) of %d rounds; 2 tiers, 4 readers, 1,000 "
      "keys, 1,000 writes/s; a load takes 1 ms.\n\n"
      "| event | not coherent, ms | after the server was back, ms | stale "
      "reads within the bound | the stalest, ms | beyond the bound | loader "
      "calls | reads |\n|---|---|---|---|---|---|---|---|\n",
      rounds);
  bool is_kept = true;
  const auto run = [&](std::string_view name, Outcome (*event)(WhenLost),
                       WhenLost when_lost) {
    is_kept &= RunAndPrint(name, event, when_lost, rounds);
  };
  run("none", NoEvent, WhenLost::kBypass);
  run("restart, empty, after 0.5 s", Restart, WhenLost::kBypass);
  run("the same, serve_stale", Restart, WhenLost::kServeStale);
  run("failover to a replica, after 0.5 s", Failover, WhenLost::kBypass);
  run("the same, serve_stale", Failover, WhenLost::kServeStale);
  run("FLUSHALL", FlushAll, WhenLost::kBypass);
  return is_kept;
}

void PrintUsage() {
  std::fputs(
      "Usage: outages [ROUNDS [all|events|frozen]]\n\n"
      "Prints what readers of two tiers observe while their Redis server is\n"
      "restarted, replaced or emptied (events), and how long a local hit "
      "takes\n"
      "while the server is stopped (frozen). Repeats each event ROUNDS times\n"
      "(from 1 to 1000; default 5). Starts its own servers.\n\n"
      "Exit status: 1 if a guarantee of the tier was violated.\n",
      stderr);
}

}  // namespace
}  // namespace appcache::outages

int main(int argc, char** argv) {
  int rounds = 5;
  const std::string_view number = argc >= 2 ? argv[1] : "5";
  const auto read =
      std::from_chars(number.data(), number.data() + number.size(), rounds);
  const bool is_number = read.ptr == number.data() + number.size() &&
                         read.ec == std::errc() && rounds >= 1 &&
                         rounds <= 1000;
  const std::string_view what = argc >= 3 ? argv[2] : "all";
  const bool prints_events = what == "all" || what == "events";
  const bool prints_frozen = what == "all" || what == "frozen";
  if (argc > 3 || !is_number || !(prints_events || prints_frozen)) {
    appcache::outages::PrintUsage();
    return 2;
  }
  bool is_kept = true;
  if (prints_events) is_kept &= appcache::outages::PrintEvents(rounds);
  if (prints_frozen) is_kept &= appcache::outages::PrintFrozen(rounds);
  return is_kept ? 0 : 1;
}
