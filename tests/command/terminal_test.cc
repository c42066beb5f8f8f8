// The command on a terminal: questions, drawing and escaping.

#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "tests/command/command.h"

namespace appcache::command {
namespace {

// Runs appcache with a terminal for all of its streams.
class OnTerminal {
 public:
  OnTerminal(const std::string& directory, const Words& arguments) {
    winsize size{};
    size.ws_row = 10;
    size.ws_col = 60;
    std::vector<char*> words = {const_cast<char*>(Binary().c_str())};
    for (const std::string& word : arguments) {
      words.push_back(const_cast<char*>(word.c_str()));
    }
    words.push_back(nullptr);
    pid_ = forkpty(&fd_, nullptr, nullptr, &size);
    if (pid_ != 0) return;
    if (chdir(directory.c_str()) != 0) _exit(99);
    execv(words[0], words.data());
    _exit(98);
  }
  ~OnTerminal() {
    close(fd_);
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  // Reads until `text` has been printed `count` times, or to the end.
  void AwaitText(const std::string& text, int count = 1) {
    size_t from = 0;
    while (count > 0) {
      const size_t found = seen_.find(text, from);
      if (found != std::string::npos) {
        from = found + text.size();
        --count;
      } else if (!ReadSome()) {
        ADD_FAILURE() << "no " << text << " in " << seen_;
        return;
      }
    }
  }

  void Type(const std::string& text) const {
    EXPECT_EQ(write(fd_, text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }

  int Wait() {
    while (ReadSome()) {
    }
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

  const std::string& seen() const { return seen_; }

 private:
  bool ReadSome() {
    char buffer[4096];
    ssize_t size = 0;
    do {
      size = read(fd_, buffer, sizeof(buffer));
    } while (size < 0 && errno == EINTR);
    if (size <= 0) return false;  // EIO when the other end is closed
    seen_.append(buffer, static_cast<size_t>(size));
    return true;
  }

  int fd_ = -1;
  pid_t pid_ = -1;
  std::string seen_;
};

class TerminalTest : public CommandTest {
 protected:
  void SetUp() override {
    std::string keys = "colour\x1b[31m\u202e\n";
    for (int i = 0; i < 20; ++i) keys += "key/" + std::to_string(i) + "\n";
    // A replay is the fastest way to create many entries.
    RunWithInput({"replay", "-", "--max-entries", "100", "--cache", "cache.db"},
                 keys);
  }
};

TEST_F(TerminalTest, ClearAsksForConfirmation) {
  OnTerminal no(dir_.path(), {"clear", "--cache", "cache.db"});
  no.AwaitText("21 entries");
  no.AwaitText("[y/N]");
  no.Type("n\n");
  EXPECT_EQ(no.Wait(), 2);
  OnTerminal yes(dir_.path(), {"clear", "--cache", "cache.db"});
  yes.AwaitText("[y/N]");
  yes.Type("y\n");
  EXPECT_EQ(yes.Wait(), 0);
  EXPECT_EQ(Run({"keys", "--cache", "cache.db"}).out, "");
}

TEST_F(TerminalTest, KeysAreEscaped) {
  OnTerminal keys(dir_.path(), {"keys", "--cache", "cache.db"});
  EXPECT_EQ(keys.Wait(), 0);
  EXPECT_NE(keys.seen().find("colour\\x1b[31m"), std::string::npos);
  EXPECT_EQ(keys.seen().find('\x1b'), std::string::npos);
}

TEST_F(TerminalTest, JsonIsEscapedAndStaysTheSameJson) {
  OnTerminal top(dir_.path(), {"top", "--json", "--cache", "cache.db"});
  EXPECT_EQ(top.Wait(), 0);
  EXPECT_NE(top.seen().find("colour\\u001b[31m\\u202e\""), std::string::npos);
  EXPECT_EQ(top.seen().find("\u202e"), std::string::npos);
}

TEST_F(TerminalTest, NamesInMessagesAreEscaped) {
  for (const Words& words :
       {Words{"stats", "--cache", "no\x1b[31m\u202e"},
        Words{"exec", "--", "no\x1b[31m\u202e"}, Words{"no\x1b[31m\u202e"},
        Words{"load", "no\x1b[31m\u202e"}, Words{"get", "--no\x1b\u202e", "a"},
        Words{"exec", "--cache", "no\x1b\u202e/x.db", "--", "true"}}) {
    OnTerminal command(dir_.path(), words);
    command.Wait();
    EXPECT_NE(command.seen().find("\\u202e"), std::string::npos)
        << command.seen();
    EXPECT_EQ(command.seen().find('\x1b'), std::string::npos);
    EXPECT_EQ(command.seen().find("\u202e"), std::string::npos);
  }
}

TEST_F(TerminalTest, AWaiterSaysThatItWaits) {
  MakeFifo("started");
  MakeFifo("go");
  const Words words =
      ExecWords(": > started; read x < go; echo out", {"--cache", "exec.db"});
  Running first = Start(words);
  Await("started");
  OnTerminal second(dir_.path(), words);
  second.AwaitText("appcache: waiting for another process");
  const auto opened = Release("go");
  second.AwaitText("out");
  EXPECT_EQ(second.Wait(), 0);
  EXPECT_EQ(first.Wait().status, 0);
}

TEST_F(TerminalTest, TopRedrawsUntilInterrupted) {
  OnTerminal top(dir_.path(), {"top", "--watch", "1ms", "--cache", "cache.db"});
  top.AwaitText("21 entries", 3);
  top.Type("\x03");  // Ctrl-C
  EXPECT_EQ(top.Wait(), 0);
  EXPECT_NE(top.seen().find("KEY"), std::string::npos);
}

TEST_F(TerminalTest, StatsAreDrawnInPlaceUntilInterrupted) {
  OnTerminal stats(dir_.path(),
                   {"stats", "--watch", "1ms", "--cache", "cache.db"});
  stats.AwaitText("\x1b[Hcache    ", 3);
  stats.AwaitText("entries  21, +0.0/s");
  stats.Type("\x03");  // Ctrl-C
  EXPECT_EQ(stats.Wait(), 0);
  EXPECT_EQ(stats.seen().find("ping_ns"), std::string::npos);
}

TEST_F(TerminalTest, StatsAsJsonAreLinesOnATerminalToo) {
  OnTerminal stats(dir_.path(), {"stats", "--watch=1ms", "--count=2", "--json",
                                 "--cache", "cache.db"});
  EXPECT_EQ(stats.Wait(), 0);
  EXPECT_EQ(stats.seen().find('\x1b'), std::string::npos);
  EXPECT_NE(stats.seen().find("\"entries_per_s\":0.0"), std::string::npos);
}

TEST_F(TerminalTest, ADumpToATerminalIsRefused) {
  OnTerminal dump(dir_.path(), {"dump", "--cache", "cache.db"});
  EXPECT_EQ(dump.Wait(), 2);
  EXPECT_NE(dump.seen().find("redirect"), std::string::npos);
}

TEST_F(TerminalTest, ALoadShowsAProgressBar) {
  Run({"dump", "--cache", "cache.db", "dump"});
  OnTerminal load(dir_.path(), {"load", "--cache", "new.db", "dump"});
  EXPECT_EQ(load.Wait(), 0);
  EXPECT_NE(load.seen().find("load ["), std::string::npos);
  EXPECT_NE(load.seen().find("21 entries loaded"), std::string::npos);
}

TEST_F(TerminalTest, AnInterruptFromTheTerminalReachesTheCommandOnce) {
  OnTerminal exec(dir_.path(),
                  {"exec", "--cache", "cache.db", "--", "sh", "-c",
                   "trap 'echo caught' INT; echo ready; read x; read x"});
  exec.AwaitText("ready");
  exec.Type("\x03");  // to the whole group, the shell included
  exec.AwaitText("caught");
  exec.Type("\n\n");  // one for each read
  EXPECT_EQ(exec.Wait(), 0);
  EXPECT_EQ(exec.seen().find("caught", exec.seen().find("caught") + 1),
            std::string::npos);
}

TEST_F(TerminalTest, ASetWithoutAValueDoesNotReadFromATerminal) {
  OnTerminal set(dir_.path(), {"set", "--cache", "cache.db", "key"});
  EXPECT_EQ(set.Wait(), 2);
  EXPECT_NE(set.seen().find("missing VALUE"), std::string::npos);
}

}  // namespace
}  // namespace appcache::command
