// Runs the examples, most of them twice: the second time, the cache has
// entries.

#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>

#include "tests/servers/redis_server.h"
#include "tests/support/temp_dir.h"

namespace appcache {
namespace {

class ExamplesTest : public ::testing::Test {
 protected:
  struct Output {
    int status = -1;
    std::string text;  // of standard output
  };

  // Runs `example` with `words`, which a shell parses, in a directory that the
  // runs of a test share.
  Output Run(const std::string& example, const std::string& words = "") const {
    // Bazel runs a test in the folder that contains its data.
    const std::string program =
        std::filesystem::absolute("tools/examples/" + example);
    const std::string line =
        "cd '" + dir_.path() + "' && '" + program + "' " + words;
    Output output;
    FILE* const pipe = popen(line.c_str(), "r");
    for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) {
      output.text += static_cast<char>(c);
    }
    const int status = pclose(pipe);
    if (WIFEXITED(status)) output.status = WEXITSTATUS(status);
    return output;
  }

  void ExpectPrints(const std::string& wanted, const std::string& example,
                    const std::string& words = "") const {
    const Output output = Run(example, words);
    EXPECT_EQ(output.status, 0);
    EXPECT_EQ(output.text, wanted);
  }

  const TempDir dir_;
};

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(ExamplesTest, QuickStartSetsGetsAndLoads) {
  ExpectPrints("Ada\nGrace\n", "quick_start");
  ExpectPrints("Ada\nGrace\n", "quick_start");
}

TEST_F(ExamplesTest, FileBackendExampleCountsOnce) {
  const char* const example = "file_backend_example";
  ExpectPrints("168 primes below 1000 (counted)\n", example, "primes 1000");
  ExpectPrints("168 primes below 1000 (from the cache)\n", example,
               "primes 1000");
  ExpectPrints("25 primes below 100 (counted)\n", example, "primes 100");
}

TEST_F(ExamplesTest, TheTierAnswersFromItsLocalCache) {
  RedisServer server;
  const std::string uri = "redis+unix://" + server.socket_path();
  for (const int hits : {9'999, 10'000}) {  // the first run loads one
    const Output output = Run("tier", uri + "?timeout=60s&connect_timeout=60s");
    EXPECT_EQ(output.status, 0);
    std::smatch counts;
    ASSERT_TRUE(std::regex_match(
        output.text, counts,
        std::regex("tracking: (\\d+) local hits, (\\d+) remote hits\n")))
        << output.text;
    EXPECT_GT(std::stoi(counts[1]), 0) << output.text;
    EXPECT_EQ(std::stoi(counts[1]) + std::stoi(counts[2]), hits);
  }
}

TEST_F(ExamplesTest, TheTierFailsWithoutAServer) {
  const Output output = Run("tier", "redis+unix:///nowhere/redis");
  EXPECT_EQ(output.status, 3) << output.text;
}

TEST_F(ExamplesTest, AProfileCountsTheReadsOfAFile) {
  std::ofstream(dir_.path() + "/keys") << "a\nb\na\na\n";
  const Output first = Run("profile", "sqlite:cache.db keys");
  EXPECT_EQ(first.status, 0);
  EXPECT_TRUE(
      Contains(first.text, "4 reads, hit ratio 50.0%: 2 loads avoided\n"))
      << first.text;
  EXPECT_TRUE(Contains(first.text, "\ncache                 2 ")) << first.text;
  EXPECT_TRUE(Contains(first.text, "\ncache, miss           2 ")) << first.text;
  EXPECT_TRUE(Contains(first.text, "_hits_total{cache=\"profile\"} 2\n"));
  EXPECT_TRUE(Contains(Run("profile", "sqlite:cache.db keys").text,
                       "hit ratio 100.0%: 4 loads avoided\n"));
}

TEST_F(ExamplesTest, AProfileWithoutAFileUsesZipfsDistribution) {
  const Output output = Run("profile", "'memory:profile?max_entries=1000'");
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.text.find("50000 reads, hit ratio "), 0u) << output.text;
  EXPECT_TRUE(Contains(output.text, "_entries{cache=\"profile\"} 1000\n"))
      << output.text;
}

TEST_F(ExamplesTest, AProfileDistinguishesTheLevelsOfATier) {
  RedisServer server;
  const Output output = Run("profile", "'tiered:memory:profile|redis+unix://" +
                                           server.socket_path() +
                                           "?timeout=60s&connect_timeout=60s'");
  EXPECT_EQ(output.status, 0);
  for (const char* const part :
       {"50000 reads, hit ratio ", "\nlocal ", "\nremote ", "\nremote, miss ",
        "_tier_local_hits_total{", "_tier_tracking{cache=\"profile\"} 1\n"}) {
    EXPECT_TRUE(Contains(output.text, part)) << part << " in " << output.text;
  }
}

TEST_F(ExamplesTest, AProfileRefusesInvalidArguments) {
  for (const char* const words :
       {"", "memory:a keys more", "memory:a nope", "nope:", "redis://"}) {
    EXPECT_EQ(Run("profile", words).status, 2) << words;
  }
}

}  // namespace
}  // namespace appcache
