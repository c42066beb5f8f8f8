// The memory that appcache exec needs for a large output.

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/command/command.h"

namespace appcache::command::exec_memory_test {
namespace {

constexpr uint64_t kOutput = uint64_t{48} << 20;

class ExecMemoryTest : public CommandTest {
 protected:
  // The peak of the processes of appcache, above that of a run with little
  // output.
  uint64_t PeakOf(const Words& options) {
    const uint64_t peak = TotalOf(options, kOutput);
    return peak > least_ ? peak - least_ : 0;
  }

  void SetUp() override { least_ = TotalOf({}, 1); }

 private:
  uint64_t TotalOf(const Words& options, uint64_t output_bytes) {
    Words words = {"exec"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", "head", "-c", std::to_string(output_bytes),
                               "/dev/zero"});
    Streams streams;
    streams.out = "/dev/null";
    streams.starter = {peak_program_, Path("peak")};
    EXPECT_EQ(Start(words, streams).Wait().status, 0);
    uint64_t kib = 0;
    EXPECT_TRUE(std::ifstream(Path("peak")) >> kib);
    return kib << 10;
  }

  const std::string peak_program_ =
      std::filesystem::absolute("tests/command/peak");
  // The size of this process must not count.
  const std::vector<char> ballast_ = std::vector<char>(kOutput * 4, 1);
  uint64_t least_ = 0;
};

TEST_F(ExecMemoryTest, ARunIsStoredAndReplayedInTwiceItsSize) {
  const Words options = {"--max-output", "512MiB"};
  constexpr uint64_t kMost = kOutput * 5 / 2;
  for (const char* const what : {"run", "replay"}) {
    const uint64_t peak = PeakOf(options);
    EXPECT_LT(peak, kMost) << what;
    EXPECT_GT(peak, kOutput / 2) << what;  // it was measured
  }
  EXPECT_NE(Run({"exec", "--list"}).out.find("48.0 MiB"), std::string::npos);
}

TEST_F(ExecMemoryTest, OutputAboveTheLimitIsNotKeptInMemory) {
  EXPECT_LT(PeakOf({"--max-output", "8MiB"}), uint64_t{24} << 20);
}

}  // namespace
}  // namespace appcache::command::exec_memory_test
