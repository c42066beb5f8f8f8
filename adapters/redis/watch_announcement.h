// What a program that writes to a cache on a Redis server says to those who
// watch it, where the server does not tell them (README.md): messages of
// PUBLISH. So that any language can take part, they are plain: each path as
// "<its length in decimal>:<path>,", one after the other (netstrings), and an
// empty message for all of them.

#ifndef APPCACHE_ADAPTERS_REDIS_WATCH_ANNOUNCEMENT_H_
#define APPCACHE_ADAPTERS_REDIS_WATCH_ANNOUNCEMENT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace appcache::redis {

// In one message are at most so many paths, and at most so many bytes, unless
// one path alone has more.
inline constexpr size_t kMaxAnnouncedPaths = 512;
inline constexpr size_t kMaxAnnouncementBytes = size_t{64} << 10;

// "appcache:changed:0:pyappcache/": channels have no database of their own.
std::string AnnouncementChannel(uint32_t database,
                                std::string_view path_prefix);

// The messages that announce the paths: none if there are none.
std::vector<std::string> Announcements(std::span<const std::string_view> paths);

inline constexpr std::string_view kAllAnnounced;

// The paths in a message, as views of it. False: it is no announcement, and
// what `paths` holds means nothing.
bool ParseAnnouncement(std::string_view message,
                       std::vector<std::string_view>& paths);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_WATCH_ANNOUNCEMENT_H_
