// appcache record, on the example program `recorded` while it runs.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "appcache/access_recorder.h"
#include "engine/record/recorder_layout.h"
#include "tests/command/command.h"
#include "tools/curve/lru_curve.h"
#include "tools/trace/oracle_general.h"

namespace appcache::command::record_test {
namespace {

using Json = nlohmann::json;
using trace::OracleGeneralRecord;

// Of the cache of the program.
constexpr uint64_t kMaxEntries = 1000;
// Recorded in full, these requests and their sets fit into the ring, however
// slow the command is.
constexpr uint64_t kRequests = 15'000;

class RecordTest : public CommandTest {
 protected:
  // Starts the program, which waits for a recording, and then does `requests`
  // requests.
  Running StartProgram(uint64_t requests = kRequests) {
    const std::string program =
        std::filesystem::absolute("tools/examples/recorded");
    const std::string out = Path("program.out");
    const std::string recorder = Path("cache.record");
    const std::string count = std::to_string(requests);
    // That of an earlier program.
    std::filesystem::remove(recorder);
    const pid_t pid = fork();
    if (pid == 0) {
      const int fd = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      dup2(fd, STDOUT_FILENO);
      execl(program.c_str(), program.c_str(), recorder.c_str(), count.c_str(),
            nullptr);
      _exit(99);
    }
    AwaitThat([&] { return std::filesystem::exists(recorder); });
    return Running(pid, out, "/dev/null");
  }

  Running StartRecord(Words words) {
    words.insert(words.begin(), {"record", "cache.record", "trace", "--json"});
    return Start(words);
  }

  static bool HasLostLease(const Output& output) {
    return output.err.find("was stopped for seconds") != std::string::npos;
  }

  // Runs `record` until the machine has not stopped the command for so long
  // that the program has ended the recording: such a run says nothing.
  static Output Undisturbed(const std::function<Output()>& record) {
    constexpr int kMaxRuns = 10;
    Output output;
    for (int i = 0; i < kMaxRuns; ++i) {
      output = record();
      if (!HasLostLease(output)) return output;
    }
    ADD_FAILURE() << "the machine stops the command all the time";
    return output;
  }

  static Json ResultOf(const Output& output) {
    EXPECT_EQ(output.status, 0) << output.err;
    return output.status == 0 ? Json::parse(output.out) : Json();
  }

  // Records the program, and sets `printed_` to its output.
  Json RecordProgram(const Words& words, uint64_t requests = kRequests) {
    return ResultOf(Undisturbed([&] {
      Running program = StartProgram(requests);
      Output output = StartRecord(words).Wait();
      const Output printed = program.Wait();
      EXPECT_EQ(printed.status, 0);
      printed_ = printed.out;
      return output;
    }));
  }

  // The hits of a replay of the trace.
  uint64_t ReplayedHits(uint64_t max_entries) {
    const Json replayed =
        ResultOf(Run({"replay", "trace", "--max-entries",
                      std::to_string(max_entries), "--json"}));
    return replayed["hits"];
  }

  std::vector<OracleGeneralRecord> Trace() const {
    const std::string text = ReadFile("trace");
    EXPECT_EQ(text.size() % trace::kOracleGeneralBytes, 0u);
    std::vector<OracleGeneralRecord> records;
    for (size_t i = 0; i < text.size(); i += trace::kOracleGeneralBytes) {
      records.push_back(trace::DecodeOracleGeneral(text.data() + i));
    }
    return records;
  }

  // The hits of an exact LRU of the capacity of the program.
  static double LruHits(const std::vector<OracleGeneralRecord>& records,
                        uint64_t capacity) {
    curve::LruCurve lru;
    for (const OracleGeneralRecord& record : records) lru.Request(record.key);
    return lru.Hits(capacity);
  }

  static void ExpectNextAccesses(
      const std::vector<OracleGeneralRecord>& records) {
    std::unordered_map<uint64_t, int64_t> next;
    for (size_t i = records.size(); i-- > 0;) {
      const auto found = next.try_emplace(records[i].key, -1).first;
      ASSERT_EQ(records[i].next_access, found->second);
      found->second = static_cast<int64_t>(i);
    }
  }

