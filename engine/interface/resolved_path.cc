#include "appcache/resolved_path.h"

#include <string>

namespace appcache::internal {

Status NamespaceTooDeep() {
  return Status(ErrorCode::kInvalidKey,
                "the namespaces of a key are nested deeper than " +
                    std::to_string(kMaxNamespaceDepth) +
                    ": does namespace_key() lead back to the key itself?");
}

}  // namespace appcache::internal
