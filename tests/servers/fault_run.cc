#include "tests/servers/fault_run.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <thread>
#include <vector>

#include "tests/servers/fault_client.h"
#include "tests/servers/fault_proxy.h"
#include "tests/support/random.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kThreads = 4;
constexpr unsigned kFaultsPerHundred = 15;
constexpr FaultLimits kLimits{milliseconds(50), kThreads};
// What a call may take beyond its timeout: a slow machine wakes up late.
constexpr milliseconds kLate{2000};

int OperationsPerThread() {
  const char* const more = std::getenv("APPCACHE_TEST_OPERATIONS");
  return more != nullptr ? std::stoi(more) : 1500;
}

size_t OpenDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

std::vector<FaultClient> Clients(Cache& cache, RandomSource& random,
                                 bool may_lose) {
  std::vector<FaultClient> clients;
  for (int i = 0; i < kThreads; ++i) {
    clients.emplace_back(cache, i, random.Bits(), may_lose);
  }
  return clients;
}

void ExpectInTimeAndWell(std::vector<FaultClient>& clients) {
  for (FaultClient& client : clients) {
    client.ExpectHealed();
    EXPECT_GT(client.failures(), 0);
    EXPECT_LE(client.longest(), kLimits.timeout + kLate);
    const std::chrono::duration<double, std::milli> longest = client.longest();
    std::cout << "longest call: " << longest.count() << " ms of "
              << kLimits.timeout.count() << ", failures: " << client.failures()
              << std::endl;
  }
}

}  // namespace

void RunOverFaultyLink(const std::string& socket_path,
                       const std::function<std::unique_ptr<Cache>(
                           uint16_t port, const FaultLimits& limits)>& open) {
  RandomSource random;
  FaultProxy proxy(socket_path, random.Bits());
  const size_t descriptors = OpenDescriptors();
  std::unique_ptr<Cache> cache = open(proxy.port(), kLimits);
  std::vector<FaultClient> clients = Clients(*cache, random, false);

  proxy.SetFaultsPerHundred(kFaultsPerHundred);
  std::vector<std::jthread> threads;
  for (FaultClient& client : clients) {
    threads.emplace_back([&client] {
      for (int i = OperationsPerThread(); i > 0; --i) client.Step();
    });
  }
  threads.clear();
  proxy.SetFaultsPerHundred(0);
  ExpectInTimeAndWell(clients);
  for (size_t fault = 1; fault < FaultProxy::kFaults; ++fault) {
    EXPECT_GT(proxy.Count(static_cast<FaultProxy::Fault>(fault)), 0u) << fault;
  }
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
    for (const std::atomic<int>& steps : steps_) {
      const int enough = steps + more;
      while (steps < enough) std::this_thread::yield();
    }
  }

 private:
  std::atomic<int> steps_[kThreads] = {};
};

}  // namespace

void RunOverDyingServer(
    const ServerHandle& server,
    const std::function<std::unique_ptr<Cache>(const FaultLimits& limits)>&
        open) {
  constexpr int kRounds = 3;
  constexpr int kStepsBetween = 50;
  RandomSource random;
  const std::unique_ptr<Cache> cache = open(kLimits);
  std::vector<FaultClient> clients = Clients(*cache, random, true);
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
  ExpectInTimeAndWell(clients);
}

}  // namespace appcache
