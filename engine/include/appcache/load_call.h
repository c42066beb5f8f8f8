// LoadCall: one call of GetVia or GetManyVia, without its types. Connects the
// templates of cache.h to the code that runs loads, which has none. Not for
// users.

#ifndef APPCACHE_LOAD_CALL_H_
#define APPCACHE_LOAD_CALL_H_

#include <cassert>
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
#include "appcache/export.h"
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
class APPCACHE_EXPORT LoadCall {
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
  virtual bool Parse(size_t i, Bytes&& bytes) = 0;

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
  // parsed or loaded. Throws what moving the value throws.
  virtual void TakeOver(LoadCall& detached) { (void)detached; }
};

// What a call keeps for one key: the value that was parsed, and what the loader
// returned.
template <CacheKey K>
class LoadSlot {
 public:
  using V = typename K::value_type;
  using S = typename SerialiserOf<K>::type;

  // See LoadCall.
  bool Parse(Bytes&& bytes) {
    std::optional<V> value = S::Deserialise(std::move(bytes));
    if (!value) return false;
    parsed_.emplace(*std::move(value));
    return true;
  }
  Bytes Serialise() const {
    assert(loaded_ && loaded_->is_found());
    const auto serialised = S::Serialise(*loaded_->value());
    return Bytes::Copy(serialised);
  }
  bool WantsCompression(const K& key, std::string_view bytes) const {
    assert(loaded_ && loaded_->is_found());
    if constexpr (MayCompress<K>) {
      return key.should_compress(*loaded_->value(), bytes);
    }
    return false;
  }
  LoadCall::Outcome outcome() const noexcept {
    assert(loaded_.has_value());
    return {loaded_->is_found(), loaded_->is_stored(), loaded_->ttl()};
  }

  // Keeps what the loader returned: a V, a type that converts to V, or a
  // Loaded<V>.
  template <class Made>
  void SetLoaded(Made&& made) {
    if constexpr (kIsLoaded<std::remove_cvref_t<Made>>) {
      static_assert(std::is_same_v<std::remove_cvref_t<Made>, Loaded<V>>,
                    "the loader has to return Loaded of the key's own "
                    "value_type");
      loaded_.emplace(std::forward<Made>(made));
    } else {
      loaded_.emplace(V(std::forward<Made>(made)));
    }
  }

  // V need not be assignable.
  void TakeOver(LoadSlot& from) {
    parsed_.reset();
    loaded_.reset();
    if (from.parsed_) parsed_.emplace(*std::move(from.parsed_));
    if (from.loaded_) loaded_.emplace(*std::move(from.loaded_));
  }

  // What the caller gets: a V or a std::optional<V>.
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

 private:
  std::optional<V> parsed_;
  std::optional<Loaded<V>> loaded_;
};

// A call for one key, which is key 0.
template <CacheKey K>
class LoadOfKey : public LoadCall {
 public:
  // `key` must outlive this object.
  explicit LoadOfKey(const K& key) noexcept : key_(&key) {}

  bool Parse(size_t, Bytes&& bytes) override {
    return slot_.Parse(std::move(bytes));
  }
  Bytes Serialise(size_t) const override { return slot_.Serialise(); }
  bool WantsCompression(size_t, std::string_view bytes) const override {
    return slot_.WantsCompression(*key_, bytes);
  }
  Outcome outcome(size_t) const noexcept override { return slot_.outcome(); }
  void TakeOver(LoadCall& detached) override {
    slot_.TakeOver(static_cast<LoadOfKey&>(detached).slot_);
  }

  // The result of GetVia.
  template <class Result>
  Result TakeResult(LoadAnswer answer) {
    return slot_.template TakeResult<Result>(answer);
  }

 protected:
  const K& key() const noexcept { return *key_; }

  template <class Loader>
  void LoadWith(Loader&& loader) {
    slot_.SetLoaded(std::forward<Loader>(loader)());
  }

 private:
  const K* key_;
  LoadSlot<K> slot_;
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
  using Result = LoadManyResult<K, Loader>;

  // Both must outlive this object.
  BatchLoad(std::span<const K> keys, Loader& loader)
      : keys_(keys), loader_(loader), slots_(keys.size()) {}

  bool may_find_none() const noexcept override {
    return kIsLoaded<LoadedOne<K, Loader>>;
  }
  bool Parse(size_t i, Bytes&& bytes) override {
    return slots_[i].Parse(std::move(bytes));
  }
  Bytes Serialise(size_t i) const override { return slots_[i].Serialise(); }
  bool WantsCompression(size_t i, std::string_view bytes) const override {
    return slots_[i].WantsCompression(keys_[i], bytes);
  }
  Outcome outcome(size_t i) const noexcept override {
    return slots_[i].outcome();
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
      slots_[indices[n]].SetLoaded(std::move(made[n]));
    }
  }

  // Result i of GetManyVia.
  Result TakeResult(size_t i, LoadAnswer answer) {
    return slots_[i].template TakeResult<Result>(answer);
  }

 private:
  const std::span<const K> keys_;
  Loader& loader_;
  std::vector<LoadSlot<K>> slots_;
};

}  // namespace appcache::internal

#endif  // APPCACHE_LOAD_CALL_H_
