// appcache stats --watch and --prometheus, on a file and on a tier.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tests/command/command.h"
#include "tests/servers/redis_server.h"

namespace appcache::command::watch_test {
namespace {

using Json = nlohmann::json;

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Reads the output of a command from a FIFO at `path`.
class Reader {
 public:
  explicit Reader(const std::string& path)
      : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    EXPECT_GE(fd_, 0);
  }
  ~Reader() { Close(); }

  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  // The next line; empty at the end.
  std::string Line() {
    std::string line;
    char byte = 0;
    for (;;) {
      const ssize_t size = read(fd_, &byte, 1);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0 || byte == '\n') return line;
      line += byte;
    }
  }

  // Reads lines until one contains `part`. Returns false at the end.
  bool Await(const std::string& part) {
    for (;;) {
      const std::string line = Line();
      if (line.empty()) return false;
      if (Contains(line, part)) return true;
    }
  }

 private:
  int fd_;
};

class WatchTest : public CommandTest {
 protected:
  // Starts stats with a FIFO for its output.
  Running StartPiped(Words words) {
    MakeFifo("pipe");
    words.insert(words.begin(), "stats");
    Streams streams;
    streams.out = Path("pipe");
    return Start(words, streams);
  }
};

TEST_F(WatchTest, PrintsALinePerSampleWithoutATerminal) {
  Run({"set", "key", "value"});
  const Output output = Run({"stats", "--watch=1ms", "--count", "3"});
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.err, "");
  const auto lines = Lines(output.out);
  ASSERT_EQ(lines.size(), 3u) << output.out;
  EXPECT_FALSE(Contains(lines[0], "_per_s"));
  for (const std::string& line : lines) {
    EXPECT_TRUE(Contains(line, "Z ping_ms=")) << line;
    EXPECT_TRUE(Contains(line, " entries=1 ")) << line;
  }
  EXPECT_TRUE(Contains(lines[2], " entries_per_s=0.0 ")) << lines[2];
}

TEST_F(WatchTest, PrintsALineOfJsonPerSample) {
  Run({"set", "key", "value"});
  const Output output = Run({"stats", "--watch", "1ms", "--count=2", "--json"});
  const auto lines = Lines(output.out);
  ASSERT_EQ(lines.size(), 2u) << output.out;
  EXPECT_EQ(Json::parse(lines[0])["entries"], 1);
  EXPECT_TRUE(Json::parse(lines[0])["entries_per_s"].is_null());
  EXPECT_EQ(Json::parse(lines[1])["entries_per_s"], 0);
}

TEST_F(WatchTest, SeesTheWritesOfOtherProcesses) {
  Run({"set", "key", "value"});
  Running watch = StartPiped({"--watch=1ms"});
  Reader reader(Path("pipe"));
  EXPECT_TRUE(reader.Await(" entries=1 "));
  Run({"set", "other", "value"});
  EXPECT_TRUE(reader.Await(" entries=2 "));
}

TEST_F(WatchTest, SignalsEndItWithStatusZero) {
  Run({"set", "key", "value"});
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    Running watch = StartPiped({"--watch=1d"});
    Reader reader(Path("pipe"));
    EXPECT_TRUE(Contains(reader.Line(), "entries=1"));
    watch.Signal(number);
    EXPECT_EQ(watch.Wait().status, 0) << number;
    EXPECT_EQ(reader.Line(), "");
    unlink(Path("pipe").c_str());
  }
}

// With one interval it waits when the reader closes, with the other it prints.
TEST_F(WatchTest, AClosedOutputEndsItWithStatusZero) {
  Run({"set", "key", "value"});
  for (const char* const interval : {"--watch=1d", "--watch=1ms"}) {
    Running watch = StartPiped({interval});
    Reader reader(Path("pipe"));
    EXPECT_TRUE(Contains(reader.Line(), "entries=1"));
    reader.Close();
    EXPECT_EQ(watch.Wait().status, 0) << interval;
    unlink(Path("pipe").c_str());
  }
}

TEST_F(WatchTest, AMissingFileIsAFailure) {
  const Output output = Run({"stats", "--watch", "--cache", "nope.db"});
  EXPECT_EQ(output.status, 3);
  EXPECT_EQ(output.out, "");
  EXPECT_TRUE(Contains(output.err, "there is no cache at \"nope.db\""));
}

