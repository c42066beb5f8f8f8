// Announcements: the messages by which programs notify each other of changes
// where the server does not do it (README.md).
//
// They are sent by PUBLISH, in a format that any language can produce: each
// path as a netstring, "<length in decimal>:<path>,", one after the other. An
// empty message announces that every entry may have changed.

#ifndef APPCACHE_ADAPTERS_REDIS_WATCH_ANNOUNCEMENT_H_
#define APPCACHE_ADAPTERS_REDIS_WATCH_ANNOUNCEMENT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace appcache::redis {

// The limits of one message. A single path may exceed the limit in bytes.
inline constexpr size_t kMaxAnnouncedPaths = 512;
inline constexpr size_t kMaxAnnouncementBytes = size_t{64} << 10;

// "appcache:changed:0:pyappcache/". It contains the database, because Redis's
// channels do not belong to one.
std::string AnnouncementChannel(uint32_t database,
                                std::string_view path_prefix);

// The messages that announce `paths`; none if there are no paths.
std::vector<std::string> Announcements(std::span<const std::string_view> paths);

inline constexpr std::string_view kAllAnnounced;

// Sets `paths` to the paths in `message`, as views of it. False: `message` is
// not an announcement, and `paths` is unspecified.
bool ParseAnnouncement(std::string_view message,
                       std::vector<std::string_view>& paths);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_WATCH_ANNOUNCEMENT_H_
