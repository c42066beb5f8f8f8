// Groups: a user with two groups, to test files that other users share.

#ifndef APPCACHE_TESTS_SUPPORT_GROUPS_H_
#define APPCACHE_TESTS_SUPPORT_GROUPS_H_

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

namespace appcache {

inline std::string GroupAndMode(gid_t group, unsigned mode) {
  char text[64];
  std::snprintf(text, sizeof(text), "%u %o", group, mode);
  return text;
}

// Of a file, or that there is none.
inline std::string GroupAndModeOf(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return "no " + path;
  return GroupAndMode(info.st_gid, info.st_mode & 07777U);
}

// Groups for the tests: those of a user that this process becomes, if it is
// root; otherwise its own, and another one that it is a member of, if it is.
struct Groups {
  static constexpr uid_t kUser = 12345;
  static constexpr gid_t kPrimary = 23456;
  static constexpr gid_t kShared = 54321;

  bool is_root = false;
  gid_t primary = getegid();
  gid_t shared = getegid();

  // `directory` becomes that of the user, or stays that of this one.
  static Groups Of(const std::string& directory) {
    Groups groups;
    // In a user namespace, root may have no other user.
    groups.is_root =
        geteuid() == 0 && chown(directory.c_str(), kUser, kPrimary) == 0;
    if (groups.is_root) {
      groups.primary = kPrimary;
      groups.shared = kShared;
      return groups;
    }
    std::vector<gid_t> own(static_cast<size_t>(getgroups(0, nullptr)));
    if (getgroups(static_cast<int>(own.size()), own.data()) < 0) return groups;
    for (const gid_t group : own) {
      if (group != groups.primary &&
          chown(directory.c_str(), static_cast<uid_t>(-1), group) == 0 &&
          chown(directory.c_str(), static_cast<uid_t>(-1), groups.primary) ==
              0) {
        groups.shared = group;
      }
    }
    return groups;
  }

  // Becomes the user, in its primary group, and with `is_member` also in the
  // shared one. For a child process.
  bool Become(bool is_member) const {
    if (!is_root) return true;
    const gid_t others[] = {shared};
    return setgroups(is_member ? 1 : 0, others) == 0 && setgid(primary) == 0 &&
           setuid(kUser) == 0;
  }
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_GROUPS_H_
