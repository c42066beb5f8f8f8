#include "adapters/redis/watch_announcement.h"

#include <charconv>

namespace appcache::redis {
namespace {

// "3:abc," off the front of `rest`. False: it does not begin like that.
bool TakePath(std::string_view& rest, std::string_view& path) {
  size_t size = 0;
  const char* const end = rest.data() + rest.size();
  const auto [after, error] = std::from_chars(rest.data(), end, size);
  if (error != std::errc() || after == end || *after != ':') return false;
  // One way to write a number, as netstrings have it.
  const auto digits = static_cast<size_t>(after - rest.data());
  if (rest.front() == '0' && digits > 1) return false;
  rest.remove_prefix(digits + 1);
  if (rest.size() <= size || rest[size] != ',') return false;
  path = rest.substr(0, size);
  rest.remove_prefix(size + 1);
  return true;
}

}  // namespace

std::string AnnouncementChannel(uint32_t database,
                                std::string_view path_prefix) {
  std::string channel = "appcache:changed:" + std::to_string(database) + ":";
  return channel.append(path_prefix);
}

std::vector<std::string> Announcements(
    std::span<const std::string_view> paths) {
  std::vector<std::string> messages;
  size_t paths_of_last = kMaxAnnouncedPaths;
  for (const std::string_view path : paths) {
    const std::string length = std::to_string(path.size()) + ":";
    const size_t bytes = length.size() + path.size() + 1;
    if (paths_of_last == kMaxAnnouncedPaths ||
        messages.back().size() + bytes > kMaxAnnouncementBytes) {
      messages.emplace_back();
      paths_of_last = 0;
    }
    messages.back().append(length).append(path).append(",");
    ++paths_of_last;
  }
  return messages;
}

bool ParseAnnouncement(std::string_view message,
                       std::vector<std::string_view>& paths) {
  paths.clear();
  while (!message.empty()) {
    std::string_view path;
    if (!TakePath(message, path)) return false;
    paths.push_back(path);
  }
  return true;
}

}  // namespace appcache::redis
