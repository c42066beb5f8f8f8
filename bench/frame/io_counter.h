// Counts the bytes that operations write to files, and their round trips to a
// server.

#ifndef APPCACHE_BENCH_FRAME_IO_COUNTER_H_
#define APPCACHE_BENCH_FRAME_IO_COUNTER_H_

namespace appcache::bench {

// Adds the counters "bytes_written" and "round_trips" (counting.h), of the
// system calls of the counting thread. Bytes are those of write, writev,
// pwrite and pwritev on anything but a socket; what a memory map writes is not
// counted. A round trip is a receive that follows a send, or several, on
// sockets. A program that links this library calls the system through it.
void AddIoCounters();

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_FRAME_IO_COUNTER_H_
