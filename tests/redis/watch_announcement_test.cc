// Announcements: parsing returns the paths that were announced.

#include "adapters/redis/watch_announcement.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace appcache::redis::watch_announcement_test {
namespace {

using Paths = std::vector<std::string_view>;

Paths Parsed(std::string_view message) {
  Paths paths;
  EXPECT_TRUE(ParseAnnouncement(message, paths)) << message;
  return paths;
}

TEST(AnnouncementTest, FormatIsFixed) {
  EXPECT_EQ(Announcements(Paths{"p/a", ""}),
            std::vector<std::string>{"3:p/a,0:,"});
  EXPECT_EQ(AnnouncementChannel(3, "p/"), "appcache:changed:3:p/");
  EXPECT_EQ(Parsed(kAllAnnounced), Paths{});
}

TEST(AnnouncementTest, ManyPathsAreSplitIntoMessagesOfBoundedSize) {
  EXPECT_TRUE(Announcements({}).empty());
  const std::string large(kMaxAnnouncementBytes, 'x');
  const std::string half(kMaxAnnouncementBytes / 2, 'y');
  Paths paths(2 * kMaxAnnouncedPaths + 1, "p");
  paths.insert(paths.end(), {half, half, large, "q"});
  Paths read;
  const std::vector<std::string> messages = Announcements(paths);
  for (const std::string& message : messages) {
    const Paths some = Parsed(message);
    EXPECT_LE(some.size(), kMaxAnnouncedPaths);
    EXPECT_TRUE(message.size() <= kMaxAnnouncementBytes || some.size() == 1);
    read.insert(read.end(), some.begin(), some.end());
  }
  EXPECT_EQ(read, paths);
  EXPECT_EQ(messages.size(), 6u);
}

TEST(AnnouncementTest, InvalidMessageIsRejected) {
  Paths paths;
  for (const std::string_view message :
       {"p", ":", "1:", "1:a", "1:ab", "2:a,", "01:a,", "00:,", "-1:a,",
        "+1:a,", " 1:a,", "1:a,,", "1 :a,", "99999999999999999999:a,",
        "18446744073709551615:a,"}) {
    EXPECT_FALSE(ParseAnnouncement(message, paths)) << message;
  }
}

}  // namespace
}  // namespace appcache::redis::watch_announcement_test
