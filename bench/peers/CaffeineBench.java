// Caffeine with the workload of peers_benchmark and peers_latency: the same
// keys, draws and cases. bench/peers/caffeine compiles and runs it.
//
// A get returns a reference to a byte[] (view): no copy and no count. The key
// is a ready String, and Java strings cache their hash, so that a get computes
// none: the caches in C++ hash the key in every get. Eviction runs in the
// calling thread (executor Runnable::run).

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

final class CaffeineBench {
  private static final int DRAWS = 1 << 20;
  private static final int VALUE_BYTES = 256;
  private static final int BURST = 16_000;
  private static final int STORED_IDS = 10_000_000;
  private static final int ABSENT_IDS = 50_000_000;
  // Read by nobody: keeps the compiler from dropping the reads.
  private static volatile long sink;

  // SplitMix64, as zipf.h.
  private static final class SplitMix {
    private long state;

    SplitMix(long seed) {
      state = seed;
    }

    long next() {
      long z = state += 0x9e3779b97f4a7c15L;
      z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
      z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
      return z ^ (z >>> 31);
    }

    double nextFraction() {
      return (next() >>> 11) * 0x1p-53;
    }
  }

  private static int[] zipfOrder(int items) {
    SplitMix random = new SplitMix(7);
    int[] itemOf = new int[items];
    Arrays.setAll(itemOf, i -> i);
    for (int i = items; i > 1; --i) {
      int j = (int) Long.remainderUnsigned(random.next(), i);
      int swapped = itemOf[i - 1];
      itemOf[i - 1] = itemOf[j];
      itemOf[j] = swapped;
    }
    double[] sums = new double[items];
    double sum = 0;
    for (int i = 0; i < items; ++i) {
      sum += Math.pow(i + 1, -0.99);
      sums[i] = sum;
    }
    int[] order = new int[DRAWS];
    for (int i = 0; i < DRAWS; ++i) {
      int at = Arrays.binarySearch(sums, random.nextFraction() * sum);
      order[i] = itemOf[Math.min(at < 0 ? -at - 1 : at + 1, items - 1)];
    }
    return order;
  }

  private static int[] evenOrder(int items) {
    SplitMix random = new SplitMix(7);
    int[] order = new int[DRAWS];
    for (int i = 0; i < DRAWS; ++i) {
      order[i] = (int) Long.remainderUnsigned(random.next(), items);
    }
    return order;
  }

  private static String[] keys(int firstId, int count) {
    String[] keys = new String[count];
    for (int i = 0; i < count; ++i) {
      keys[i] = "pyappcache/userdata/" + (firstId + i);
      keys[i].hashCode();
    }
    return keys;
  }

  private static byte[] value() {
    byte[] value = new byte[VALUE_BYTES];
    Arrays.fill(value, (byte) 'v');
    return value;
  }

  // A cache with all of the keys, and room for as many again unless it is full.
  private static final class Store {
    final String[] keys;
    final int[] order;
    final Cache<String, byte[]> cache;

    Store(int entries, boolean full) {
      keys = keys(STORED_IDS, entries);
      order = zipfOrder(entries);
      cache = Caffeine.newBuilder().maximumSize(full ? entries : 2L * entries)
          .executor(Runnable::run).build();
      for (String key : keys) {
        cache.put(key, value());
      }
      cache.cleanUp();
    }
  }

  // `count` operations of one thread of several.
  private interface Work {
    void run(int thread, int threads, int count);
  }

  // Nanoseconds per operation: of all threads together, as Google Benchmark.
  private static double time(Work work, int threads, int count)
      throws InterruptedException {
    Thread[] others = new Thread[threads];
    for (int i = 0; i < threads; ++i) {
      int thread = i;
      others[i] = new Thread(() -> work.run(thread, threads, count));
    }
    long start = System.nanoTime();
    for (Thread other : others) {
      other.start();
    }
    for (Thread other : others) {
      other.join();
    }
    return (System.nanoTime() - start) / ((double) count * threads);
  }

  private static void get(Store store, String[] keys, int thread, int threads,
      int count) {
    int next = DRAWS / threads * thread;
    long sum = 0;
    for (int i = 0; i < count; ++i) {
      byte[] found = store.cache.getIfPresent(keys[store.order[next]]);
      if (found != null) {
        sum += found[0];
      }
      next = (next + 1) & (DRAWS - 1);
    }
    sink = sum;
  }

  private static void set(Store store, int thread, int threads, int count) {
    int next = DRAWS / threads * thread;
    byte[] source = value();
    for (int i = 0; i < count; ++i) {
      store.cache.put(store.keys[store.order[next]], source.clone());
      next = (next + 1) & (DRAWS - 1);
    }
  }