  std::string printed_;
};

TEST_F(RecordTest, AllKeysGiveTheHitsOfTheProgram) {
  const Json result = RecordProgram({"--sample", "100%"});
  const std::string hits = std::to_string(result["hits"].get<uint64_t>());
  EXPECT_EQ(printed_, hits + " hits of " + std::to_string(kRequests) + "\n");
  EXPECT_EQ(result["ended_by"], "program");
  EXPECT_EQ(result["gets"], kRequests);
  EXPECT_EQ(result["sets"], kRequests - result["hits"].get<uint64_t>());
  EXPECT_EQ(result["all_gets"], kRequests);
  EXPECT_EQ(result["all_hits"], result["hits"]);
  EXPECT_EQ(result["dropped"], 0);
  EXPECT_EQ(result["hit_percent_error"], 0.0);
  EXPECT_EQ(result["missing_gets"], 0);
  const std::vector<OracleGeneralRecord> records = Trace();
  ASSERT_EQ(records.size(), kRequests);
  EXPECT_EQ(LruHits(records, kMaxEntries), result["hits"]);
  EXPECT_EQ(ReplayedHits(kMaxEntries), result["hits"]);
  ExpectNextAccesses(records);
  for (const OracleGeneralRecord& trace_record : records) {
    // "pyappcache/page/N" and a value of 100 to 199 bytes.
    EXPECT_GE(trace_record.bytes, 117u);
    EXPECT_LE(trace_record.bytes, 220u);
  }
}

// Which keys are in the sample is random, so nothing is said about how many of
// them there are.
TEST_F(RecordTest, ASampleGivesTheHitsOfTheProgramWithinTheError) {
  const Json result = RecordProgram({"--sample", "50"});
  EXPECT_EQ(result["sample"], 0.5);
  EXPECT_EQ(result["all_gets"], kRequests);
  EXPECT_LT(result["gets"], kRequests);
  EXPECT_EQ(result["dropped"], 0);
  const std::vector<OracleGeneralRecord> records = Trace();
  EXPECT_EQ(records.size(), result["gets"]);
  ExpectNextAccesses(records);
  const double hits = LruHits(records, kMaxEntries / 2);
  const double replayed = 100 * hits / static_cast<double>(records.size());
  const double error = result["hit_percent_error"];
  EXPECT_GT(error, 0);
  EXPECT_NEAR(result["hit_percent"].get<double>(),
              result["all_hit_percent"].get<double>(), error + 1e-9);
  EXPECT_NEAR(replayed, result["hit_percent"].get<double>(), error);
  const double missing = result["missing_gets"];
  EXPECT_EQ(missing + result["gets"].get<double>(), kRequests / 2.0);
  // At most 4 among 300 samples of this workload; 12 without the correction.
  const double corrected =
      100 * (hits + missing) / (result["gets"].get<double>() + missing);
  EXPECT_NEAR(corrected, result["all_hit_percent"].get<double>(), 10);
}

TEST_F(RecordTest, RequestsAreALimit) {
  // The program does not wait for anybody, and goes on.
  const Json result = RecordProgram({"--sample", "100%", "--requests", "1234"});
  EXPECT_EQ(result["ended_by"], "requests");
  EXPECT_EQ(result["gets"], 1234);
  EXPECT_EQ(Trace().size(), 1234u);
  // What the program did later is not compared with the recording.
  EXPECT_EQ(result["all_gets"], 1234);
  EXPECT_EQ(result["all_hits"], result["hits"]);
  EXPECT_EQ(result["missing_gets"], 0);
  EXPECT_EQ(result["hit_percent_error"], 0.0);
}

TEST_F(RecordTest, TheTimeIsALimit) {
  const Json result = ResultOf(Undisturbed([&] {
    const Running program = StartProgram(UINT64_MAX);
    return StartRecord({"--seconds", "1"}).Wait();
  }));
  EXPECT_EQ(result["ended_by"], "seconds");
  EXPECT_GE(result["duration_ms"], 1000);
}

// These record the test itself.
class RecordThisProcessTest : public RecordTest {
 protected:
  // Starts a recording of all keys, and returns while it runs.
  Running StartRecording(Words words) {
    words.insert(words.end(), {"--sample", "100%"});
    Running record = StartRecord(words);
    AwaitThat([&] { return recorder_->is_recording(); });
    return record;
  }

