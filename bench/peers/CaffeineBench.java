// Caffeine, with the cases of suite_benchmark that it can do. The script
// "caffeine" compiles and runs it.
//
// A get returns a reference to a byte[]: no copy and no count. The key is a
// ready String, and Java strings cache their hash, so that a get computes none:
// the caches in C++ hash the key in every get. Eviction runs in the calling
// thread (executor Runnable::run). Keys and draws are those of suite_benchmark.

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;

final class CaffeineBench {
  private static final int DRAWS = 1 << 20;
  private static final int BATCH = 100;
  private static final int STORED_IDS = 10_000_000;
  private static final int ABSENT_IDS = 50_000_000;
  private static final int[] ENTRIES = {1_000, 10_000, 1_000_000};
  private static final int[] VALUE_BYTES = {16, 256, 4096, 65536};
  private static final int[] THREADS = {1, 2, 4, 8};
  private static final String[] OPERATIONS = {"loop", "get_hit", "get_miss",
      "get_via", "get_many", "set_over", "mix_95_5", "mix_50_50", "set_new",
      "invalidate", "set_evict"};
  private static final List<String> ON_NEW_KEYS =
      List.of("set_new", "invalidate", "set_evict");
  // Read by nobody: keeps the compiler from dropping the reads.
  private static volatile long sink;

  // SplitMix64, as draws.h.
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

  private static int[] itemsByRank(int items) {
    SplitMix random = new SplitMix(7);
    int[] itemOf = new int[items];
    Arrays.setAll(itemOf, i -> i);
    for (int i = items; i > 1; --i) {
      int j = (int) Long.remainderUnsigned(random.next(), i);
      int swapped = itemOf[i - 1];
      itemOf[i - 1] = itemOf[j];
      itemOf[j] = swapped;
    }
    return itemOf;
  }

  private static int[] makeDraws(String distribution, int items) {
    int[] draws = new int[DRAWS];
    int[] itemOf = itemsByRank(items);
    if (distribution.equals("hot")) {
      Arrays.fill(draws, itemOf[0]);
      return draws;
    }
    SplitMix random = new SplitMix(8);
    if (distribution.equals("uniform")) {
      for (int i = 0; i < DRAWS; ++i) {
        draws[i] = (int) Long.remainderUnsigned(random.next(), items);
      }
      return draws;
    }
    double[] sums = new double[items];
    double sum = 0;
    for (int i = 0; i < items; ++i) {
      sum += Math.pow(i + 1, -0.99);
      sums[i] = sum;
    }
    for (int i = 0; i < DRAWS; ++i) {
      int at = Arrays.binarySearch(sums, random.nextFraction() * sum);
      draws[i] = itemOf[Math.min(at < 0 ? -at - 1 : at + 1, items - 1)];
    }
    return draws;
  }

  private static String[] makeKeys(int firstId, int count) {
    String[] keys = new String[count];
    for (int i = 0; i < count; ++i) {
      keys[i] = "pyappcache/userdata/" + (firstId + i);
      keys[i].hashCode();
    }
    return keys;
  }

  private static final class Case {
    final String operation;
    final int valueBytes;
    final int entries;
    final String keys;
    final int threads;

    Case(String operation, int valueBytes, int entries, String keys,
        int threads) {
      this.operation = operation;
      this.valueBytes = valueBytes;
      this.entries = entries;
      this.keys = keys;
      this.threads = threads;
    }

    boolean isFull() {
      return operation.equals("set_evict");
    }

    // Cases with the same one use the same store.
    String storeName() {
      return valueBytes + "/" + entries + "/" + isFull();
    }

    String name() {
      return operation + "/caffeine/memory/" + valueBytes + "/entries:" + entries
          + "/keys:" + keys + "/threads:" + threads;
    }
  }

  private static List<Case> allCases() {
    List<Case> cases = new ArrayList<>();
    for (int entries : ENTRIES) {
      for (int valueBytes : VALUE_BYTES) {
        if ((long) entries * valueBytes > 1 << 30) {
          continue;
        }
        for (String operation : OPERATIONS) {
          for (String keys : new String[] {"zipf", "uniform", "hot"}) {
            if (ON_NEW_KEYS.contains(operation) && !keys.equals("uniform")) {
              continue;
            }
            for (int threads : THREADS) {
              cases.add(new Case(operation, valueBytes, entries, keys, threads));
            }
          }
        }
      }
    }
    return cases;
  }

  // A cache with all of the keys, and room for more unless it is full.
  private static final class Store {
    final String[] keys;
    final String[] newKeys;
    final byte[] value;
    final Cache<String, byte[]> cache;
    final AtomicInteger taken = new AtomicInteger();

