# The appcache command, its man pages and its completions. It is linked from the
# object files of the libraries: it also uses parts that the shared libraries do
# not export.

add_executable(appcache_command ${appcache_command_sources})
target_include_directories(appcache_command PRIVATE
  "${CMAKE_CURRENT_SOURCE_DIR}")
target_include_directories(appcache_command SYSTEM PRIVATE
  "${APPCACHE_XXHASH_INCLUDE_DIR}"
  "${APPCACHE_JSON_INCLUDE_DIR}"
  "${APPCACHE_CLI11_INCLUDE_DIR}")
target_compile_options(appcache_command PRIVATE -Wall -Wextra)
set_target_properties(appcache_command PROPERTIES
  CXX_EXTENSIONS OFF
  OUTPUT_NAME appcache
  UNITY_BUILD OFF)
target_link_libraries(appcache_command PRIVATE ZLIB::ZLIB)
foreach(name IN ITEMS
    cache net redis_cache memcache_cache lmdb_cache tiered_cache)
  if(TARGET appcache_${name}_objects)
    target_link_libraries(appcache_command PRIVATE appcache_${name}_objects)
  endif()
endforeach()

if(APPCACHE_ZSTD)
  target_sources(appcache_command PRIVATE
    "${CMAKE_CURRENT_SOURCE_DIR}/tools/trace/zstd_source.cc")
  target_include_directories(appcache_command SYSTEM PRIVATE
    "${APPCACHE_ZSTD_INCLUDE_DIR}")
  target_link_libraries(appcache_command PRIVATE "${APPCACHE_ZSTD_LIBRARY}")
else()
  target_sources(appcache_command PRIVATE
    "${CMAKE_CURRENT_SOURCE_DIR}/tools/trace/zstd_absent.cc")
endif()

# The command prints its man pages and completions. A cross build without an
# emulator cannot run it, and installs none.
if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CROSSCOMPILING_EMULATOR)
  set(pages "${CMAKE_CURRENT_BINARY_DIR}/appcache_pages")
  add_custom_command(
    OUTPUT "${pages}/done"
    COMMAND "${CMAKE_COMMAND}" "-Dfolder=${pages}" -P
      "${CMAKE_CURRENT_LIST_DIR}/write_pages.cmake"
      -- ${CMAKE_CROSSCOMPILING_EMULATOR} "$<TARGET_FILE:appcache_command>"
    DEPENDS appcache_command "${CMAKE_CURRENT_LIST_DIR}/write_pages.cmake"
    COMMENT "Writing the man pages and completions of appcache"
    VERBATIM)
  add_custom_target(appcache_pages ALL DEPENDS "${pages}/done")
endif()

if(APPCACHE_INSTALL)
  install(TARGETS appcache_command
    RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  if(pages)
    install(DIRECTORY "${pages}/man1" DESTINATION "${CMAKE_INSTALL_MANDIR}")
    install(FILES "${pages}/appcache"
      DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
    install(FILES "${pages}/_appcache"
      DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
    install(FILES "${pages}/appcache.fish"
      DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
  endif()
endif()