  // Stops the command, so that it finds all that `record` records at once.
  static void WhileStopped(const Running& command,
                           const std::function<void()>& record) {
    command.Signal(SIGSTOP);
    int status = 0;
    ASSERT_EQ(waitpid(command.pid(), &status, WUNTRACED), command.pid());
    ASSERT_TRUE(WIFSTOPPED(status));
    record();
    command.Signal(SIGCONT);
  }

  std::shared_ptr<AccessRecorder> recorder_ =
      *AccessRecorder::Create(Path("cache.record"));
};

TEST_F(RecordThisProcessTest, ASignalEndsARecordingAndKeepsIt) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    const Json result = ResultOf(Undisturbed([&] {
      Running record = StartRecording({});
      recorder_->Record(AccessKind::kMiss, "key");
      recorder_->Record(AccessKind::kSet, "key", 10);
      recorder_->Record(AccessKind::kHit, "key", 10);
      record.Signal(signal);
      return record.Wait();
    }));
    EXPECT_FALSE(recorder_->is_recording());
    EXPECT_EQ(result["ended_by"], "signal");
    EXPECT_EQ(result["hits"], 1);
    EXPECT_EQ(result["sets"], 1);
    ASSERT_EQ(Trace().size(), 2u);
    EXPECT_EQ(Trace()[0].bytes, 13u);
    EXPECT_EQ(Trace()[0].next_access, 1);
  }
}

// The command finds the ring nearly full each time: the keys differ, which
// costs it more than the program. The time is for a command that does not
// notice the signal.
TEST_F(RecordThisProcessTest, ASignalEndsARecordingOfAFasterProgram) {
  std::atomic<bool> is_ending = false;
  std::atomic<uint64_t> recorded = 0;
  std::vector<std::thread> program;
  for (int i = 0; i < 4; ++i) {
    program.emplace_back([&] {
      while (!is_ending) {
        recorder_->Record(AccessKind::kMiss, std::to_string(recorded++));
      }
    });
  }
  const auto await_full_ring = [&] {
    const uint64_t before = recorded;
    AwaitThat([&] { return recorded - before > internal::kRecorderSlots; });
  };
  const Json result = ResultOf(Undisturbed([&] {
    Running record = StartRecording({"--seconds", "20"});
    WhileStopped(record, await_full_ring);
    await_full_ring();
    record.Signal(SIGINT);
    return record.Wait();
  }));
  is_ending = true;
  for (std::thread& thread : program) thread.join();
  EXPECT_EQ(result["ended_by"], "signal");
}

TEST_F(RecordThisProcessTest, TheSizeIsALimit) {
  const Json result = ResultOf(Undisturbed([&] {
    Running record = StartRecording({"--max-size", "1KiB"});
    for (int i = 0; i < 1000; ++i) recorder_->Record(AccessKind::kMiss, "key");
    return record.Wait();
  }));
  EXPECT_EQ(result["ended_by"], "bytes");
  EXPECT_LE(result["gets"], 1024 / 24);
  EXPECT_EQ(Trace().size(), result["gets"]);
  EXPECT_EQ(result["missing_gets"], 0);
}

// The gets after the limit all miss: they are no part of the hit ratio of the
// recording.
TEST_F(RecordThisProcessTest, ALimitOfASampleCutsTheCountsOfAllKeysToo) {
  const Json result = ResultOf(Undisturbed([&] {
    Words words = {"--requests", "1000", "--sample", "50%"};
    Running record = StartRecord(words);
    AwaitThat([&] { return recorder_->is_recording(); });
    WhileStopped(record, [&] {
      for (int i = 0; i < 20'000; ++i) {
        recorder_->Record(AccessKind::kMiss, "key " + std::to_string(i));
      }
    });
    return record.Wait();
  }));
  EXPECT_EQ(result["ended_by"], "requests");
  EXPECT_EQ(result["gets"], 1000);
  // 2,000 of the 20,000 gets, but for the chance of the sample, which has
  // 10,000 keys with a standard deviation of 71.
  EXPECT_NEAR(result["all_gets"].get<double>(), 2000, 200);
  EXPECT_NEAR(result["missing_gets"].get<double>(), 0, 100);
}

