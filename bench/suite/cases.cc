#include "bench/suite/cases.h"

#include <algorithm>
#include <iterator>

#include "bench/frame/program.h"
#include "bench/suite/operations.h"

namespace appcache::bench {
namespace {

constexpr size_t kEntries[] = {1'000, 10'000, 1'000'000};
constexpr size_t kValueBytes[] = {16, 256, 4096, 65536};
constexpr int kThreads[] = {1, 2, 4, 8};

// Larger stores are left out: 1,000,000 entries of 4 KB, for example.
constexpr size_t kMaxValueBytes = size_t{1} << 30;

// Adds the operation for each distribution and number of threads.
void AddOperation(const Operation& operation, const StoreSpec& store,
                  const std::string& place, std::vector<Case>& cases) {
  for (const Distribution keys : kDistributions) {
    if (!operation.draws && keys != Distribution::kUniform) continue;
    for (const int threads : kThreads) {
      cases.push_back({{.operation = operation.name,
                        .store = store,
                        .place = place,
                        .keys = keys,
                        .threads = threads},
                       operation.run});
    }
  }
}

void AddSideCases(const SideType& type, size_t entries, size_t value_bytes,
                  std::vector<Case>& cases) {
  for (const bool is_full : {false, true}) {
    for (const Operation& operation : Operations()) {
      const bool has = (type.forms & operation.forms) == operation.forms;
      if (!has || operation.fills != is_full) continue;
      AddOperation(operation,
                   {.side = type.name,
                    .value_bytes = value_bytes,
                    .entries = entries,
                    .is_full = is_full},
                   type.place, cases);
    }
  }
}

}  // namespace

std::string CaseSpec::Name() const {
  return operation + "/" + store.side + "/" + place + "/" +
         std::to_string(store.value_bytes) +
         "/entries:" + std::to_string(store.entries) +
         "/keys:" + std::string(NameOf(keys)) +
         "/threads:" + std::to_string(threads);
}

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const size_t entries : kEntries) {
    AddOperation(LoopOperation(),
                 {.side = "none", .value_bytes = 0, .entries = entries},
                 "memory", cases);
    for (const size_t value_bytes : kValueBytes) {
      if (entries * value_bytes > kMaxValueBytes) continue;
      for (const SideType& type : Sides()) {
        AddSideCases(type, entries, value_bytes, cases);
      }
    }
  }
  return cases;
}

Case CaseOf(const CaseSpec& spec) {
  const auto operation = std::find_if(
      Operations().begin(), Operations().end(),
      [&](const Operation& other) { return spec.operation == other.name; });
  Must(operation != Operations().end(),
       "there is no operation " + spec.operation);
  return {spec, operation->run};
}

}  // namespace appcache::bench
