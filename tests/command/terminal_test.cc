// The command on a terminal: questions, drawing and escaping.

#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "tests/command/command.h"

namespace appcache::command::terminal_test {
namespace {

// Runs appcache with a terminal for all of its streams.
class OnTerminal {
 public:
  OnTerminal(const std::string& directory, const Words& arguments,
             unsigned short columns = 60) {
    winsize size{};
    size.ws_row = 10;
    size.ws_col = columns;
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

  void Resize(unsigned short rows, unsigned short columns) const {
    winsize size{};
    size.ws_row = rows;
    size.ws_col = columns;
    EXPECT_EQ(ioctl(fd_, TIOCSWINSZ, &size), 0);
  }

  void Signal(int number) const { EXPECT_EQ(kill(pid_, number), 0); }

  // Whether the terminal echoes what is typed, and passes it on by lines.
  bool IsInLineMode() const {
    termios mode{};
    EXPECT_EQ(tcgetattr(fd_, &mode), 0);
    return (mode.c_lflag & ECHO) != 0 && (mode.c_lflag & ICANON) != 0;
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

// Until the end, the cursor is hidden and lines do not wrap.
void ExpectRestored(const OnTerminal& command) {
  const std::string& seen = command.seen();
  const size_t hidden = seen.rfind("\x1b[?25l\x1b[?7l");
  const size_t shown = seen.rfind("\x1b[?7h\x1b[?25h");
  ASSERT_NE(hidden, std::string::npos) << seen;
  ASSERT_NE(shown, std::string::npos) << seen;
  EXPECT_LT(hidden, shown);
  EXPECT_EQ(seen.find('\x1b', shown + 8), std::string::npos) << seen;
  EXPECT_TRUE(command.IsInLineMode());
}

const char* const kWatching[] = {"top", "stats"};

TEST_F(TerminalTest, AWatchEndsWhenQIsTyped) {
  for (const char* const command : kWatching) {
    OnTerminal watch(dir_.path(),
                     {command, "--watch=1h", "--cache", "cache.db"});
    watch.AwaitText("21");
    watch.AwaitText("\x1b[J");  // the end of a drawing
    EXPECT_FALSE(watch.IsInLineMode());
    watch.Type("xq");
    EXPECT_EQ(watch.Wait(), 0);
    ExpectRestored(watch);
  }
}

TEST_F(TerminalTest, AWatchRestoresTheTerminalAfterASignal) {
  for (const char* const command : kWatching) {
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
      OnTerminal watch(dir_.path(),
                       {command, "--watch=1h", "--cache", "cache.db"});
      watch.AwaitText("\x1b[J");
      watch.Signal(number);
      EXPECT_EQ(watch.Wait(), 0) << number;
      ExpectRestored(watch);
    }
  }
}

// The process group of a terminal without a shell is not stopped, and goes on.
TEST_F(TerminalTest, AWatchRestoresTheTerminalWhileItIsStopped) {
  for (const char* const command : kWatching) {
    OnTerminal watch(dir_.path(),
                     {command, "--watch=1h", "--cache", "cache.db"});
    watch.AwaitText("\x1b[J");
    watch.Type("\x1a");  // Ctrl-Z
    watch.AwaitText("\x1b[?7h\x1b[?25h");
    watch.AwaitText("\x1b[?25l\x1b[?7l", 2);
    watch.AwaitText("\x1b[J", 2);
    watch.Type("q");
    EXPECT_EQ(watch.Wait(), 0);
    ExpectRestored(watch);
  }
}

TEST_F(TerminalTest, AWatchIsDrawnAgainWhenTheTerminalIsResized) {
  OnTerminal top(dir_.path(), {"top", "--watch", "1h", "--cache", "cache.db"});
  top.AwaitText("\x1b[J");
  EXPECT_EQ(top.seen().find("key/17"), std::string::npos);
  top.Resize(30, 60);
  top.AwaitText("\x1b[2J", 2);
  top.AwaitText("\x1b[J", 2);
  EXPECT_NE(top.seen().find("key/17"), std::string::npos);
  top.Resize(30, 12);
  top.AwaitText("\x1b[J", 3);
  EXPECT_NE(top.seen().find("21 entries,\u2026"), std::string::npos)
      << top.seen();
  top.Type("q");
  EXPECT_EQ(top.Wait(), 0);
}

TEST_F(TerminalTest, GetQuotesAndEscapesTheValue) {
  const std::string value = "a\x1b[31m\"\\\xff\u202e\n";
  Run({"set", "--cache", "cache.db", "key", value});
  OnTerminal quoted(dir_.path(), {"get", "--cache", "cache.db", "key"});
  EXPECT_EQ(quoted.Wait(), 0);
  EXPECT_EQ(quoted.seen(), R"("a\x1b[31m\"\\\xff\u202e\n")"
                           "\r\n");
  OnTerminal raw(dir_.path(), {"get", "--raw", "--cache", "cache.db", "key"});
  EXPECT_EQ(raw.Wait(), 0);
  EXPECT_EQ(raw.seen(), value.substr(0, value.size() - 1) + "\r\n");
  EXPECT_EQ(Run({"get", "--cache", "cache.db", "key"}).out, value);
}

TEST_F(TerminalTest, LinesOfADumpAreEscaped) {
  Run({"set", "--cache", "cache.db", "reordered \u202e", "value"});
  OnTerminal dump(dir_.path(),
                  {"dump", "--format", "jsonl", "--cache", "cache.db"});
  EXPECT_EQ(dump.Wait(), 0);
  EXPECT_NE(dump.seen().find("reordered \\u202e\""), std::string::npos);
  EXPECT_EQ(dump.seen().find("colour\x1b"), std::string::npos);
  EXPECT_EQ(dump.seen().find("\u202e"), std::string::npos);
}

// The bar is erased at the end.
TEST_F(TerminalTest, ProgressIsShownOnStandardError) {
  WriteFile("trace", "a\nb\n");
  for (const Words& words : {Words{"dump", "--cache", "cache.db", "file"},
                             Words{"load", "--cache", "new.db", "file"},
                             Words{"replay", "trace", "--max-entries", "5"}}) {
    OnTerminal command(dir_.path(), words);
    EXPECT_EQ(command.Wait(), 0);
    const size_t bar = command.seen().find("\r\x1b[K" + words[0] + " [");
    ASSERT_NE(bar, std::string::npos) << command.seen();
    EXPECT_NE(command.seen().find("\r\x1b[K", bar + 1), std::string::npos);
  }
}

// A line that wraps could not be erased.
TEST_F(TerminalTest, ProgressFitsOnANarrowTerminal) {
  OnTerminal dump(dir_.path(), {"dump", "--cache", "cache.db", "file"}, 20);
  EXPECT_EQ(dump.Wait(), 0);
  EXPECT_NE(dump.seen().find("dump [       ]   4%"), std::string::npos)
      << dump.seen();
}

TEST_F(TerminalTest, StatsAreDrawnInPlaceUntilInterrupted) {
  OnTerminal stats(dir_.path(),
                   {"stats", "--watch", "1ms", "--cache", "cache.db"});
  stats.AwaitText("\x1b[Hcache    ", 3);
  stats.AwaitText("entries  21, +0.0/s");
  stats.Type("\x03");  // Ctrl-C
  EXPECT_EQ(stats.Wait(), 0);
  EXPECT_EQ(stats.seen().find("ping_ms"), std::string::npos);
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
}  // namespace appcache::command::terminal_test
