// Answer: the result of a get, checked.

#ifndef APPCACHE_BENCH_FRAME_ANSWER_H_
#define APPCACHE_BENCH_FRAME_ANSWER_H_

#include <cstddef>

#include "appcache/lookup.h"

namespace appcache::bench {

enum class Answer {
  kHit,    // with a value of the expected size
  kMiss,   // without an error
  kWrong,  // anything else
};

template <class V>
Answer AnswerOf(const Lookup<V>& found, size_t value_bytes) {
  if (found) {
    return found->size() == value_bytes ? Answer::kHit : Answer::kWrong;
  }
  return found.has_error() ? Answer::kWrong : Answer::kMiss;
}

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_FRAME_ANSWER_H_
