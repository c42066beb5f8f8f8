// How long a get of each peer takes alone, and beside a thread that sets
// without pause: percentiles, by the processor's counter.
//
// Rounds of all peers alternate, so that the load of the machine affects all
// alike. Prints the median of each percentile over the rounds.

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "bench/frame/program.h"
#include "bench/items.h"
#include "bench/peers/store.h"
#include "bench/peers/tsc.h"
#include "bench/peers/zipf.h"

namespace appcache::bench {
namespace {

constexpr size_t kEntries = 10'000;
constexpr size_t kGetsPerRound = 100'000;
constexpr std::array kPercentiles = {50.0, 99.0, 99.9};

struct Form {
  Forms form;
  const char* name;
};
constexpr Form kForms[] = {
    {kView, "view"}, {kShare, "share"}, {kCopyInto, "into"}};

struct Order {
  const char* name;
  std::vector<uint32_t> draws;
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class Latencies {
 public:
  Latencies()
      : orders_{
            {{"Zipf", ZipfOrder(kEntries)}, {"uniform", EvenOrder(kEntries)}}} {
    for (const PeerType& type : Peers()) {
      if (!type.has(kWrites)) continue;
      stores_.push_back({type, std::make_unique<PeerStore>(PeerSpec{
                                   .peer = type.name, .entries = kEntries})});
    }
  }

  void Run(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      for (const Order& order : orders_) {
        for (auto& [type, store] : stores_) {
          for (const Form& form : kForms) {
            if (type.has(form.form)) Round(order, type, *store, form);
          }
        }
      }
    }
    Print();
  }

 private:
  using Times = std::array<std::vector<double>, kPercentiles.size()>;
  struct Measured {
    Times alone, beside;
    std::vector<double> sets_per_get;
  };

  void Round(const Order& order, const PeerType& type, PeerStore& store,
             const Form& form) {
    Measured& measured = measured_[{order.name, type.name, form.name}];
    Gets(order, store, form.form, measured.alone);
    std::atomic<bool> stops{false};
    size_t sets = 0;
    std::thread setter([&] {
      Cursor cursor(order.draws, 1, 2);
      for (; !stops.load(std::memory_order_relaxed); ++sets) {
        const Item& item = store.items()[cursor.Next()];
        Must(store.peer().Set(item.path(), store.value()), "a set failed");
      }
    });
    Gets(order, store, form.form, measured.beside);
    stops = true;
    setter.join();
    Must(store.peer().Flush(), "flush failed");
    measured.sets_per_get.push_back(static_cast<double>(sets) /
                                    static_cast<double>(kGetsPerRound));
  }

  void Gets(const Order& order, PeerStore& store, Forms form, Times& times) {
    std::vector<uint64_t> ticks;
    ticks.reserve(kGetsPerRound);
    Cursor cursor(order.draws, 0, 2);
    std::string buffer;
    for (size_t i = 0; i < kGetsPerRound; ++i) {
      const std::string_view path = store.items()[cursor.Next()].path();
      size_t size = 0;
      ticks.push_back(Tsc::Ticks([&] {
        size = form == kView    ? store.peer().View(path)
               : form == kShare ? store.peer().Share(path)
                                : store.peer().CopyInto(path, buffer);
      }));
      Must(size == kPeerValueBytes, "a get missed");
    }
    std::sort(ticks.begin(), ticks.end());
    for (size_t i = 0; i < kPercentiles.size(); ++i) {
      const double at = kGetsPerRound * kPercentiles[i] / 100;
      times[i].push_back(tsc_.ToNs(ticks[static_cast<size_t>(at)]));
    }
  }

  void Print() const {
    std::printf(
        "Reading the counter takes %.0f ns, which is subtracted.\n\n"
        "| order | peer | get | alone: p50, p99, p99.9 ns |"
        " beside a setter | sets per get |\n|---|---|---|---|---|---|\n",
        tsc_.overhead_ns());
    for (const auto& [name, measured] : measured_) {
      const auto& [order, peer, form] = name;
      std::printf("| %s | %s | %s | %s | %s | %.2f |\n", order.c_str(),
                  peer.c_str(), form.c_str(), TextOf(measured.alone).c_str(),
                  TextOf(measured.beside).c_str(),
                  Median(measured.sets_per_get));
    }
  }

  static std::string TextOf(const Times& times) {
    std::string text;
    for (const std::vector<double>& percentile : times) {
      if (!text.empty()) text += ", ";
      text += std::to_string(static_cast<int64_t>(Median(percentile)));
    }
    return text;
  }

  const Tsc tsc_;
  const std::array<Order, 2> orders_;
  std::vector<std::pair<PeerType, std::unique_ptr<PeerStore>>> stores_;
  // By order, peer and form.
  std::map<std::tuple<std::string, std::string, std::string>, Measured>
      measured_;
};

int Main(int argc, char** argv) {
  int rounds = 15;
  const bool is_number =
      argc < 2 ||
      std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), rounds).ptr ==
          argv[1] + std::strlen(argv[1]);
  if (argc > 2 || !is_number || rounds < 1 || rounds > 1000) {
    std::fprintf(stderr,
                 "Usage: peers_latency [ROUNDS]\n"
                 "Times gets alone and beside a thread that sets.\n"
                 "ROUNDS: 1 to 1000, default 15; each is some seconds.\n");
    return 2;
  }
  Latencies().Run(rounds);
  return 0;
}

}  // namespace
}  // namespace appcache::bench

int main(int argc, char** argv) { return appcache::bench::Main(argc, argv); }
