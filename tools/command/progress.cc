#include "tools/command/progress.h"

#include <unistd.h>

#include <algorithm>

#include "tools/command/fd.h"

namespace appcache::command {
namespace {

constexpr std::chrono::milliseconds kDrawInterval{100};
constexpr size_t kBarWidth = 40;
constexpr const char* kEraseLine = "\r\x1b[K";

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

void Progress::Update(uint64_t done) {
  if (!is_shown_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_draw_) return;
  next_draw_ = now + kDrawInterval;
  drawn_ = true;
  WriteAll(STDERR_FILENO,
           kEraseLine + ProgressLine(label_, done, total_, kBarWidth));
}

}  // namespace appcache::command
