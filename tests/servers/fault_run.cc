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
#include "tests/support/await.h"
#include "tests/support/random.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

constexpr int kThreads = 4;
constexpr unsigned kFaultsPerHundred = 15;

// A call that times out takes the timeout, so there are fewer with a longer
// one.
int OperationsPerThread(milliseconds timeout) {
  const char* const more = std::getenv("APPCACHE_TEST_OPERATIONS");
  const int operations = more != nullptr ? std::stoi(more) : 400;
  return static_cast<int>(operations * kShortTimeout / timeout);
}

ClientOptions Options(milliseconds timeout) {
  ClientOptions options;
  options.timeout = timeout;
  options.max_connections = kThreads;
  return options;
}

size_t OpenDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

std::vector<FaultClient> MakeClients(Cache& cache, milliseconds timeout,
                                     RandomSource& random, bool may_lose) {
  std::vector<FaultClient> clients;
  for (int i = 0; i < kThreads; ++i) {
    clients.emplace_back(*cache.backend(), timeout, i, random.Bits(), may_lose);
  }
  return clients;
}

// Expects that the faults are over. Returns the times of the calls before.
CallTimes ExpectHealed(std::vector<FaultClient>& clients,
                       milliseconds timeout) {
  CallTimes times(timeout);
  for (FaultClient& client : clients) {
    client.ExpectHealed();
    times.Add(client.TakeTimes());
  }
  return times;
}

bool HasSeenAll(const FaultProxy& proxy) {
  for (size_t fault = 1; fault < FaultProxy::kFaults; ++fault) {
    if (proxy.Count(static_cast<FaultProxy::Fault>(fault)) == 0) return false;
  }
  return true;
}

// Runs more operations, up to a limit, until each fault has occurred.
void Work(FaultClient& client, const FaultProxy& proxy, int operations) {
  constexpr int kPatience = 20;
  for (int i = 0; i < operations * kPatience; ++i) {
    if (i >= operations && HasSeenAll(proxy)) return;
    client.Step();
  }
}

}  // namespace

void RunOverFaultyLink(const std::string& socket_path, milliseconds timeout,
                       const OpenForFaults& open) {
  RandomSource random;
  FaultProxy proxy(socket_path, random.Bits());
  const size_t descriptors = OpenDescriptors();
  ClientOptions options = Options(timeout);
  options.port = proxy.port();
  std::unique_ptr<Cache> cache = open(options);
  std::vector<FaultClient> clients =
      MakeClients(*cache, timeout, random, false);

  ExpectMostInTime([&] {
    proxy.SetFaultsPerHundred(kFaultsPerHundred);
    std::vector<std::jthread> threads;
    for (FaultClient& client : clients) {
      threads.emplace_back(
          [&] { Work(client, proxy, OperationsPerThread(timeout)); });
    }
    threads.clear();
    proxy.SetFaultsPerHundred(0);
    return ExpectHealed(clients, timeout);
  });
  EXPECT_TRUE(HasSeenAll(proxy));
  cache.reset();
  // The proxy closes its connections with a delay.
  Await([&] { return OpenDescriptors() <= descriptors; });
  EXPECT_EQ(OpenDescriptors(), descriptors);
}

namespace {

// Counts the operations of the clients.
class Progress {
 public:
  void Note(int client) { ++steps_[static_cast<size_t>(client)]; }

  // Waits until each client has finished that many more operations.
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

// Runs the clients while the server is stopped, continued, killed and started.
void WorkWhileItDies(TestServer& server, std::vector<FaultClient>& clients) {
  constexpr int kDeaths = 3;
  constexpr int kStepsBetween = 50;
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
  for (int death = 0; death < kDeaths; ++death) {
    progress.Await(kStepsBetween);
    server.Freeze();
    progress.Await(3);  // most of them time out
    server.Thaw();
    progress.Await(kStepsBetween);
    if (death % 2 == 0) server.Freeze();  // killed with requests unanswered
    server.Kill();
    progress.Await(kStepsBetween);
    server.Start();
  }
  progress.Await(kStepsBetween);
  is_over = true;
  threads.clear();
}

}  // namespace

void RunOverDyingServer(TestServer& server, milliseconds timeout,
                        const OpenForFaults& open) {
  RandomSource random;
  ClientOptions options = Options(timeout);
  options.unix_path = server.socket_path();
  const std::unique_ptr<Cache> cache = open(options);
  std::vector<FaultClient> clients = MakeClients(*cache, timeout, random, true);
  ExpectMostInTime([&] {
    WorkWhileItDies(server, clients);
    return ExpectHealed(clients, timeout);
  });
}

}  // namespace appcache
