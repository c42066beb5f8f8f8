// Reads any bytes with memcache::ReplyReader, and the flags of its replies. The
// replies must not depend on how the stream is split, and their sizes must be
// within the limits.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/memcache/meta_flags.h"
#include "adapters/memcache/reply.h"

namespace appcache::memcache {
namespace {

constexpr uint64_t kMaxValueBytes = 64;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckFlags(std::string_view text) {
  const MetaFlags flags = ParseMetaFlags(text);
  for (const auto& part : {flags.key, flags.token}) {
    Require(!part || text.find(*part) != std::string_view::npos);
    Require(!part || part->find(' ') == std::string_view::npos);
  }
}

struct Outcome {
  std::vector<std::string> replies;
  ReplyReader::Result last = ReplyReader::Result::kNeedsMore;

  bool operator==(const Outcome&) const = default;
};

Outcome ReadInPieces(std::string_view stream, size_t piece) {
  ReplyReader reader(kMaxValueBytes);
  Outcome outcome;
  for (size_t at = 0; at < stream.size(); at += piece) {
    std::string_view input = stream.substr(at, piece);
    Reply reply;
    for (;;) {
      outcome.last = reader.Next(input, reply);
      if (outcome.last != ReplyReader::Result::kReply) break;
      Require(reply.bytes.size() <= kMaxValueBytes);
      Require(reply.text.size() <= ReplyReader::kMaxLineBytes);
      CheckFlags(reply.text);
      Require(reply.type == Reply::Type::kValue ||
              reply.type == Reply::Type::kMetaValue || reply.bytes.empty());
      outcome.replies.push_back(std::to_string(static_cast<int>(reply.type)) +
                                " " + std::string(reply.text) + " " +
                                std::string(reply.bytes.view()));
    }
    if (outcome.last != ReplyReader::Result::kNeedsMore) return outcome;
    Require(input.empty());
  }
  return outcome;
}

}  // namespace
}  // namespace appcache::memcache

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using appcache::memcache::ReadInPieces;
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  const auto whole = ReadInPieces(stream, size + 1);
  appcache::memcache::Require(ReadInPieces(stream, 1) == whole);
  appcache::memcache::Require(ReadInPieces(stream, 7) == whole);
  return 0;
}
