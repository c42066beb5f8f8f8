// appcache exec runs its command, and ends, whatever is wrong with the cache.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "engine/support/sanitizers.h"
#include "tests/command/command.h"

namespace appcache::command::exec_failure_test {
namespace {

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A server that accepts connections and never answers.
class SilentServer {
 public:
  SilentServer()
      : dir_(nullptr),
        path_(dir_.path() + "/s"),
        socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address),
                   sizeof(address)),
              0);
    EXPECT_EQ(listen(socket_, 8), 0);
  }
  ~SilentServer() {
    close(connection_);
    close(socket_);
  }

  // With a timeout that no test waits for.
  std::string Uri() const { return "redis+unix://" + path_ + "?timeout=1h"; }
  // Waits for a connection, which stays open.
  void Accept() {
    connection_ = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
  }

 private:
  const TempDir dir_;
  const std::string path_;
  const int socket_;
  int connection_ = -1;
};

class ExecFailureTest : public CommandTest {
 protected:
  // Runs a shell script with the path of appcache in $APPCACHE, through an exec
  // with a cache of its own, so that the script can set limits. Its last
  // argument is the script.
  Output RunScript(const std::string& script) {
    setenv("APPCACHE", Binary().c_str(), 1);
    return Run({"exec", "--cache", "/dev/null/x", "--", "bash", "-c", script});
  }
};

TEST_F(ExecFailureTest, ACacheThatDoesNotAnswerIsNotWaitedForLongerThanAsked) {
  const SilentServer server;
  const Output output = Exec(
      "echo out; exit 4", {"--cache", server.Uri(), "--cache-timeout", "50ms"});
  EXPECT_EQ(output.status, 4);
  EXPECT_EQ(output.out, "out\n");
  EXPECT_TRUE(Contains(output.err, "did not answer")) << output.err;
}

TEST_F(ExecFailureTest, ASignalEndsTheWaitForTheCache) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    SilentServer server;
    Running running = Start({"exec", "--cache", server.Uri(), "--cache-timeout",
                             "1h", "--", "sh", "-c", "echo run >> log"});
    server.Accept();
    running.Signal(number);
    EXPECT_EQ(running.Wait().status, 1000 + number);
  }
  EXPECT_EQ(CountLines("log"), 0u);
}

// As a damaged LMDB file can do it.
TEST_F(ExecFailureTest, TheCommandRunsWhenTheProcessOfTheCacheIsKilled) {
  SilentServer server;
  Running running = Start({"exec", "--cache", server.Uri(), "--cache-timeout",
                           "1h", "--", "sh", "-c", "echo out; exit 6"});
  server.Accept();
  const std::string pid = std::to_string(running.pid());
  pid_t worker = 0;
  std::ifstream("/proc/" + pid + "/task/" + pid + "/children") >> worker;
  ASSERT_GT(worker, 0);
  ASSERT_EQ(kill(worker, SIGABRT), 0);
  const Output output = running.Wait();
  EXPECT_EQ(output.status, 6);
  EXPECT_EQ(output.out, "out\n");
  EXPECT_TRUE(Contains(output.err, "killed by signal 6")) << output.err;
}

TEST_F(ExecFailureTest, DamagedPagesOfAnLmdbFileDoNotPreventTheRun) {
  for (int seed = 1; seed <= 8; ++seed) {
    const std::string name = "lmdb" + std::to_string(seed);
    Exec("echo out", {"--cache", "lmdb:" + name});
    std::fstream file(Path(name + "/data.mdb"),
                      std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 2; page < 10; ++page) {
      file.seekp(page * 4096);
      for (int i = 0; i < 64; ++i) {
        file.put(static_cast<char>(seed * 31 + page * 7 + i * i * 13));
      }
    }
    file.close();
    const Output output = Exec("echo out", {"--cache", "lmdb:" + name});
    EXPECT_EQ(output.status, 0) << output.err;
    EXPECT_EQ(output.out, "out\n");
    EXPECT_TRUE(Contains(output.err, "warning")) << output.err;
  }
}

TEST_F(ExecFailureTest, ALockThatIsNotReleasedIsWaitedForOnlyAsLongAsAsked) {
  const int fd = open(Path("x.db-exec").c_str(), O_RDWR | O_CREAT, 0600);
  struct flock lock = {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  ASSERT_EQ(fcntl(fd, F_OFD_SETLK, &lock), 0);
  for (const char* const wait : {"0", "30ms"}) {
    const Output output =
        Exec("echo run >> log; echo out", {"--cache", "x.db", "--wait", wait});
    EXPECT_EQ(output.status, 0);
    EXPECT_EQ(output.out, "out\n");
    EXPECT_EQ(output.err, "");
  }
  EXPECT_EQ(CountLines("log"), 1u);  // the run without the lock was recorded
  close(fd);
}

TEST_F(ExecFailureTest, ALockFileThatIsALinkOrAPipeIsNotOpened) {
  namespace fs = std::filesystem;
  fs::create_symlink("other", Path("link.db-exec"));
  MakeFifo("pipe.db-exec");
  for (const char* const cache : {"link.db", "pipe.db"}) {
    const Output output = Exec("echo out", {"--cache", cache});
    EXPECT_EQ(output.out, "out\n");
    EXPECT_TRUE(Contains(output.err, "cannot open the lock file"))
        << output.err;
  }
  EXPECT_FALSE(fs::exists(Path("other")));
}

TEST_F(ExecFailureTest, FewDescriptorsAreEnough) {
  // GCC's address sanitizer itself needs a pipe.
  constexpr int kFewest = internal::kAddressSanitizer ? 7 : 4;
  for (int count = kFewest; count <= 12; ++count) {
    const Output output =
        RunScript("ulimit -n " + std::to_string(count) +
                  "; exec \"$APPCACHE\" exec -- sh -c 'echo out; exit 5'");
    EXPECT_EQ(output.status, 5) << count << output.err;
    EXPECT_EQ(output.out, "out\n") << count;
  }
}

TEST_F(ExecFailureTest, AFileSizeLimitIsAnErrorAndTheCommandHasItsSignal) {
  // The output goes through cat, which has no limit.
  const Output run = RunScript(
      "(ulimit -f 0; exec \"$APPCACHE\" exec -- bash -c "
      "'echo out; kill -XFSZ $$; echo survived') 2>&1 | cat");
  EXPECT_TRUE(Contains(run.out, "warning: running without the cache"))
      << run.out;
  EXPECT_TRUE(Contains(run.out, "out\n")) << run.out;
  EXPECT_FALSE(Contains(run.out, "survived"));
  const Output set = RunScript(
      "(ulimit -f 0; \"$APPCACHE\" set --cache new.db key value; "
      "echo status $?) 2>&1 | cat");
  EXPECT_TRUE(Contains(set.out, "appcache: ")) << set.out;
  EXPECT_TRUE(Contains(set.out, "status 3\n")) << set.out;
}

TEST_F(ExecFailureTest, TheCommandRunsWithAnEmptyEnvironment) {
  const Output output = RunScript(
      "exec env -i \"$APPCACHE\" exec -- /bin/sh -c 'echo out; exit 3'");
  EXPECT_EQ(output.status, 3) << output.err;
  EXPECT_EQ(output.out, "out\n");
}

}  // namespace
}  // namespace appcache::command::exec_failure_test
