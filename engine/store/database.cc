#include "engine/store/database.h"

#include "engine/store/schema.h"

namespace appcache::store {

Status Database::Adopt(Connection writer) {
  const Result<int64_t> seed = ReadHashSeed(writer);
  if (!seed.ok()) return seed.status();
  hash_seed_ = *seed;
  name_ = writer.name();
  writer_ = std::move(writer);
  return Status();
}

Status Database::CheckInPlace() const {
  if (IsInPlace()) return Status();
  return Status(ErrorCode::kUnavailable,
                name_ +
                    " was removed, renamed or replaced since this cache opened "
                    "it");
}

}  // namespace appcache::store
