# The programs of the CMake consumers, compiled as their users might.

set(CMAKE_NO_SYSTEM_FROM_IMPORTED ON) # Warnings in appcache's headers count.
add_compile_options(-Wall -Wextra -Werror)

add_executable(embed ${CMAKE_CURRENT_LIST_DIR}/embed.cc)
target_link_libraries(embed PRIVATE appcache::sqlite_cache)

add_executable(open_by_uri ${CMAKE_CURRENT_LIST_DIR}/open_by_uri.cc)
target_link_libraries(open_by_uri PRIVATE appcache::open appcache::sqlite_cache)
foreach(backend IN ITEMS redis_cache memcache_cache lmdb_cache tiered_cache)
  if(TARGET appcache::${backend})
    target_link_libraries(open_by_uri PRIVATE appcache::${backend})
  endif()
endforeach()

add_executable(redis ${CMAKE_CURRENT_LIST_DIR}/redis.cc)
target_link_libraries(redis PRIVATE appcache::redis_cache)
