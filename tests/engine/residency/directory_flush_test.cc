// Directory: what happens to an entry between the moment that a batch takes it
// and the moment that the batch was written, or has failed.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/residency/directory.h"
#include "tests/engine/residency/directory_driver.h"

namespace appcache::residency::directory_flush_test {
namespace {

constexpr int64_t kH = 5;

class DirectoryFlushTest : public testing::Test {
 protected:
  ~DirectoryFlushTest() override {
    driver_.Clear();
    EXPECT_EQ(Sizes(), "pending 0, resident 0, dirty 0") << "at the end";
  }

  // With keys of three bytes.
  std::string Sizes() {
    const Directory& directory = driver_.directory();
    return "pending " + std::to_string(directory.sizes().pending_bytes) +
           ", resident " + std::to_string(directory.sizes().resident_bytes) +
           ", dirty " + std::to_string(driver_.Dirty(kH));
  }
  std::string State() { return driver_.State(kH); }
  std::string Get() { return driver_.Get(kH); }

  // What is dirty: one change.
  Taken Take() {
    std::vector<Taken> batch = driver_.Take();
    EXPECT_EQ(batch.size(), 1u);
    return std::move(batch.at(0));
  }
  Taken TakePut(std::string_view value) {
    driver_.Set(kH, value);
    return Take();
  }
  Taken TakeRemoval() {
    driver_.SetClean(kH, "old");
    driver_.Remove(kH);
    return Take();
  }

