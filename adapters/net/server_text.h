// Text of a server that is shown to a person.

#ifndef APPCACHE_ADAPTERS_NET_SERVER_TEXT_H_
#define APPCACHE_ADAPTERS_NET_SERVER_TEXT_H_

#include <string>
#include <string_view>

namespace appcache::net {

// The version at the start of `text`: letters, digits and ".-_+", at most 40 of
// them. The rest, which could control a terminal, is dropped.
std::string VersionAtStartOf(std::string_view text);

}  // namespace appcache::net

#endif  // APPCACHE_ADAPTERS_NET_SERVER_TEXT_H_
