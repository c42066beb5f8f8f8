// LoadCall: one call of GetVia or GetManyVia, without its types. Connects the
// templates of cache.h to the code that runs loads, which has none. Not for
// users.

#ifndef APPCACHE_LOAD_CALL_H_
#define APPCACHE_LOAD_CALL_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "appcache/bytes.h"
#include "appcache/key.h"
#include "appcache/lean_std.h"
#include "appcache/loaded.h"
#include "appcache/times.h"

namespace appcache::internal {

// What a call returns for a key.
enum class LoadAnswer : uint8_t {
  kParsed,  // the value that Parse kept
  kLoaded,  // the value that the loader returned
  kNone,    // there is no value
};

// Keys are numbered from 0. Not thread-safe.
class LoadCall {
 public:
  // What the loader said about a key, besides the value.
  struct Outcome {
    bool is_found = true;
    bool is_stored = true;
    std::optional<Ttl> ttl = std::nullopt;
  };

  virtual ~LoadCall() = default;

  // Whether the loader may find that there is no value.
  virtual bool may_find_none() const noexcept = 0;

  // Parses `bytes` and keeps the value for key `i`. False when they are not a
  // value; then what was kept before is unchanged.
  virtual bool Parse(size_t i, const Bytes& bytes) = 0;

  // Calls the loader for these keys and keeps what it returns. Throws what the
  // loader throws.
  virtual void Load(std::span<const size_t> keys) = 0;

  // REQUIRES, of the next three: Load returned for key `i`. The first two also
  // require outcome(i).is_found.
  virtual Bytes Serialise(size_t i) const = 0;
  virtual bool WantsCompression(size_t i, std::string_view bytes) const = 0;
  virtual Outcome outcome(size_t i) const noexcept = 0;

  // Moves the loader into a call that owns all that it uses, to be loaded by
  // another thread. Null when the loader or the key does not allow that; then
  // nothing has changed. Throws std::bad_alloc.
  virtual std::unique_ptr<LoadCall> Detach() { return nullptr; }

  // Takes over what `detached`, which Detach of this object returned, has
  // parsed or loaded.
  virtual void TakeOver(LoadCall& detached) noexcept { (void)detached; }
};

// The value of one key, and how it is parsed and serialised.
template <CacheKey K>
class LoadOfKey : public LoadCall {
 public:
  using V = typename K::value_type;
  using S = typename SerialiserOf<K>::type;

  // `key` must outlive this object.
  explicit LoadOfKey(const K& key) noexcept : key_(&key) {}

  bool Parse(size_t, const Bytes& bytes) override {
    std::optional<V> value = S::Deserialise(bytes);
    if (!value) return false;
    parsed_.emplace(*std::move(value));
    return true;
  }
  Bytes Serialise(size_t) const override {
    const auto serialised = S::Serialise(*loaded_->value());
    return Bytes::Copy(serialised);
  }
  bool WantsCompression(size_t, std::string_view bytes) const override {
    if constexpr (MayCompress<K>) {
      return key_->should_compress(*loaded_->value(), bytes);
    }
    return false;
  }
  Outcome outcome(size_t) const noexcept override {
    return {loaded_->is_found(), loaded_->is_stored(), loaded_->ttl()};
  }
  void TakeOver(LoadCall& detached) noexcept override {
    auto& from = static_cast<LoadOfKey&>(detached);
    parsed_.reset();
    loaded_.reset();
    if (from.parsed_) parsed_.emplace(*std::move(from.parsed_));
    if (from.loaded_) loaded_.emplace(*std::move(from.loaded_));
  }

  // The result of GetVia: a V or a std::optional<V>.
  template <class Result>
  Result TakeResult(LoadAnswer answer) {
    if (answer == LoadAnswer::kParsed) return Result(*std::move(parsed_));
    if constexpr (std::is_same_v<Result, V>) {
      return *std::move(loaded_->value());
    } else {
      if (answer == LoadAnswer::kNone) return std::nullopt;
      return std::move(loaded_->value());
    }
  }

 protected:
  const K& key() const noexcept { return *key_; }

  template <class Loader>
  void LoadWith(Loader&& loader) {
    if constexpr (kMayFindNone<Loader>) {
      static_assert(
          std::is_same_v<std::remove_cvref_t<std::invoke_result_t<Loader>>,
                         Loaded<V>>,
          "the loader has to return Loaded of the key's own value_type");
      loaded_.emplace(std::forward<Loader>(loader)());
    } else {
      loaded_.emplace(V(std::forward<Loader>(loader)()));
    }
  }

