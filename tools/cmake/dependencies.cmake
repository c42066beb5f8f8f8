# Finds the third-party libraries. A parent project may define their targets.

# Says what is missing, and how to get it or to do without. `option` is empty
# for what is always needed.
function(appcache_missing what package option)
  set(message "appcache needs ${what}, which CMake did not find.\n"
    "Install it (on Debian: apt-get install ${package})")
  if(option)
    list(APPEND message ", or build without it: -D${option}=OFF")
  endif()
  list(JOIN message "" message)
  message(FATAL_ERROR "${message}")
endfunction()

# Finds a library without a CMake target by its header.
function(appcache_find_header variable header what package option)
  find_path(${variable} ${header} DOC "The folder of ${header}")
  mark_as_advanced(${variable})
  if(NOT ${variable})
    appcache_missing("${what}" ${package} "${option}")
  endif()
endfunction()

find_package(Threads REQUIRED)

if(NOT TARGET SQLite::SQLite3)
  find_package(SQLite3 3.38 QUIET)
  if(NOT SQLite3_FOUND)
    appcache_missing("SQLite 3.38 or newer" libsqlite3-dev "")
  endif()
endif()

if(NOT TARGET ZLIB::ZLIB)
  find_package(ZLIB QUIET)
  if(NOT ZLIB_FOUND)
    appcache_missing("zlib" zlib1g-dev "")
  endif()
endif()

# Only the header of xxHash is used, by all libraries.
appcache_find_header(APPCACHE_XXHASH_INCLUDE_DIR xxhash.h
  "the header of xxHash" libxxhash-dev "")

if(APPCACHE_LMDB AND NOT TARGET appcache::lmdb)
  list(PREPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
  find_package(AppcacheLMDB QUIET)
  list(POP_FRONT CMAKE_MODULE_PATH)
  if(NOT AppcacheLMDB_FOUND)
    appcache_missing("LMDB" liblmdb-dev APPCACHE_LMDB)
  endif()
endif()

if(APPCACHE_COMMAND)
  if(NOT APPCACHE_TIERED)
    message(FATAL_ERROR "The appcache command needs TieredCache: build it too "
      "(-DAPPCACHE_TIERED=ON), or build no command (-DAPPCACHE_COMMAND=OFF)")
  endif()
  appcache_find_header(APPCACHE_JSON_INCLUDE_DIR nlohmann/json.hpp
    "the header of nlohmann_json" nlohmann-json3-dev APPCACHE_COMMAND)
  appcache_find_header(APPCACHE_CLI11_INCLUDE_DIR CLI/CLI.hpp
    "the header of CLI11" libcli11-dev APPCACHE_COMMAND)
  if(APPCACHE_ZSTD)
    appcache_find_header(APPCACHE_ZSTD_INCLUDE_DIR zstd.h
      "zstd" libzstd-dev APPCACHE_ZSTD)
    find_library(APPCACHE_ZSTD_LIBRARY zstd)
    mark_as_advanced(APPCACHE_ZSTD_LIBRARY)
    if(NOT APPCACHE_ZSTD_LIBRARY)
      appcache_missing("zstd" libzstd-dev APPCACHE_ZSTD)
    endif()
  endif()
endif()
