// Checks the pages of a data.mdb before LMDB maps it.
//
// LMDB trusts what it reads: a page number or an offset that is wrong makes it
// read or write outside of the map, which ends the process. This finds such
// numbers in the meta pages, in the list of free pages, and in the upper levels
// of the trees.

#ifndef APPCACHE_ADAPTERS_LMDB_PAGE_CHECK_H_
#define APPCACHE_ADAPTERS_LMDB_PAGE_CHECK_H_

#include <string>

namespace appcache::lmdb {

// The most pages that are read, those of large values and of lists of free
// pages included: all of a cache up to 16 MiB. In a larger one, the levels near
// the roots come first. That takes some 10 ms when the pages are in memory;
// otherwise each may be a read from the disk.
inline constexpr size_t kMaxCheckedPages = 4096;

// 0 when no damage was found, also when there is no file or it is empty;
// MDB_CORRUPTED; or errno when the file cannot be read. REQUIRES: the writer
// lock is held, so that nobody changes the file.
int CheckPages(const std::string& path);

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_PAGE_CHECK_H_
