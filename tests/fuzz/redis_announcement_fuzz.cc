// Parses any bytes as an announcement. Only what the writer would write may be
// accepted.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/redis/watch_announcement.h"

namespace appcache::redis {
namespace {

using Paths = std::vector<std::string_view>;

void Require(bool holds) {
  if (!holds) std::abort();
}

// All messages for `paths`, joined. The writer decides how to split them.
std::string Written(const Paths& paths) {
  std::string all;
  for (const std::string& message : Announcements(paths)) {
    Paths some;
    Require(ParseAnnouncement(message, some));
    Require(some.size() <= kMaxAnnouncedPaths);
    Require(message.size() <= kMaxAnnouncementBytes || some.size() == 1);
    all += message;
  }
  return all;
}

}  // namespace
}  // namespace appcache::redis

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using appcache::redis::Written;
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  appcache::redis::Paths paths;
  if (appcache::redis::ParseAnnouncement(message, paths)) {
    appcache::redis::Require(Written(paths) == message);
  }
  // Any bytes are a valid path.
  const std::string own = Written({message});
  appcache::redis::Require(appcache::redis::ParseAnnouncement(own, paths));
  appcache::redis::Require(paths == appcache::redis::Paths{message});
  return 0;
}