  DirectoryDriver driver_;
};

// --- A put.

TEST_F(DirectoryFlushTest, APutThatFailedIsDirtyAgain) {
  driver_.NotWritten(TakePut("12345"));
  EXPECT_EQ(State(), "dirty row") << "a commit that failed may have a row";
  EXPECT_EQ(Sizes(), "pending 8, resident 0, dirty 1");
  driver_.Written(Take());
  EXPECT_EQ(State(), "row");
  EXPECT_EQ(Sizes(), "pending 0, resident 8, dirty 0");
}

TEST_F(DirectoryFlushTest, APutThatFailedIsRemovedWithItsRow) {
  driver_.NotWritten(TakePut("12345"));
  driver_.Remove(kH);
  EXPECT_EQ(State(), "dirty row absent");
  EXPECT_EQ(Sizes(), "pending 0, resident 0, dirty 1");
}

TEST_F(DirectoryFlushTest, APutThatWasReplacedBeforeItWasWritten) {
  const Taken taken = TakePut("12345");
  driver_.Set(kH, "1");
  EXPECT_EQ(State(), "dirty batch");
  EXPECT_EQ(Get(), "1");
  EXPECT_EQ(Sizes(), "pending 12, resident 0, dirty 1") << "both are in memory";
  driver_.Written(taken);
  EXPECT_EQ(State(), "dirty row");
  EXPECT_EQ(Sizes(), "pending 4, resident 0, dirty 1");
  driver_.Written(Take());
  EXPECT_EQ(State(), "row");
  EXPECT_EQ(Sizes(), "pending 0, resident 4, dirty 0");
}

TEST_F(DirectoryFlushTest, APutThatWasReplacedBeforeItFailed) {
  const Taken taken = TakePut("12345");
  driver_.Set(kH, "1");
  driver_.NotWritten(taken);
  EXPECT_EQ(State(), "dirty row");
  EXPECT_EQ(Get(), "1");
  EXPECT_EQ(Sizes(), "pending 4, resident 0, dirty 1");
}

TEST_F(DirectoryFlushTest, APutThatWasRemovedBeforeItWasWritten) {
  const Taken taken = TakePut("12345");
  driver_.Remove(kH);
  EXPECT_EQ(State(), "dirty batch row absent") << "it may have a row soon";
  EXPECT_EQ(Get(), "none");
  EXPECT_EQ(Sizes(), "pending 8, resident 0, dirty 1");
  driver_.Written(taken);
  EXPECT_EQ(State(), "dirty row absent");
  EXPECT_EQ(Sizes(), "pending 0, resident 0, dirty 1");
  driver_.Written(Take());
  EXPECT_EQ(State(), "none");
}

TEST_F(DirectoryFlushTest, APutThatWasRemovedBeforeItFailed) {
  const Taken taken = TakePut("12345");
  driver_.Remove(kH);
  driver_.NotWritten(taken);
  EXPECT_EQ(State(), "dirty row absent");
  EXPECT_EQ(Sizes(), "pending 0, resident 0, dirty 1");
}

TEST_F(DirectoryFlushTest, APutThatWasRemovedAndSetAgainBeforeItWasWritten) {
  const Taken taken = TakePut("12345");
  driver_.Remove(kH);
  driver_.Set(kH, "1");
  EXPECT_EQ(State(), "dirty batch row");
  EXPECT_EQ(Sizes(), "pending 12, resident 0, dirty 1");
  driver_.Written(taken);
  EXPECT_EQ(State(), "dirty row");
  EXPECT_EQ(Get(), "1");
  EXPECT_EQ(Sizes(), "pending 4, resident 0, dirty 1");
}

TEST_F(DirectoryFlushTest, APutThatWasClearedBeforeItWasWritten) {
  const Taken taken = TakePut("12345");
  driver_.Clear();
  EXPECT_EQ(Sizes(), "pending 8, resident 0, dirty 0") << "the batch has it";
  driver_.Written(taken);
  EXPECT_EQ(State(), "none");
  EXPECT_EQ(Sizes(), "pending 0, resident 0, dirty 0");
}

TEST_F(DirectoryFlushTest, APutThatWasClearedBeforeItFailed) {
  const Taken taken = TakePut("12345");
  driver_.Clear();
  driver_.NotWritten(taken);
  EXPECT_EQ(State(), "none");
  EXPECT_EQ(Sizes(), "pending 0, resident 0, dirty 0");
}

TEST_F(DirectoryFlushTest, APutThatWasClearedAndSetAgainBeforeItWasWritten) {
  const Taken taken = TakePut("12345");
  driver_.Clear();
  driver_.Set(kH, "1");
  EXPECT_EQ(State(), "dirty");
  EXPECT_EQ(Sizes(), "pending 12, resident 0, dirty 1");
  driver_.Written(taken);
  EXPECT_EQ(State(), "dirty row");
  EXPECT_EQ(Get(), "1");
  EXPECT_EQ(Sizes(), "pending 4, resident 0, dirty 1");
}

TEST_F(DirectoryFlushTest, APutThatWasClearedAndSetAgainBeforeItFailed) {
  const Taken taken = TakePut("12345");
  driver_.Clear();
  driver_.Set(kH, "1");
  driver_.NotWritten(taken);
  EXPECT_EQ(State(), "dirty row");
  EXPECT_EQ(Get(), "1");
  EXPECT_EQ(Sizes(), "pending 4, resident 0, dirty 1");
}

TEST_F(DirectoryFlushTest, AReplacedAndClearedPutLeavesNothingPending) {
  const Taken taken = TakePut("12345");
  driver_.Set(kH, "1");
  driver_.Clear();
  EXPECT_EQ(Sizes(), "pending 8, resident 0, dirty 0");
  driver_.NotWritten(taken);
  EXPECT_EQ(Sizes(), "pending 0, resident 0, dirty 0");
}

// As by a write-through of a large value.
TEST_F(DirectoryFlushTest, AClearAndACleanSetBeforeThePutWasWrittenOrFailed) {
  for (const bool is_written : {true, false}) {
    const Taken taken = TakePut("12345");
    driver_.Clear();
    driver_.SetClean(kH, "1");
    is_written ? driver_.Written(taken) : driver_.NotWritten(taken);
    EXPECT_EQ(State(), "row");
    EXPECT_EQ(Sizes(), "pending 0, resident 4, dirty 0");
    driver_.Clear();
  }
}

// --- A removal.

TEST_F(DirectoryFlushTest, ARemovalThatFailedIsDirtyAgain) {
  driver_.NotWritten(TakeRemoval());
  EXPECT_EQ(State(), "dirty row absent");
  EXPECT_EQ(Sizes(), "pending 0, resident 0, dirty 1");
  driver_.Written(Take());
  EXPECT_EQ(State(), "none");
}

TEST_F(DirectoryFlushTest, ASetBeforeTheRemovalWasWrittenHasNoRow) {
  const Taken taken = TakeRemoval();
  driver_.Set(kH, "1");
  EXPECT_EQ(State(), "dirty batch row");
  EXPECT_EQ(Sizes(), "pending 4, resident 0, dirty 1");
  driver_.Written(taken);
  EXPECT_EQ(State(), "dirty");
  EXPECT_EQ(Get(), "1");
  EXPECT_EQ(Sizes(), "pending 4, resident 0, dirty 1");
  driver_.Remove(kH);
  EXPECT_EQ(State(), "none");
}

TEST_F(DirectoryFlushTest, ASetBeforeTheRemovalFailedMayHaveARow) {
  const Taken taken = TakeRemoval();
  driver_.Set(kH, "1");
  driver_.NotWritten(taken);
  EXPECT_EQ(State(), "dirty row");
  EXPECT_EQ(Get(), "1");
  EXPECT_EQ(Sizes(), "pending 4, resident 0, dirty 1");
}

TEST_F(DirectoryFlushTest, ASetAndARemovalBeforeTheRemovalWasWritten) {
  const Taken taken = TakeRemoval();
  driver_.Set(kH, "1");
  driver_.Remove(kH);
  EXPECT_EQ(State(), "dirty batch row absent");
  driver_.Written(taken);
  EXPECT_EQ(State(), "dirty row absent");
  EXPECT_EQ(Sizes(), "pending 0, resident 0, dirty 1");
  driver_.Written(Take());
  EXPECT_EQ(State(), "none");
}

TEST_F(DirectoryFlushTest, ASetAndARemovalBeforeTheRemovalFailed) {
  const Taken taken = TakeRemoval();
  driver_.Set(kH, "1");
  driver_.Remove(kH);
  driver_.NotWritten(taken);
  EXPECT_EQ(State(), "dirty row absent");
  EXPECT_EQ(Sizes(), "pending 0, resident 0, dirty 1");
}

TEST_F(DirectoryFlushTest, AClearBeforeTheRemovalWasWrittenOrFailed) {
  for (const bool is_written : {true, false}) {
    const Taken taken = TakeRemoval();
    driver_.Clear();
    is_written ? driver_.Written(taken) : driver_.NotWritten(taken);
    EXPECT_EQ(State(), "none");
    EXPECT_EQ(Sizes(), "pending 0, resident 0, dirty 0");
  }
}

TEST_F(DirectoryFlushTest, AClearAndASetBeforeTheRemovalWasWrittenOrFailed) {
  for (const bool is_written : {true, false}) {
    const Taken taken = TakeRemoval();
    driver_.Clear();
    driver_.Set(kH, "1");
    is_written ? driver_.Written(taken) : driver_.NotWritten(taken);
    EXPECT_EQ(State(), is_written ? "dirty" : "dirty row");
    EXPECT_EQ(Get(), "1");
    EXPECT_EQ(Sizes(), "pending 4, resident 0, dirty 1");
    driver_.Clear();
  }
}

}  // namespace
}  // namespace appcache::residency::directory_flush_test