 private:
  const K* key_;
  std::optional<V> parsed_;
  std::optional<Loaded<V>> loaded_;
};

// A detached load: owns its key and its loader. `Loader` is a reference type
// when the caller's is an lvalue.
template <CacheKey K, class Loader>
class DetachedLoad final : public LoadOfKey<K> {
 public:
  // Moves `loader` only when nothing has thrown before.
  DetachedLoad(const K& key, Loader&& loader)
      : LoadOfKey<K>(own_key_),
        own_key_(key),
        loader_(std::forward<Loader>(loader)) {}

  bool may_find_none() const noexcept override { return kMayFindNone<Loader>; }
  void Load(std::span<const size_t>) override {
    if constexpr (std::is_lvalue_reference_v<Loader>) {
      this->LoadWith(loader_);
    } else {
      this->LoadWith(std::move(loader_));
    }
  }

 private:
  const K own_key_;
  std::decay_t<Loader> loader_;
};

// A call of GetVia.
template <CacheKey K, class Loader>
class SingleLoad final : public LoadOfKey<K> {
 public:
  // Both must outlive this object.
  SingleLoad(const K& key, Loader&& loader) noexcept
      : LoadOfKey<K>(key), loader_(std::forward<Loader>(loader)) {}

  bool may_find_none() const noexcept override { return kMayFindNone<Loader>; }
  void Load(std::span<const size_t>) override {
    this->LoadWith(std::forward<Loader>(loader_));
  }
  std::unique_ptr<LoadCall> Detach() override {
    if constexpr (std::copy_constructible<K> &&
                  std::constructible_from<std::decay_t<Loader>, Loader>) {
      return std::make_unique<DetachedLoad<K, Loader>>(
          this->key(), std::forward<Loader>(loader_));
    } else {
      return nullptr;
    }
  }

 private:
  Loader&& loader_;
};

// A call of GetManyVia.
template <CacheKey K, class Loader>
class BatchLoad final : public LoadCall {
 public:
  using V = typename K::value_type;
  using S = typename SerialiserOf<K>::type;
  using Result = LoadManyResult<K, Loader>;

  // Both must outlive this object.
  BatchLoad(std::span<const K> keys, Loader& loader)
      : keys_(keys),
        loader_(loader),
        parsed_(keys.size()),
        loaded_(keys.size()) {}

  bool may_find_none() const noexcept override { return kMayFindNone; }

  bool Parse(size_t i, const Bytes& bytes) override {
    std::optional<V> value = S::Deserialise(bytes);
    if (!value) return false;
    parsed_[i].emplace(*std::move(value));
    return true;
  }

  void Load(std::span<const size_t> indices) override {
    std::vector<K> keys;
    keys.reserve(indices.size());
    for (const size_t i : indices) keys.push_back(keys_[i]);
    auto made = loader_(std::span<const K>(keys));
    if (made.size() != keys.size()) {
      throw std::length_error("the loader of GetManyVia returned " +
                              std::to_string(made.size()) + " values for " +
                              std::to_string(keys.size()) + " keys");
    }
    for (size_t n = 0; n < indices.size(); ++n) {
      if constexpr (kMayFindNone) {
        loaded_[indices[n]].emplace(std::move(made[n]));
      } else {
        loaded_[indices[n]].emplace(V(std::move(made[n])));
      }
    }
  }

  Bytes Serialise(size_t i) const override {
    const auto serialised = S::Serialise(*loaded_[i]->value());
    return Bytes::Copy(serialised);
  }
  bool WantsCompression(size_t i, std::string_view bytes) const override {
    if constexpr (MayCompress<K>) {
      return keys_[i].should_compress(*loaded_[i]->value(), bytes);
    }
    return false;
  }
  Outcome outcome(size_t i) const noexcept override {
    return {loaded_[i]->is_found(), loaded_[i]->is_stored(), loaded_[i]->ttl()};
  }

  // Result i of GetManyVia.
  Result TakeResult(size_t i, LoadAnswer answer) {
    if (answer == LoadAnswer::kParsed) return Result(*std::move(parsed_[i]));
    if constexpr (kMayFindNone) {
      if (answer == LoadAnswer::kNone) return std::nullopt;
      return std::move(loaded_[i]->value());
    } else {
      return *std::move(loaded_[i]->value());
    }
  }

 private:
  static constexpr bool kMayFindNone = kIsLoaded<LoadedOne<K, Loader>>;

  const std::span<const K> keys_;
  Loader& loader_;
  std::vector<std::optional<V>> parsed_;
  std::vector<std::optional<Loaded<V>>> loaded_;
};

}  // namespace appcache::internal

#endif  // APPCACHE_LOAD_CALL_H_
