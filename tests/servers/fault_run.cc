#include "tests/servers/fault_run.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <thread>
#include <vector>

#include "tests/servers/call_times.h"
#include "tests/servers/fault_client.h"
#include "tests/servers/fault_proxy.h"
#include "tests/support/random.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kThreads = 4;
constexpr unsigned kFaultsPerHundred = 15;

// Fewer where each that is in vain takes longer.
int OperationsPerThread(milliseconds timeout) {
  const char* const more = std::getenv("APPCACHE_TEST_OPERATIONS");
  const int operations = more != nullptr ? std::stoi(more) : 400;
  return static_cast<int>(operations * kShortTimeout / timeout);
}

size_t OpenDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

std::vector<FaultClient> Clients(Cache& cache, milliseconds timeout,
                                 RandomSource& random, bool may_lose) {
  std::vector<FaultClient> clients;
  for (int i = 0; i < kThreads; ++i) {
    clients.emplace_back(cache, timeout, i, random.Bits(), may_lose);
  }
  return clients;
}

void ExpectInTimeAndWell(std::vector<FaultClient>& clients,
                         milliseconds timeout) {
  CallTimes times(timeout);
  for (FaultClient& client : clients) {
    client.ExpectHealed();
    times.Add(client.times());
  }
  times.ExpectInTime();
}

bool HasSeenAll(const FaultProxy& proxy) {
  for (size_t fault = 1; fault < FaultProxy::kFaults; ++fault) {
    if (proxy.Count(static_cast<FaultProxy::Fault>(fault)) == 0) return false;
  }
  return true;
}

// Goes on, within bounds, until each fault has struck.
void Work(FaultClient& client, const FaultProxy& proxy, int operations) {
  constexpr int kPatience = 20;
  for (int i = 0; i < operations * kPatience; ++i) {
    if (i >= operations && HasSeenAll(proxy)) return;
    client.Step();
  }
}

}  // namespace

void RunOverFaultyLink(const std::string& socket_path, milliseconds timeout,
                       const std::function<std::unique_ptr<Cache>(
                           uint16_t port, const FaultLimits& limits)>& open) {
  RandomSource random;
  FaultProxy proxy(socket_path, random.Bits());
  const size_t descriptors = OpenDescriptors();
  std::unique_ptr<Cache> cache = open(proxy.port(), {timeout, kThreads});
  std::vector<FaultClient> clients = Clients(*cache, timeout, random, false);

  proxy.SetFaultsPerHundred(kFaultsPerHundred);
  std::vector<std::jthread> threads;
  for (FaultClient& client : clients) {
    threads.emplace_back(
        [&] { Work(client, proxy, OperationsPerThread(timeout)); });
  }
  threads.clear();
  proxy.SetFaultsPerHundred(0);
  ExpectInTimeAndWell(clients, timeout);
  EXPECT_TRUE(HasSeenAll(proxy));
  cache.reset();
  // The proxy closes its ends when it hears of it.
  const auto deadline = steady_clock::now() + std::chrono::seconds(30);
  while (OpenDescriptors() > descriptors && steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(OpenDescriptors(), descriptors);
}

namespace {

// Lets the clients go on until each has begun so many operations more.
class Progress {
 public:
  void Note(int client) { ++steps_[static_cast<size_t>(client)]; }

  void Await(int more) const {
    std::array<int, kThreads> enough;
    for (size_t i = 0; i < kThreads; ++i) enough[i] = steps_[i] + more;
    for (size_t i = 0; i < kThreads; ++i) {
      while (steps_[i] < enough[i]) std::this_thread::yield();
    }
  }

 private:
  std::array<std::atomic<int>, kThreads> steps_ = {};
};

}  // namespace

void RunOverDyingServer(
    const ServerHandle& server, milliseconds timeout,
    const std::function<std::unique_ptr<Cache>(const FaultLimits& limits)>&
        open) {
  constexpr int kRounds = 3;
  constexpr int kStepsBetween = 50;
  RandomSource random;
  const std::unique_ptr<Cache> cache = open({timeout, kThreads});
  std::vector<FaultClient> clients = Clients(*cache, timeout, random, true);
  Progress progress;
  std::atomic<bool> is_over{false};
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      while (!is_over) {
        clients[static_cast<size_t>(i)].Step();
        progress.Note(i);
      }
    });
  }
  for (int round = 0; round < kRounds; ++round) {
    progress.Await(kStepsBetween);
    server.freeze();
    progress.Await(3);  // most of them wait in vain
    server.thaw();
    progress.Await(kStepsBetween);
    if (round % 2 == 0) server.freeze();  // dies with requests on its hands
    server.kill();
    progress.Await(kStepsBetween);
    server.start();
  }
  progress.Await(kStepsBetween);
  is_over = true;
  threads.clear();
  ExpectInTimeAndWell(clients, timeout);
}

}  // namespace appcache
