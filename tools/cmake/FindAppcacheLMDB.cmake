# Finds LMDB, and defines the target appcache::lmdb. It is also installed, for
# programs that link the static library of LmdbCache.

find_path(AppcacheLMDB_INCLUDE_DIR lmdb.h DOC "The folder of lmdb.h")
find_library(AppcacheLMDB_LIBRARY lmdb DOC "The library LMDB")
mark_as_advanced(AppcacheLMDB_INCLUDE_DIR AppcacheLMDB_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(AppcacheLMDB
  REQUIRED_VARS AppcacheLMDB_LIBRARY AppcacheLMDB_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "LMDB is missing (on Debian: liblmdb-dev)")

if(AppcacheLMDB_FOUND AND NOT TARGET appcache::lmdb)
  add_library(appcache::lmdb UNKNOWN IMPORTED)
  set_target_properties(appcache::lmdb PROPERTIES
    IMPORTED_LOCATION "${AppcacheLMDB_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${AppcacheLMDB_INCLUDE_DIR}")
endif()
