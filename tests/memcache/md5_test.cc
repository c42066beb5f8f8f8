// Md5: the digests of RFC 1321 and of messages around the end of a block.

#include "adapters/memcache/md5.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/memcache/md5_text.h"

namespace appcache::memcache::md5_test {
namespace {

TEST(Md5Test, DigestsOfTheRfc) {
  const std::pair<std::string, std::string> kDigests[] = {
      {"", "d41d8cd98f00b204e9800998ecf8427e"},
      {"a", "0cc175b9c0f1b6a831c399e269772661"},
      {"abc", "900150983cd24fb0d6963f7d28e17f72"},
      {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
      {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
      {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
       "d174ab98d277d9f5a5611c2c9f419d9f"},
      {"1234567890123456789012345678901234567890123456789012345678901234567890"
       "1234567890",
       "57edf4a22be3c955ac49da2e2107b67a"},
  };
  for (const auto& [message, digest] : kDigests) {
    EXPECT_EQ(Md5Text(message), digest) << message;
  }
}

TEST(Md5Test, LengthIsInTheLastBlock) {
  const std::pair<std::string, std::string> kDigests[] = {
      {std::string(55, 'a'), "ef1772b6dff9a122358552954ad0df65"},
      {std::string(56, 'a'), "3b0c8ac703f828b04c6c197006d17218"},
      {std::string(63, 'a'), "b06521f39153d618550606be297466d5"},
      {std::string(64, 'a'), "014842d480b571495a4a0363793f7367"},
      {std::string(65, 'a'), "c743a45e0d2e6a95cb859adae0248435"},
      {std::string(119, 'a'), "8a7bd0732ed6a28ce75f6dabc90e1613"},
      {std::string(120, 'a'), "5f61c0ccad4cac44c75ff505e1f1e537"},
      {std::string(128, 'a'), "e510683b3f5ffe4093d021808bc6ff70"},
      {std::string(250, 'a'), "1bdbdf1c9087c796394bcda5789f7206"},
  };
  for (const auto& [message, digest] : kDigests) {
    EXPECT_EQ(Md5Text(message), digest) << message.size();
  }
}

}  // namespace
}  // namespace appcache::memcache::md5_test