    Store(Case of) {
      keys = makeKeys(STORED_IDS, of.entries);
      // Caffeine keeps a key that it has seen before. It forgets by halves, each
      // time it has seen ten times its entries, so that keys that return after
      // forty times are new to it. A run does not set as many as four million.
      newKeys = makeKeys(ABSENT_IDS,
          of.isFull() ? Math.min(40 * of.entries, 4_000_000) : 2 * of.entries);
      value = new byte[of.valueBytes];
      Arrays.fill(value, (byte) 'v');
      cache = Caffeine.newBuilder()
          .maximumSize(of.isFull() ? of.entries : 4L * of.entries + 10_000)
          .executor(Runnable::run).build();
      for (String key : keys) {
        cache.put(key, value.clone());
      }
      cache.cleanUp();
    }

    // The first of the next `count` new keys, which no other thread uses; after
    // the last one, the first one follows.
    int takeNew(int count) {
      return taken.getAndIncrement() % (newKeys.length / count) * count;
    }
  }

  // The operations of one thread; returns their time in nanoseconds.
  private static long run(Case of, Store store, int[] draws, int thread,
      int count) {
    switch (of.operation) {
      case "set_new":
        return setNew(store, count);
      case "invalidate":
        return invalidate(store, count);
      case "set_evict":
        return setEvict(store, count);
      default:
        return runDrawn(of, store, draws, thread, count);
    }
  }

  private static long runDrawn(Case of, Store store, int[] draws, int thread,
      int count) {
    int next = DRAWS / of.threads * thread;
    long start = System.nanoTime();
    switch (of.operation) {
      case "loop":
        loop(store.keys, draws, next, count);
        break;
      case "get_hit":
        get(store, store.keys, draws, next, count);
        break;
      case "get_miss":
        get(store, store.newKeys, draws, next, count);
        break;
      case "get_via":
        getVia(store, draws, next, count);
        break;
      case "get_many":
        getMany(store, draws, next, count);
        break;
      case "set_over":
        mix(store, draws, next, count, 1);
        break;
      case "mix_95_5":
        mix(store, draws, next, count, 20);
        break;
      default:
        mix(store, draws, next, count, 2);
        break;
    }
    return System.nanoTime() - start;
  }

  private static void loop(String[] keys, int[] draws, int next, int count) {
    long sum = 0;
    for (int i = 0; i < count; ++i) {
      sum += keys[draws[next]].length();
      next = (next + 1) & (DRAWS - 1);
    }
    sink = sum;
  }

  private static void get(Store store, String[] keys, int[] draws, int next,
      int count) {
    long sum = 0;
    int hits = 0;
    for (int i = 0; i < count; ++i) {
      byte[] found = store.cache.getIfPresent(keys[draws[next]]);
      if (found != null) {
        sum += found[0];
        ++hits;
      }
      next = (next + 1) & (DRAWS - 1);
    }
    check(hits == (keys == store.keys ? count : 0));
    sink = sum;
  }

  private static void getVia(Store store, int[] draws, int next, int count) {
    long sum = 0;
    for (int i = 0; i < count; ++i) {
      sum += store.cache.get(store.keys[draws[next]], key -> {
        throw new IllegalStateException("a loader ran");
      })[0];
      next = (next + 1) & (DRAWS - 1);
    }
    sink = sum;
  }

  private static void getMany(Store store, int[] draws, int next, int count) {
    long sum = 0;
    for (int i = 0; i < count; ++i) {
      List<String> batch = new ArrayList<>(BATCH);
      for (int j = 0; j < BATCH; ++j) {
        batch.add(store.keys[draws[next]]);
        next = (next + 1) & (DRAWS - 1);
      }
      sum += store.cache.getAllPresent(batch).size();
    }
    // A key that is twice in a batch is once in the answer.
    check(sum > 0);
    sink = sum;
  }

  // One set among `period` operations; the others are hits.
  private static void mix(Store store, int[] draws, int next, int count,
      int period) {
    long sum = 0;
    for (int i = 1; i <= count; ++i) {
      String key = store.keys[draws[next]];
      if (i % period == 0) {
        store.cache.put(key, store.value.clone());
      } else {
        sum += store.cache.getIfPresent(key)[0];
      }
      next = (next + 1) & (DRAWS - 1);
    }
    sink = sum;
  }

  // New keys are set in rounds, and removed again.
  private static int roundOf(Store store) {
    return Math.max(100, Math.min(1000, store.keys.length / 10));
  }

  private static long setNew(Store store, int count) {
    int round = roundOf(store);
    int first = store.takeNew(round);
    long nanos = 0;
    for (int done = 0; done < count; done += round) {
      long start = System.nanoTime();
      for (int i = 0; i < round; ++i) {
        store.cache.put(store.newKeys[first + i], store.value.clone());
      }
      nanos += System.nanoTime() - start;
      for (int i = 0; i < round; ++i) {
        store.cache.invalidate(store.newKeys[first + i]);
      }
    }
    return nanos;
  }

  private static long invalidate(Store store, int count) {
    int round = roundOf(store);
    int first = store.takeNew(round);
    long nanos = 0;
    for (int done = 0; done < count; done += round) {
      for (int i = 0; i < round; ++i) {
        store.cache.put(store.newKeys[first + i], store.value.clone());
      }
      long start = System.nanoTime();
      for (int i = 0; i < round; ++i) {
        store.cache.invalidate(store.newKeys[first + i]);
      }
      nanos += System.nanoTime() - start;
    }
    return nanos;
  }

