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
  // Implicit, so that a lambda can be passed as it is. `callable` must live
  // until the last call.
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> &&
             std::is_invocable_r_v<R, F&, Args...>)
  // NOLINTNEXTLINE(google-explicit-constructor,bugprone-*)
  FunctionRef(F&& callable)
  noexcept
      : callable_(const_cast<void*>(
            static_cast<const void*>(std::addressof(callable)))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(
              std::forward<Args>(args)...);
        }) {}

  R operator()(Args... args) const {
    return call_(callable_, std::forward<Args>(args)...);
  }

 private:
  void* callable_;
  R (*call_)(void*, Args...);
};

}  // namespace appcache

#endif  // APPCACHE_FUNCTION_REF_H_
