#include "appcache/open.h"

#include <exception>
#include <utility>

#include "engine/uri/scheme_registry.h"
#include "engine/uri/uri.h"

namespace appcache {

Result<std::unique_ptr<Cache>> Open(std::string_view uri,
                                    CacheOptions defaults) {
  try {
    const Result<internal::Uri> parsed = internal::ParseUri(uri);
    if (!parsed.ok()) return parsed.status();
    return internal::OpenUri(*parsed, std::move(defaults));
  } catch (const std::exception&) {
    return Status::OutOfMemory();  // the only exception that is thrown
  }
}

}  // namespace appcache