  private static long setEvict(Store store, int count) {
    int burst = Math.min(8_000, store.keys.length / 16);
    long nanos = 0;
    for (int done = 0; done < count; done += burst) {
      int first = store.takeNew(burst);
      long start = System.nanoTime();
      for (int i = 0; i < burst; ++i) {
        store.cache.put(store.newKeys[first + i], store.value.clone());
      }
      nanos += System.nanoTime() - start;
    }
    return nanos;
  }

  private static void check(boolean succeeded) {
    if (!succeeded) {
      throw new IllegalStateException("an operation had an unexpected result");
    }
  }

  // Nanoseconds per operation, of all threads together, as Google Benchmark.
  private static double time(Case of, Store store, int[] draws, int count)
      throws InterruptedException {
    long[] nanos = new long[of.threads];
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread[] threads = new Thread[of.threads];
    for (int i = 0; i < of.threads; ++i) {
      int thread = i;
      threads[i] = new Thread(
          () -> nanos[thread] = run(of, store, draws, thread, count));
      threads[i].setUncaughtExceptionHandler(
          (failed, thrown) -> failure.set(thrown));
    }
    for (Thread thread : threads) {
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    if (failure.get() != null) {
      throw new IllegalStateException(of.name() + ": " + failure.get());
    }
    return Arrays.stream(nanos).average().getAsDouble() / count / of.threads;
  }

  // As many operations of each thread as take about `seconds`, a multiple of
  // every round and burst.
  private static int countFor(Case of, Store store, int[] draws, double seconds)
      throws InterruptedException {
    int most = of.operation.equals("get_many") ? 1 << 16 : 1 << 24;
    int step = of.isFull() ? Math.min(8_000, store.keys.length / 16)
        : ON_NEW_KEYS.contains(of.operation) ? roundOf(store)
        : 100;
    int count = step;
    while (count < most
        && time(of, store, draws, count) * count * of.threads < seconds * 1e9) {
      count *= 2;
    }
    return count;
  }

  private static void measure(List<Case> cases, int repetitions, double minTime)
      throws InterruptedException {
    Map<String, Store> stores = new HashMap<>();
    Map<String, int[]> draws = new HashMap<>();
    int[] counts = new int[cases.size()];
    List<String> runs = new ArrayList<>();
    // The first repetition compiles the code and is not reported.
    for (int r = -1; r < repetitions; ++r) {
      for (int i = 0; i < cases.size(); ++i) {
        Case of = cases.get(i);
        Store store =
            stores.computeIfAbsent(of.storeName(), name -> new Store(of));
        int[] drawn = draws.computeIfAbsent(of.keys + of.entries,
            name -> makeDraws(of.keys, of.entries));
        if (r < 0) {
          counts[i] = countFor(of, store, drawn, minTime);
          continue;
        }
        double nanos = time(of, store, drawn, counts[i]);
        runs.add(String.format(Locale.ROOT,
            "{\"name\":\"%1$s\",\"run_name\":\"%1$s\","
                + "\"run_type\":\"iteration\",\"repetitions\":%2$d,"
                + "\"repetition_index\":%3$d,\"threads\":%4$d,"
                + "\"iterations\":%5$d,\"real_time\":%6$.3f,"
                + "\"cpu_time\":%6$.3f,\"time_unit\":\"ns\","
                + "\"bytes\":%7$d,\"ops\":1}",
            of.name(), repetitions, r, of.threads, counts[i] * of.threads,
            nanos, of.valueBytes));
      }
    }
    System.out.printf("{\"context\":{\"date\":\"%s\",\"num_cpus\":%d,"
        + "\"peer\":\"Caffeine on Java %s\"},%n\"benchmarks\":[%n%s%n]}%n",
        OffsetDateTime.now(), Runtime.getRuntime().availableProcessors(),
        System.getProperty("java.version"), String.join(",\n", runs));
  }

  private static String take(String[] args, String flag, String otherwise) {
    String value = otherwise;
    for (String arg : args) {
      if (arg.startsWith(flag + "=")) {
        value = arg.substring(flag.length() + 1);
      }
    }
    return value;
  }

  public static void main(String[] args) throws InterruptedException {
    String filter = take(args, "--benchmark_filter", ".");
    boolean negated = filter.startsWith("-");
    Pattern pattern = Pattern.compile(negated ? filter.substring(1) : filter);
    List<Case> cases = allCases();
    cases.removeIf(of -> pattern.matcher(of.name()).find() == negated);
    if (take(args, "--benchmark_list_tests", "false").equals("true")) {
      cases.forEach(of -> System.out.println(of.name()));
      return;
    }
    measure(cases,
        Integer.parseInt(take(args, "--benchmark_repetitions", "1")),
        Double.parseDouble(take(args, "--benchmark_min_time", "0.05")));
  }

  private CaffeineBench() {}
}