TEST_F(RecordThisProcessTest, LostAccessesLeaveNoCorrection) {
  const Json result = ResultOf(Undisturbed([&] {
    Running record = StartRecording({});
    WhileStopped(record, [&] {
      for (size_t i = 0; i < internal::kRecorderSlots + 10; ++i) {
        recorder_->Record(AccessKind::kMiss, "key");
      }
    });
    record.Signal(SIGINT);
    return record.Wait();
  }));
  EXPECT_EQ(result["dropped"], 10);
  EXPECT_EQ(result["gets"], internal::kRecorderSlots);
  EXPECT_EQ(result["all_gets"], internal::kRecorderSlots + 10);
  EXPECT_TRUE(result["missing_gets"].is_null());
}

// A program does so when the lease of a command has expired.
TEST_F(RecordThisProcessTest, ASessionThatTheProgramEndedIsNotCalledComplete) {
  const int fd = open(Path("cache.record").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  void* const mapped = mmap(nullptr, sizeof(internal::RecorderLayout),
                            PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  ASSERT_NE(mapped, MAP_FAILED);
  internal::RecorderHeader& header =
      static_cast<internal::RecorderLayout*>(mapped)->header;
  {
    Running record = StartRecording({});
    WhileStopped(record, [&] { internal::SetSession(header, 0); });
    EXPECT_EQ(ResultOf(record.Wait())["ended_by"], "lease");
  }
  Running record = StartRecording({});
  WhileStopped(record, [&] {
    internal::SetSession(header, 0);
    recorder_ = nullptr;  // the program ends
  });
  EXPECT_EQ(ResultOf(record.Wait())["ended_by"], "lease");
  munmap(mapped, sizeof(internal::RecorderLayout));
}

TEST_F(RecordThisProcessTest, AnotherCommandIsRefused) {
  Running first = StartRecording({});
  const Output second = Run({"record", "cache.record", "second"});
  EXPECT_EQ(second.status, 3);
  EXPECT_NE(second.err.find("another command"), std::string::npos);
  first.Signal(SIGINT);
  EXPECT_EQ(ResultOf(first.Wait())["ended_by"], "signal");
  EXPECT_FALSE(std::filesystem::exists(Path("second")));
}

TEST_F(RecordThisProcessTest, AKilledCommandIsFollowedByAnother) {
  const Json result = ResultOf(Undisturbed([&] {
    std::filesystem::remove(Path("trace"));
    Running killed = StartRecording({});
    recorder_->Record(AccessKind::kMiss, "key");
    killed.Signal(SIGKILL);
    EXPECT_EQ(killed.Wait().status, 1000 + SIGKILL);
    EXPECT_FALSE(std::filesystem::exists(Path("trace")));
    Running next = StartRecord({"--requests", "1", "--sample", "100%"});
    // The session of the killed one ends, and that of the next begins; which of
    // the accesses are in which is not known.
    AwaitThat([&] {
      recorder_->Record(AccessKind::kHit, "key", 1);
      return std::filesystem::exists(Path("trace"));
    });
    return next.Wait();
  }));
  EXPECT_EQ(result["hits"], 1);
  EXPECT_EQ(Trace()[0].bytes, 4u);
}

TEST_F(RecordTest, AKilledProgramEndsARecordingThatIsKept) {
  const std::string recorder = Path("cache.record");
  const Json result = ResultOf(Undisturbed([&] {
    std::filesystem::remove(recorder);
    const pid_t pid = fork();
    if (pid == 0) {
      const auto created = AccessRecorder::Create(recorder);
      if (!created.ok()) _exit(1);
      while (!(*created)->is_recording()) sched_yield();
      for (int i = 0; i < 5; ++i) (*created)->Record(AccessKind::kMiss, "key");
      raise(SIGKILL);
    }
    Running program(pid, "/dev/null", "/dev/null");
    AwaitThat([&] { return std::filesystem::exists(recorder); });
    Output output = StartRecord({"--sample", "100%"}).Wait();
    EXPECT_EQ(program.Wait().status, 1000 + SIGKILL);
    return output;
  }));
  EXPECT_EQ(result["ended_by"], "program");
  EXPECT_EQ(result["gets"], 5);
  EXPECT_EQ(Trace().size(), 5u);
}

TEST_F(RecordTest, CsvHasTheSetsToo) {
  const Json result =
      RecordProgram({"--sample", "100%", "--format", "csv"}, 3000);
  EXPECT_EQ(CountLines("trace"), 1 + result["gets"].get<uint64_t>() +
                                     result["sets"].get<uint64_t>());
  EXPECT_EQ(ReadFile("trace").substr(0, 21), "time,key,size,ttl,op\n");
}

TEST_F(RecordTest, TheTextSaysWhatWasRecordedAndHowToReplayIt) {
  const auto text = [&](const char* sample) {
    return Undisturbed([&] {
      Running program = StartProgram();
      Output output =
          Run({"record", "cache.record", "trace", "--sample", sample});
      EXPECT_EQ(output.status, 0);
      EXPECT_EQ(program.Wait().status, 0);
      return output;
    });
  };
  const Output all = text("100");
  EXPECT_NE(all.out.find("\nrequests   15000 gets, "), std::string::npos)
      << all.out;
  EXPECT_NE(all.out.find(" of all 15000 gets of the program\n"),
            std::string::npos);
  EXPECT_EQ(all.out.find("replay"), std::string::npos);
  const Output half = text("50%");
  EXPECT_NE(half.out.find("appcache replay trace --max-entries N*0.5\n"),
            std::string::npos)
      << half.out;
  EXPECT_NE(half.out.find(" +- "), std::string::npos);
}

TEST_F(RecordTest, TheTraceIsForThisUserAlone) {
  (void)RecordProgram({}, 100);
  struct stat info;
  ASSERT_EQ(stat(Path("trace").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
    files += entry.path().filename().string().starts_with("trace") ||
                     entry.path().filename().string().starts_with("appcache-")
                 ? 1
                 : 0;
  }
  EXPECT_EQ(files, 1u);
}

TEST_F(RecordTest, ErrorsSayWhatIsWrong) {
  const auto error = [&](const Words& words, int status) {
    Words all = {"record"};
    all.insert(all.end(), words.begin(), words.end());
    const Output output = Run(all);
    EXPECT_EQ(output.status, status) << output.err;
    return output.err;
  };
  const auto contains = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  contains(error({"missing", "trace"}, 3), "there is no recorder file missing");
  WriteFile("text", "no recorder\n");
  contains(error({"text", "trace"}, 3), "is not a recorder file");
  EXPECT_EQ(ReadFile("text"), "no recorder\n");
  contains(error({"text"}, 2), "TRACE");
  for (const std::string seconds : {"0", "x", "-1", "3000000"}) {
    error({"text", "trace", "--seconds=" + seconds}, 2);
  }
  error({"text", "trace", "--requests=0"}, 2);
  error({"text", "trace", "--sample=0"}, 2);
  contains(error({"text", "trace", "--max-size=0"}, 2), "at least 1 byte");
  contains(error({"text", "trace", "--format=lis"}, 2), "oracle-general");

  {
    Running program = StartProgram(100);
    contains(error({"cache.record", "none/trace"}, 3), "none/trace");
    EXPECT_FALSE(std::filesystem::exists(Path("trace")));
    Running record = StartRecord({});
    EXPECT_EQ(record.Wait().status, 0);
    EXPECT_EQ(program.Wait().status, 0);
  }
  std::filesystem::create_symlink("cache.record", Path("link"));
  const std::string recorder = ReadFile("cache.record");
  for (const std::string same : {"cache.record", "./cache.record", "link"}) {
    contains(error({"cache.record", same}, 2), "are the same file");
    EXPECT_TRUE(ReadFile("cache.record") == recorder) << same;
  }
  contains(error({"cache.record", "trace"}, 3), "does not run");
}

}  // namespace
}  // namespace appcache::command::record_test
