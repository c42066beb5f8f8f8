#include "tests/tiered/history/history_run.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>

#include "tests/servers/redis_server.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"
#include "tests/tiered/history/tier_guarantee.h"

namespace appcache {
namespace {

constexpr int kTiers = 3;

void ReadEvents(const std::string& path, std::vector<HistoryEvent>& events) {
  std::ifstream file(path, std::ios::binary);
  HistoryEvent event;
  while (file.read(reinterpret_cast<char*>(&event), sizeof(event))) {
    events.push_back(event);
  }
}

}  // namespace

HistoryRun RunHistory(const std::string& program, uint64_t seed,
                      std::chrono::milliseconds duration) {
  RedisServer server;
  const TempDir directory;
  EXPECT_EQ(setenv("CHILD_PROCESS", program.c_str(), 1), 0);
  std::vector<std::unique_ptr<ChildProcess>> processes;
  std::vector<std::string> files;
  for (int process = 1; process <= kTiers + 1; ++process) {
    files.push_back(directory.path() + "/" + std::to_string(process));
    processes.push_back(std::make_unique<ChildProcess>(std::vector<std::string>{
        process <= kTiers ? "tier" : "plain", server.socket_path(),
        std::to_string(process), std::to_string(seed),
        std::to_string(duration.count()), files.back()}));
  }
  HistoryRun run;
  for (const auto& process : processes) {
    for (const std::string& line : process->ReadAll()) {
      run.reports.push_back(line);
    }
    EXPECT_EQ(process->Wait(), 0);
  }
  for (const std::string& file : files) ReadEvents(file, run.events);
  run.violations = FindViolations(run.events, {kMaxStaleness});
  return run;
}

}  // namespace appcache
