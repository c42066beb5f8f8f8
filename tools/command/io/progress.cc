#include "tools/command/io/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "tools/command/io/fd.h"

namespace appcache::command {
namespace {

constexpr std::chrono::milliseconds kDrawInterval{100};
constexpr size_t kBarWidth = 40;
constexpr const char* kEraseLine = "\r\x1b[K";

// The width of the bar with which the line fits on the terminal: a line that
// wraps could not be erased.
size_t BarWidth(const std::string& label) {
  constexpr size_t kAroundBar = 9;  // " [", "] 100%", and the cursor
  winsize size{};
  const bool is_known =
      ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  if (!is_known) return kBarWidth;
  const size_t others = label.size() + kAroundBar;
  return size.ws_col > others ? std::min(kBarWidth, size.ws_col - others) : 0;
}

}  // namespace

std::string ProgressLine(std::string_view label, uint64_t done, uint64_t total,
                         size_t bar_width) {
  std::string line(label);
  if (total == 0) return line.append(" ").append(std::to_string(done));
  const double part =
      std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto filled =
      static_cast<size_t>(part * static_cast<double>(bar_width));
  const std::string percent = std::to_string(static_cast<int>(part * 100));
  line.append(" [").append(filled, '#').append(bar_width - filled, ' ');
  line.append("] ").append(3 - percent.size(), ' ').append(percent);
  return line.append("%");
}

Progress::Progress(std::string label, uint64_t total)
    : label_(std::move(label)),
      total_(total),
      is_shown_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() {
  if (drawn_) WriteAll(STDERR_FILENO, kEraseLine);
}

bool Progress::IsDue() {
  if (!is_shown_) return false;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_draw_) return false;
  next_draw_ = now + kDrawInterval;
  return true;
}

void Progress::Draw(uint64_t done) {
  drawn_ = true;
  WriteAll(STDERR_FILENO,
           kEraseLine + ProgressLine(label_, done, total_, BarWidth(label_)));
}

ElapsedTime::ElapsedTime(std::string label) : label_(std::move(label)) {
  if (isatty(STDERR_FILENO) == 0) return;
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
    // The operation matters, and not how long it takes.
  }
}

ElapsedTime::~ElapsedTime() {
  if (!thread_.joinable()) return;
  {
    internal::MutexLock guard(mutex_);
    is_over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void ElapsedTime::Run() {
  const auto begin = std::chrono::steady_clock::now();
  bool is_drawn = false;
  internal::UniqueMutexLock lock(mutex_);
  while (!changed_.wait_for(
      lock.native(), kDrawInterval,
      [this]() APPCACHE_REQUIRES(mutex_) { return is_over_; })) {
    is_drawn = true;
    const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(
        std::chrono::steady_clock::now() - begin);
    WriteAll(STDERR_FILENO, kEraseLine + label_ + " " +
                                std::to_string(elapsed.count()) + " s");
  }
  if (is_drawn) WriteAll(STDERR_FILENO, kEraseLine);
}

}  // namespace appcache::command
