#include "tests/servers/fault_client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace appcache {

using std::chrono::steady_clock;

void FaultClient::Step() {
  timed_out_ = false;
  const auto waited_before = TimeWithoutProcessor();
  const auto begin = steady_clock::now();
  switch (Below(10)) {
    case 0:
    case 1:
    case 2:
      SetOne();
      break;
    case 3:
      Invalidate();
      break;
    case 4:
      GetMany();
      break;
    case 5:
      SetMany();
      break;
    default:
      GetOne();
  }
  const auto took = steady_clock::now() - begin;
  const auto waited = TimeWithoutProcessor() - waited_before;
  times_.Add(took, std::min<CallTimes::Duration>(waited, took), timed_out_);
}

void FaultClient::ExpectHealed() {
  for (int i = 0; i < kKeys; ++i) {
    const std::string path = Path(i);
    const Status status = UntilInTime(
        [&] { return backend_.SetRaw(path, "healed " + path, kNoTtl); });
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
  for (int i = 0; i < kKeys; ++i) {
    const std::string path = Path(i);
    Lookup<Bytes> found = Lookup<Bytes>::Miss();
    const Status status = UntilInTime([&] {
      found = backend_.GetRaw(path);
      return found.status();
    });
    ASSERT_TRUE(found.is_hit()) << status.ToString();
    EXPECT_EQ(found->view(), "healed " + path);
  }
}

CallTimes FaultClient::TakeTimes() {
  return std::exchange(times_, CallTimes(timeout_));
}

// Each value is unique and contains its path.
std::string FaultClient::NewValue(const std::string& path) {
  const size_t padding = Below(20) == 0 ? 40'000 : Below(100);
  return path + "=" + std::to_string(++values_) + std::string(padding, '.');
}

void FaultClient::NoteFailure(const Status& status) {
  if (status.Is(ErrorCode::kTimeout)) timed_out_ = true;
  EXPECT_TRUE(status.Is(ErrorCode::kTimeout) ||
              status.Is(ErrorCode::kUnavailable) || status.Is(ErrorCode::kBusy))
      << status.ToString();
}

void FaultClient::Note(const Status& status, const std::string& path,
                       std::optional<std::string> written) {
  Possible& possible = possible_[path];
  if (status.ok()) {
    possible.last = std::move(written);
    return;
  }
  NoteFailure(status);
  possible.perhaps.insert(std::move(written));
}

void FaultClient::Check(const std::string& path, const Lookup<Bytes>& lookup) {
  if (lookup.has_error()) return NoteFailure(lookup.status());
  std::optional<std::string> found;
  if (lookup) found = lookup->view();
  EXPECT_TRUE((may_lose_ && !found) || possible_[path].Allows(found))
      << path << " has the value " << found.value_or("nothing").substr(0, 40);
}

void FaultClient::SetOne() {
  const std::string path = RandomPath();
  const std::string value = NewValue(path);
  Note(backend_.SetRaw(path, value, kNoTtl), path, value);
}

void FaultClient::Invalidate() {
  const std::string path = RandomPath();
  Note(backend_.InvalidateRaw(path), path, std::nullopt);
}

void FaultClient::GetOne() {
  const std::string path = RandomPath();
  Check(path, backend_.GetRaw(path));
}

void FaultClient::GetMany() {
  std::vector<std::string> paths;
  for (int i = 0; i < kKeys; ++i) paths.push_back(Path(i));
  const std::vector<std::string_view> views(paths.begin(), paths.end());
  const std::vector<Lookup<Bytes>> found = backend_.GetManyRaw(views);
  ASSERT_EQ(found.size(), paths.size());
  for (size_t i = 0; i < paths.size(); ++i) Check(paths[i], found[i]);
}

void FaultClient::SetMany() {
  const std::string one = Path(0);
  const std::string two = Path(1);
  const std::string value_of_one = NewValue(one);
  const std::string value_of_two = NewValue(two);
  const std::vector<RawEntry> entries = {{one, value_of_one},
                                         {two, value_of_two}};
  const Status status = backend_.SetManyRaw(entries);
  Note(status, one, value_of_one);
  Note(status, two, value_of_two);
}

}  // namespace appcache
