// The recorder file: who may make, replace and open it.

#include "engine/record/recorder_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "appcache/access_recorder.h"
#include "engine/record/ring_reader.h"
#include "engine/record/ring_writer.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_dir.h"

namespace appcache::recorder_file_test {
namespace {

using internal::RecorderFile;

class RecorderFileTest : public ::testing::Test {
 protected:
  static ErrorCode CodeOf(const Status& status) {
    return status.ok() ? ErrorCode::kInternal : status.code();
  }
  ErrorCode CreateFails() {
    return CodeOf(AccessRecorder::Create(path_).status());
  }
  ErrorCode AttachFails() {
    return CodeOf(RecorderFile::Attach(path_).status());
  }

  size_t FilesInDirectory() const {
    const std::filesystem::directory_iterator files(dir_.path());
    return static_cast<size_t>(std::distance(begin(files), end(files)));
  }

  void Write(const std::string& text) const {
    std::ofstream(path_, std::ios::binary) << text;
  }
  std::string Read() const {
    std::ifstream file(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  const TempDir dir_;
  const std::string path_ = dir_.path() + "/cache.record";
};

TEST_F(RecorderFileTest, IsOfConstantSizeAndForThisUserAlone) {
  const auto recorder = AccessRecorder::Create(path_);
  ASSERT_TRUE(recorder.ok()) << recorder.status().ToString();
  EXPECT_FALSE((*recorder)->is_recording());
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  EXPECT_EQ(info.st_nlink, 1u);
  EXPECT_EQ(info.st_size, (1 << 20) + (32 << 10) + 4096);
  // A full disk cannot kill the program later: all of it is allocated.
  EXPECT_GE(info.st_blocks * 512, info.st_size);
  EXPECT_EQ(FilesInDirectory(), 1u);
}

TEST_F(RecorderFileTest, TheProgramSeesWhatTheCommandStarts) {
  const auto recorder = AccessRecorder::Create(path_);
  ASSERT_TRUE(recorder.ok());
  const auto file = RecorderFile::Attach(path_);
  ASSERT_TRUE(file.ok()) << file.status().ToString();
  EXPECT_TRUE(file->HasProgram());
  internal::RingReader reader(file->layout());
  const uint64_t now = internal::MachineMilliseconds();
  ASSERT_TRUE(reader.Start({}, now).ok());
  // A lease that a slow machine does not reach.
  reader.Renew(now + 1'000'000);
  EXPECT_TRUE((*recorder)->is_recording());
  (*recorder)->Record(AccessKind::kHit, "key", 10);
  std::vector<internal::AccessRecord> records;
  ASSERT_TRUE(reader.Read(0, false, 10, records).ok());
  EXPECT_EQ(records.size(), 1u);
  reader.Stop();
  EXPECT_FALSE((*recorder)->is_recording());
}

TEST_F(RecorderFileTest, BelongsToOneProgramAtATime) {
  auto recorder = AccessRecorder::Create(path_);
  ASSERT_TRUE(recorder.ok());
  EXPECT_EQ(CreateFails(), ErrorCode::kBusy);
  const auto file = RecorderFile::Attach(path_);
  ASSERT_TRUE(file.ok());
  *recorder = nullptr;
  EXPECT_FALSE(file->HasProgram());
  // Its program has ended: it is replaced, also while a command has it open,
  // which does not take the new program for the old one.
  const auto next = AccessRecorder::Create(path_);
  EXPECT_TRUE(next.ok()) << next.status().ToString();
  EXPECT_FALSE(file->HasProgram());
  EXPECT_EQ(FilesInDirectory(), 1u);
}

TEST_F(RecorderFileTest, BelongsToAChildOfTheProgramToo) {
  auto recorder = AccessRecorder::Create(path_);
  ASSERT_TRUE(recorder.ok());
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(pipe_fds[1]);
    char byte;
    const ssize_t end =
        read(pipe_fds[0], &byte, 1);  // until the test closes it
    _exit(end == 0 ? 0 : 1);
  }
  *recorder = nullptr;
  EXPECT_EQ(CreateFails(), ErrorCode::kBusy);
  close(pipe_fds[1]);
  close(pipe_fds[0]);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(AccessRecorder::Create(path_).ok());
}

TEST_F(RecorderFileTest, OneCommandRecordsAtATime) {
  const auto recorder = AccessRecorder::Create(path_);
  ASSERT_TRUE(recorder.ok());
  {
    const auto first = RecorderFile::Attach(path_);
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(AttachFails(), ErrorCode::kBusy);
  }
  EXPECT_TRUE(RecorderFile::Attach(path_).ok());
}

TEST_F(RecorderFileTest, AFileOfSomethingElseIsLeftAsItIs) {
  std::string almost(sizeof(internal::RecorderLayout), '\0');
  std::string too_short(internal::kRecorderMagic.data());
  for (const std::string& text :
       {std::string(), std::string("text\n"), almost, too_short}) {
    Write(text);
    EXPECT_EQ(CreateFails(), ErrorCode::kUnsupported);
    EXPECT_EQ(AttachFails(), ErrorCode::kUnsupported);
    EXPECT_EQ(Read(), text);
  }
  EXPECT_EQ(FilesInDirectory(), 1u);
}

// A program that is started after an upgrade replaces the file of the last one.
TEST_F(RecorderFileTest, AFileOfAnotherVersionIsReplacedAndNotOpened) {
  std::string other(sizeof(internal::RecorderLayout) + 4096, '\0');
  other.replace(0, 15, "appcache rec 1\n");
  Write(other);
  const Status refused = RecorderFile::Attach(path_).status();
  EXPECT_TRUE(refused.Is(ErrorCode::kUnsupported));
  EXPECT_NE(refused.error().message.find("another version"), std::string::npos);
  EXPECT_EQ(Read(), other);
  EXPECT_TRUE(AccessRecorder::Create(path_).ok());
  EXPECT_TRUE(RecorderFile::Attach(path_).ok());
}

TEST_F(RecorderFileTest, AFileThatOnlyStartsLikeAnotherVersionIsLeftAsItIs) {
  const std::string version("appcache rec 1\n\0", 16);
  const std::string rest(8192, '\0');
  for (const std::string& text :
       {version, "appcache rec x\n" + rest, "appcache rec 12" + rest,
        "appcache rec 1\nx" + rest, "appcache rex 1\n" + rest}) {
    Write(text);
    EXPECT_EQ(CreateFails(), ErrorCode::kUnsupported);
    EXPECT_EQ(AttachFails(), ErrorCode::kUnsupported);
    EXPECT_EQ(Read(), text);
  }
}

TEST_F(RecorderFileTest, ManyCommandsAskWhileOneRecords) {
  const auto recorder = AccessRecorder::Create(path_);
  ASSERT_TRUE(recorder.ok());
  const auto recording = RecorderFile::Attach(path_);
  ASSERT_TRUE(recording.ok());
  const auto first = RecorderFile::Attach(path_, RecorderFile::Use::kAsk);
  const auto second = RecorderFile::Attach(path_, RecorderFile::Use::kAsk);
  EXPECT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(AttachFails(), ErrorCode::kBusy);
}

TEST_F(RecorderFileTest, LinksFifosAndDirectoriesAreRefused) {
  const std::string other = dir_.path() + "/other";
  ASSERT_TRUE(AccessRecorder::Create(other).ok());
  std::filesystem::create_symlink(other, path_);
  EXPECT_EQ(CreateFails(), ErrorCode::kUnsupported);
  EXPECT_EQ(AttachFails(), ErrorCode::kUnsupported);
  std::filesystem::remove(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(CreateFails(), ErrorCode::kUnsupported);
  EXPECT_EQ(AttachFails(), ErrorCode::kUnsupported);
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_EQ(CreateFails(), ErrorCode::kUnsupported);
  EXPECT_EQ(AttachFails(), ErrorCode::kUnsupported);
  EXPECT_EQ(FilesInDirectory(), 2u);
}

TEST_F(RecorderFileTest, AMissingDirectoryIsAnError) {
  EXPECT_EQ(CodeOf(AccessRecorder::Create(path_ + "/none").status()),
            ErrorCode::kUnavailable);
  EXPECT_EQ(AttachFails(), ErrorCode::kUnavailable);
}

// Root may open it too. In a sandbox, and without root, there is no other user.
TEST_F(RecorderFileTest, AnotherUserMayNotOpenIt) {
  const auto recorder = AccessRecorder::Create(path_);
  ASSERT_TRUE(recorder.ok());
  EXPECT_TRUE(RecorderFile::Attach(path_).ok());
  if (geteuid() != 0) return;
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(chmod(dir_.path().c_str(), 0755), 0);
  EXPECT_EQ(InChild([&] {
              if (setgid(kNobody) != 0 || setuid(kNobody) != 0) {
                return std::string();
              }
              const auto file = RecorderFile::Attach(path_);
              return file.ok() ? std::string("opened") : std::string();
            }),
            "");
  if (chown(path_.c_str(), kNobody, kNobody) != 0) return;
  EXPECT_TRUE(RecorderFile::Attach(path_).ok());
}

}  // namespace
}  // namespace appcache::recorder_file_test
