// The memory that appcache exec needs for a large output.

#include <gtest/gtest.h>

#include <string>

#include "tests/command/command.h"

namespace appcache::command {
namespace {

constexpr uint64_t kOutput = uint64_t{48} << 20;

class ExecMemoryTest : public CommandTest {
 protected:
  // The peak of a process, above that of a run with little output.
  uint64_t PeakOf(const Words& options) {
    Words words = {"exec"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(),
                 {"--", "head", "-c", std::to_string(kOutput), "/dev/zero"});
    Streams streams;
    streams.out = "/dev/null";
    const Output output = Start(words, streams).Wait();
    EXPECT_EQ(output.status, 0);
    return output.peak_bytes > least_ ? output.peak_bytes - least_ : 0;
  }

  void SetUp() override { least_ = Exec("echo out").peak_bytes; }

 private:
  uint64_t least_ = 0;
};

TEST_F(ExecMemoryTest, ARunIsStoredAndReplayedInTwiceItsSize) {
  const Words options = {"--max-output", "512MiB"};
  constexpr uint64_t kMost = kOutput * 5 / 2;
  EXPECT_LT(PeakOf(options), kMost);
  EXPECT_LT(PeakOf(options), kMost);  // a replay
  EXPECT_NE(Run({"exec", "--list"}).out.find("48.0 MiB"), std::string::npos);
}

TEST_F(ExecMemoryTest, OutputAboveTheLimitIsNotKeptInMemory) {
  EXPECT_LT(PeakOf({"--max-output", "8MiB"}), uint64_t{24} << 20);
}

}  // namespace
}  // namespace appcache::command
