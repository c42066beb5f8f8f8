// FunctionRef: a reference to a callable, to be called during one call.

#ifndef APPCACHE_FUNCTION_REF_H_
#define APPCACHE_FUNCTION_REF_H_

#include <type_traits>
#include <utility>

#include "appcache/lean_std.h"

namespace appcache {

// Two pointers; never allocates. Does not own the callable: take it as a
// parameter, do not keep it.
template <class Signature>
class FunctionRef;

template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  // Implicit, so that a lambda can be passed as it is. `callable`, which may
  // also be a function, must live until the last call.
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> &&
             std::is_invocable_r_v<R, F&, Args...>)
  // NOLINTNEXTLINE(google-explicit-constructor,bugprone-*)
  FunctionRef(F&& callable)
  noexcept
      : callable_(AddressOf(callable)),
        call_([](void* address, Args... args) -> R {
          using Callable = std::remove_reference_t<F>;
          auto& target = *reinterpret_cast<Callable*>(address);
          if constexpr (std::is_void_v<R>) {
            target(std::forward<Args>(args)...);
          } else {
            return target(std::forward<Args>(args)...);
          }
        }) {}

  R operator()(Args... args) const {
    return call_(callable_, std::forward<Args>(args)...);
  }

 private:
  template <class F>
  static void* AddressOf(F& callable) noexcept {
    if constexpr (std::is_function_v<F>) {
      return reinterpret_cast<void*>(&callable);
    } else {
      return const_cast<void*>(
          static_cast<const void*>(std::addressof(callable)));
    }
  }

  void* callable_;
  R (*call_)(void*, Args...);
};

}  // namespace appcache

#endif  // APPCACHE_FUNCTION_REF_H_
