// PlainLmdb: the database of a closed cache, accessed with LMDB alone.

#ifndef APPCACHE_TESTS_LMDB_PLAIN_LMDB_H_
#define APPCACHE_TESTS_LMDB_PLAIN_LMDB_H_

#include <gtest/gtest.h>
#include <lmdb.h>

#include <string>
#include <string_view>

namespace appcache {

// One write transaction, which the destructor commits.
class PlainLmdb {
 public:
  explicit PlainLmdb(const std::string& directory) {
    EXPECT_EQ(mdb_env_create(&env_), 0);
    EXPECT_EQ(mdb_env_set_maxdbs(env_, 8), 0);
    EXPECT_EQ(mdb_env_open(env_, directory.c_str(), 0, 0600), 0);
    EXPECT_EQ(mdb_txn_begin(env_, nullptr, 0, &txn_), 0);
  }
  ~PlainLmdb() {
    EXPECT_EQ(mdb_txn_commit(txn_), 0);
    mdb_env_close(env_);
  }
  PlainLmdb(const PlainLmdb&) = delete;
  PlainLmdb& operator=(const PlainLmdb&) = delete;

  // `table` is the name of a table; null is the main table.
  std::string Get(const char* table, std::string_view key) {
    MDB_val key_val = ToVal(key);
    MDB_val found = {0, nullptr};
    EXPECT_EQ(mdb_get(txn_, Open(table), &key_val, &found), 0);
    return {static_cast<const char*>(found.mv_data), found.mv_size};
  }
  void Put(const char* table, std::string_view key, std::string_view data) {
    MDB_val key_val = ToVal(key);
    MDB_val data_val = ToVal(data);
    EXPECT_EQ(mdb_put(txn_, Open(table), &key_val, &data_val, 0), 0);
  }
  void Remove(const char* table, std::string_view key) {
    MDB_val key_val = ToVal(key);
    EXPECT_EQ(mdb_del(txn_, Open(table), &key_val, nullptr), 0);
  }
  size_t Rows(const char* table) {
    MDB_stat stat = {};
    EXPECT_EQ(mdb_stat(txn_, Open(table), &stat), 0);
    return stat.ms_entries;
  }

 private:
  static MDB_val ToVal(std::string_view bytes) {
    return {bytes.size(), const_cast<char*>(bytes.data())};
  }
  MDB_dbi Open(const char* table) {
    MDB_dbi handle = 0;
    EXPECT_EQ(mdb_dbi_open(txn_, table, MDB_CREATE, &handle), 0);
    return handle;
  }

  MDB_env* env_ = nullptr;
  MDB_txn* txn_ = nullptr;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_LMDB_PLAIN_LMDB_H_