  private static void report(String operation, int entries, int threads,
      double nanos) {
    System.out.printf(Locale.ROOT,
        "%s_of_%d/caffeine/memory/%d/real_time/threads:%d %.2f ns%n",
        operation, entries, VALUE_BYTES, threads, nanos);
  }

  private static void throughput(int entries, int repetitions)
      throws InterruptedException {
    Store store = new Store(entries, false);
    String[] absent = keys(ABSENT_IDS, entries);
    int count = entries > 100_000 ? 1 << 20 : 1 << 22;
    // The first repetitions compile the code.
    for (int r = -3; r < repetitions; ++r) {
      for (int threads = 1; threads <= 2; ++threads) {
        double view = time((t, n, c) -> get(store, store.keys, t, n, c),
            threads, count);
        double miss = time((t, n, c) -> get(store, absent, t, n, c), threads,
            count);
        double set = time((t, n, c) -> set(store, t, n, c), threads, count / 4);
        if (r >= 0) {
          report("get_view", entries, threads, view);
          report("get_miss", entries, threads, miss);
          report("set_over", entries, threads, set);
        }
      }
    }
  }

  private static void evictions(int entries, int repetitions)
      throws InterruptedException {
    Store store = new Store(entries, true);
    String[] fresh = keys(ABSENT_IDS, 2 * entries);
    byte[] source = value();
    int bursts = fresh.length / BURST;
    int[] taken = {0};
    for (int r = -30; r < repetitions; ++r) {
      int first = taken[0]++ % bursts * BURST;
      double nanos = time((t, n, c) -> {
        for (int i = 0; i < c; ++i) {
          store.cache.put(fresh[first + i], source.clone());
        }
      }, 1, BURST);
      if (r >= 0) {
        report("set_evict", entries, 1, nanos);
      }
    }
  }

  // By System.nanoTime, whose own cost is subtracted.
  private static long[] latencies(Store store, int[] order, int count) {
    long[] times = new long[count];
    long sum = 0;
    for (int i = 0; i < count; ++i) {
      String key = store.keys[order[i & (DRAWS - 1)]];
      long start = System.nanoTime();
      byte[] found = store.cache.getIfPresent(key);
      times[i] = System.nanoTime() - start;
      sum += found[0];
    }
    sink = sum;
    Arrays.sort(times);
    return times;
  }

  private static long overhead() {
    long[] times = new long[100_000];
    for (int i = 0; i < times.length; ++i) {
      long start = System.nanoTime();
      times[i] = System.nanoTime() - start;
    }
    Arrays.sort(times);
    return times[times.length / 2];
  }

  private static String row(List<long[]> rounds, long overhead) {
    StringBuilder row = new StringBuilder();
    for (double percent : new double[] {50, 99, 99.9}) {
      long[] of = rounds.stream()
          .mapToLong(t -> t[(int) (t.length * percent / 100)]).sorted().toArray();
      row.append(row.length() == 0 ? "" : ", ")
          .append(Math.max(0, of[of.length / 2] - overhead));
    }
    return row.toString();
  }

  private static void latency(int rounds) throws InterruptedException {
    int entries = 10_000;
    int count = 100_000;
    Store store = new Store(entries, false);
    overhead();
    long overhead = overhead();
    for (String name : new String[] {"Zipf", "uniform"}) {
      int[] order = name.equals("Zipf") ? store.order : evenOrder(entries);
      List<long[]> alone = new ArrayList<>();
      List<long[]> beside = new ArrayList<>();
      for (int r = -5; r < rounds; ++r) {
        long[] first = latencies(store, order, count);
        Thread setter = new Thread(() -> {
          byte[] source = value();
          for (int i = DRAWS / 2; !Thread.currentThread().isInterrupted(); ++i) {
            store.cache.put(store.keys[order[i & (DRAWS - 1)]], source.clone());
          }
        });
        setter.start();
        long[] second = latencies(store, order, count);
        setter.interrupt();
        setter.join();
        if (r >= 0) {
          alone.add(first);
          beside.add(second);
        }
      }
      System.out.printf("| %s | caffeine | view | %s | %s | |%n", name,
          row(alone, overhead), row(beside, overhead));
    }
  }

  public static void main(String[] args) throws InterruptedException {
    int repetitions = args.length > 1 ? Integer.parseInt(args[1]) : 15;
    if (args.length > 0 && args[0].equals("latency")) {
      latency(repetitions);
      return;
    }
    throughput(10_000, repetitions);
    throughput(1_000_000, repetitions);
    evictions(1_000_000, 4 * repetitions);
  }

  private CaffeineBench() {}
}
