// Reads any bytes with redis::ReplyReader. The replies must not depend on how
// the stream is split, and their memory must be in proportion to the bytes that
// were received, whatever sizes the stream announces.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/redis/reply.h"

namespace appcache::redis {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

using Next = ReplyReader::Result;

constexpr ReplyLimits kLimits = {.text_bytes = 1000, .elements = 100};

struct Outcome {
  std::vector<std::string> replies;
  Next last = Next::kNeedsMore;

  bool operator==(const Outcome&) const = default;
};

std::string Describe(const Reply& reply) {
  std::string all = std::to_string(static_cast<int>(reply.type)) + " " +
                    std::to_string(reply.integer) + " " +
                    std::string(reply.bytes.view()) + "[";
  for (const Reply& element : reply.elements) all += Describe(element) + ",";
  return all + "]";
}

// The number of its bytes and elements.
size_t SizeOf(const Reply& reply) {
  size_t size = 1 + reply.bytes.size();
  for (const Reply& element : reply.elements) size += SizeOf(element);
  return size;
}

Outcome ReadInPieces(std::string_view stream, size_t piece) {
  ReplyReader reader(kLimits);
  Outcome outcome;
  for (size_t at = 0; at < stream.size(); at += piece) {
    std::string_view input = stream.substr(at, piece);
    for (;;) {
      Reply reply;
      outcome.last = reader.Next(input, reply);
      Require(outcome.last != Next::kOutOfMemory);
      if (outcome.last == Next::kNeedsMore) break;
      if (outcome.last != Next::kReply) return outcome;
      Require(SizeOf(reply) <= stream.size());
      outcome.replies.push_back(Describe(reply));
    }
  }
  return outcome;
}

}  // namespace
}  // namespace appcache::redis

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using appcache::redis::ReadInPieces;
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  const auto whole = ReadInPieces(stream, size + 1);
  appcache::redis::Require(ReadInPieces(stream, 1) == whole);
  appcache::redis::Require(ReadInPieces(stream, 7) == whole);
  return 0;
}
