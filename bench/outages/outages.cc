// What a tier's users see of a server that is restarted, replaced, emptied or
// stopped under load: the tables of adapters/tiered/README.md.

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/outages/frozen.h"
#include "bench/outages/scene.h"
#include "tests/servers/cut_proxy.h"
#include "tests/servers/redis_server.h"

namespace appcache::outages {
namespace {

constexpr std::chrono::milliseconds kDown{500};

RedisCacheOptions On(const RedisServer& server) {
  RedisCacheOptions options;
  options.unix_path = server.socket_path();
  return options;
}

Outcome Nothing(WhenLost when_lost) {
  RedisServer server;
  return Scene(On(server), when_lost).Watch([] {});
}

Outcome Restart(WhenLost when_lost) {
  RedisServer server;
  return Scene(On(server), when_lost).Watch([&] {
    server.Kill();
    std::this_thread::sleep_for(kDown);
    server.Start();
  });
}

Outcome FlushAll(WhenLost when_lost) {
  RedisServer server;
  return Scene(On(server), when_lost).Watch([&] { server.Run("FLUSHALL"); });
}

// Planned: what was acknowledged is on the replica before the primary goes.
Outcome Failover(WhenLost when_lost) {
  RedisServer primary;
  RedisServer replica;
  CutProxy address(primary.socket_path());
  replica.Run("REPLICAOF 127.0.0.1 " + std::to_string(primary.port()));
  RedisCacheOptions options;
  options.host = "127.0.0.1";
  options.port = address.port();
  Scene scene(options, when_lost);
  return scene.Watch([&] {
    scene.load().PauseWrites();
    primary.Run("WAIT 1 5000");
    address.LeadTo(replica.socket_path());
    primary.Kill();
    std::this_thread::sleep_for(kDown);
    replica.Run("REPLICAOF NO ONE");
    scene.load().ResumeWrites();
  });
}

std::string Milliseconds(std::chrono::microseconds time) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f",
                static_cast<double>(time.count()) / 1000);
  return text;
}

// "median (worst)" of a figure.
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

// False: a promise was broken.
bool PrintRow(std::string_view name, Outcome (*event)(WhenLost),
              WhenLost when_lost, int round_count) {
  std::vector<Outcome> rounds;
  uint64_t reads = 0;
  uint64_t broken = 0;
  bool are_coherent = true;
  for (int round = 0; round < round_count; ++round) {
    rounds.push_back(event(when_lost));
    reads += rounds.back().seen.reads;
    broken += rounds.back().seen.broken_reads;
    are_coherent = are_coherent && rounds.back().is_coherent_again;
  }
  const auto count = [](uint64_t number) { return std::to_string(number); };
  const auto of = [&](auto figure, const auto& print) {
    return Spread(rounds, figure, print);
  };
  std::printf(
      "| %s | %s | %s | %s | %s | %llu | %s | %s |\n",
      std::string(name).c_str(),
      of([](const Outcome& o) { return o.incoherent; }, Milliseconds).c_str(),
      of([](const Outcome& o) { return o.after_back; }, Milliseconds).c_str(),
      of([](const Outcome& o) { return o.seen.stale_reads; }, count).c_str(),
      of(
          [](const Outcome& o) {
            return std::chrono::microseconds(o.seen.oldest_ns / 1000);
          },
          Milliseconds)
          .c_str(),
      static_cast<unsigned long long>(broken),
      of([](const Outcome& o) { return o.seen.loads; }, count).c_str(),
      count(reads / static_cast<uint64_t>(round_count)).c_str());
  std::fflush(stdout);
  return broken == 0 && are_coherent;
}

// False: a promise was broken.
bool PrintEvents(int rounds) {
  std::printf(
      "Of %d rounds each the median (and the worst); 2 tiers, 4 readers, 1,000 "
      "keys, 1,000 writes/s; a load takes 1 ms.\n\n"
      "| event | not coherent, ms | after the server was back, ms | stale "
      "reads "
      "within the bound | the stalest, ms | beyond the bound | loader calls | "
      "reads |\n|---|---|---|---|---|---|---|---|\n",
      rounds);
  bool is_kept = true;
  const auto print = [&](std::string_view name, Outcome (*event)(WhenLost),
                         WhenLost when_lost) {
    is_kept &= PrintRow(name, event, when_lost, rounds);
  };
  print("none", Nothing, WhenLost::kBypass);
  print("restart, empty, after 0.5 s", Restart, WhenLost::kBypass);
  print("the same, serve_stale", Restart, WhenLost::kServeStale);
  print("failover to a replica, after 0.5 s", Failover, WhenLost::kBypass);
  print("the same, serve_stale", Failover, WhenLost::kServeStale);
  print("FLUSHALL", FlushAll, WhenLost::kBypass);
  return is_kept;
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
    std::fputs(
        "Usage: outages [ROUNDS [all|events|frozen]]\n\nWhat readers of two "
        "tiers see while their Redis server is restarted, replaced "
        "or\nemptied, "
        "and how long a local hit takes while it is stopped (frozen), ROUNDS "
        "times\neach (5; from 1 to 1000). Starts its own servers.\n",
        stderr);
    return 2;
  }
  bool is_kept = true;
  if (prints_events) is_kept &= appcache::outages::PrintEvents(rounds);
  if (prints_frozen) is_kept &= appcache::outages::PrintFrozen(rounds);
  return is_kept ? 0 : 1;
}