TEST_F(WatchTest, AFullDiskForTheOutputIsAFailure) {
  Streams full;
  full.out = "/dev/full";
  EXPECT_EQ(Start({"stats", "--watch=1d"}, full).Wait().status, 3);
}

TEST_F(WatchTest, PrometheusHasTheFiguresOfAFile) {
  Run({"set", "--cache", "cache.db", "key", "value"});
  const Output output = Run({"stats", "--prometheus", "--cache", "cache.db"});
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.err, "");
  const std::string label = "{cache=\"" + Path("cache.db") + "\"} ";
  EXPECT_TRUE(Contains(output.out, "# TYPE appcache_entries gauge\n"));
  EXPECT_TRUE(Contains(output.out, "\nappcache_entries" + label + "1\n"))
      << output.out;
  EXPECT_TRUE(Contains(output.out, "\nappcache_hits_total" + label + "0\n"));
  EXPECT_FALSE(Contains(output.out, "tier"));
}

class TierWatchTest : public WatchTest {
 protected:
  RedisServer server_;
  const std::string uri_ = "tiered:memory:app|redis+unix://" +
                           server_.socket_path() + "?" + kPatient +
                           "|max_staleness=60s";
};

TEST_F(TierWatchTest, StatsPrintTheStateOfTheTier) {
  const Output output = Run({"stats", "--cache", uri_});
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.err, "");
  EXPECT_TRUE(Contains(output.out, "\ntier     tracking, coherent\n"));
  EXPECT_TRUE(Contains(output.out, "\nentries  not reported by a tier\n"));
  EXPECT_TRUE(Contains(output.out, "\nlocal    0 hits"));
  const Json stats = Json::parse(Run({"stats", "--json", "--cache", uri_}).out);
  EXPECT_EQ(stats["backend"], "tiered");
  EXPECT_EQ(stats["tier"]["coherence"], "tracking");
  EXPECT_EQ(stats["tier"]["coherent"], true);
}

TEST_F(TierWatchTest, PrometheusHasTheFiguresOfATier) {
  const Output output = Run({"stats", "--prometheus", "--cache", uri_});
  EXPECT_EQ(output.status, 0);
  EXPECT_TRUE(Contains(output.out, "\nappcache_tier_coherent{cache=\""));
  EXPECT_TRUE(Contains(output.out, "\nappcache_hits_total{cache=\""));
}

TEST_F(TierWatchTest, CountsTheChangesOfOtherClients) {
  Running watch = StartPiped({"--watch=1ms", "--cache", uri_});
  Reader reader(Path("pipe"));
  EXPECT_TRUE(reader.Await(" tier_changes_notified=0 "));
  server_.Run("SET pyappcache/key value");
  EXPECT_TRUE(reader.Await(" tier_changes_notified=1 "));
}

TEST_F(TierWatchTest, ContinuesWhileTheServerIsDown) {
  Running watch = StartPiped({"--watch=1ms", "--cache", uri_});
  Reader reader(Path("pipe"));
  EXPECT_TRUE(reader.Await(" tier_coherent=true "));
  server_.Kill();
  EXPECT_TRUE(reader.Await(" error=\"cannot connect to the Redis server "));
  EXPECT_TRUE(reader.Await(" tier_coherent=false "));
  server_.Start();
  EXPECT_TRUE(reader.Await("Z ping_ms="));
  EXPECT_TRUE(reader.Await(" tier_coherent=true "));
  watch.Signal(SIGTERM);
  reader.Close();
  EXPECT_EQ(watch.Wait().status, 0);
}

TEST_F(TierWatchTest, AServerThatIsDownAtFirstIsAFailure) {
  server_.Kill();
  for (const char* const option : {"--watch=1ms", "--prometheus", "--json"}) {
    const Output output = Run({"stats", option, "--cache", uri_});
    EXPECT_EQ(output.status, 3) << option;
    EXPECT_EQ(output.out, "") << option;
    EXPECT_TRUE(Contains(output.err, "cannot connect to the Redis server"));
  }
}

}  // namespace
}  // namespace appcache::command::watch_test
