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

}  // namespace appcache::store
