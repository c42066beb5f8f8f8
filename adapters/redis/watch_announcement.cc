#include "adapters/redis/watch_announcement.h"

#include <charconv>

namespace appcache::redis {
namespace {

// Removes a netstring, "3:abc,", from the front of `rest` and sets `path` to
// its content. False: `rest` does not start with one.
bool TakePath(std::string_view& rest, std::string_view& path) {
  size_t size = 0;
  const char* const end = rest.data() + rest.size();
  const auto [after, error] = std::from_chars(rest.data(), end, size);
  if (error != std::errc() || after == end || *after != ':') return false;
  // A netstring has no leading zeros.
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
  size_t paths_in_last = kMaxAnnouncedPaths;
  for (const std::string_view path : paths) {
    const std::string length = std::to_string(path.size()) + ":";
    const size_t bytes = length.size() + path.size() + 1;
    if (paths_in_last == kMaxAnnouncedPaths ||
        messages.back().size() + bytes > kMaxAnnouncementBytes) {
      messages.emplace_back();
      paths_in_last = 0;
    }
    messages.back().append(length).append(path).append(",");
    ++paths_in_last;
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
