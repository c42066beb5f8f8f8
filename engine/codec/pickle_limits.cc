#include "engine/codec/pickle_limits.h"

#include <cstdint>

namespace appcache::internal {
namespace {

using Kind = PickleNode::Kind;

bool IsContainer(const PickleNode& node) noexcept {
  return node.kind == Kind::kList || node.kind == Kind::kTuple ||
         node.kind == Kind::kDict;
}

class Copied {
 public:
  explicit Copied(size_t pickle_bytes)
      : bytes_left_(pickle_bytes + kMaxSharedPickleBytes) {}

  // Counts the value and those in it. False if they are too many.
  bool Add(const PickleNode& node, int depth) noexcept;

 private:
  uint64_t values_left_ = kMaxPickleValues;
  uint64_t bytes_left_;
};

bool Copied::Add(const PickleNode& node, int depth) noexcept {
  if (values_left_ == 0 || node.text.size() > bytes_left_) return false;
  --values_left_;
  bytes_left_ -= node.text.size();
  if (node.kind == Kind::kEncode || node.kind == Kind::kMakeBytes) return false;
  if (!IsContainer(node)) return true;
  // A value that contains itself ends here too.
  if (depth == kMaxPickleDepth) return false;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const PickleNode& item = *node.items[i];
    const bool is_key = node.kind == Kind::kDict && i % 2 == 0;
    if (is_key && (item.kind == Kind::kList || item.kind == Kind::kDict)) {
      return false;  // Python has no such keys
    }
    if (!Add(item, depth + 1)) return false;
  }
  return true;
}

}  // namespace

bool KeepsPickleLimits(const PickleNode& root, size_t pickle_bytes) noexcept {
  return Copied(pickle_bytes).Add(root, 0);
}

}  // namespace appcache::internal
