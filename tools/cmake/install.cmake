# Installs the headers, the files of find_package and those of pkg-config. The
# libraries are installed where they are defined.

include(CMakePackageConfigHelpers)

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/appcache")
set(components core)
set(headers engine)
foreach(scheme IN ITEMS redis memcache lmdb tiered)
  if(TARGET appcache_${scheme}_cache_objects)
    list(APPEND components ${scheme})
    list(APPEND headers adapters/${scheme})
  endif()
endforeach()

foreach(folder IN LISTS headers)
  install(DIRECTORY "${folder}/include/appcache"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING PATTERN "*.h")
endforeach()
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# find_package.
foreach(component IN LISTS components)
  foreach(kind IN LISTS kinds)
    install(EXPORT appcache-${component}-${kind}
      NAMESPACE appcache::
      DESTINATION "${package_folder}")
  endforeach()
endforeach()
configure_package_config_file(tools/cmake/appcacheConfig.cmake.in
  "${CMAKE_CURRENT_BINARY_DIR}/appcacheConfig.cmake"
  INSTALL_DESTINATION "${package_folder}"
  NO_SET_AND_CHECK_MACRO
  NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(
  "${CMAKE_CURRENT_BINARY_DIR}/appcacheConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${CMAKE_CURRENT_BINARY_DIR}/appcacheConfig.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/appcacheConfigVersion.cmake"
  tools/cmake/FindAppcacheLMDB.cmake
  DESTINATION "${package_folder}")

# pkg-config. The files find their prefix, so that the tree can be moved.
set(pc_folder "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
if(NOT IS_ABSOLUTE "${pc_folder}")
  file(RELATIVE_PATH up "/prefix/${pc_folder}" "/prefix")
  string(REGEX REPLACE "/$" "" up "${up}")
  set(pc_prefix "\${pcfiledir}/${up}")
endif()
foreach(folder IN ITEMS LIBDIR INCLUDEDIR)
  string(TOLOWER ${folder} variable)
  set(pc_${variable} "\${prefix}/${CMAKE_INSTALL_${folder}}")
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${folder}}")
    set(pc_${variable} "${CMAKE_INSTALL_${folder}}")
  endif()
endforeach()

# appcache_install_pc(NAME DESCRIPTION [LIBS options] [REQUIRES packages]
#   [PRIVATE packages] [LIBS_PRIVATE options])
function(appcache_install_pc name description)
  cmake_parse_arguments(PARSE_ARGV 2 pc "" "LIBS;REQUIRES;PRIVATE;LIBS_PRIVATE"
    "")
  set(pc_name ${name})
  set(pc_description "${description}")
  configure_file(tools/cmake/appcache.pc.in
    "${CMAKE_CURRENT_BINARY_DIR}/${name}.pc" @ONLY)
  # Without the fields that are empty.
  file(STRINGS "${CMAKE_CURRENT_BINARY_DIR}/${name}.pc" lines)
  list(FILTER lines EXCLUDE REGEX ": *$")
  list(JOIN lines "\n" text)
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/${name}.pc" "${text}\n")
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${name}.pc"
    DESTINATION "${pc_folder}")
endfunction()

appcache_install_pc(appcache "An application cache: interface and SQLite engine"
  LIBS -lappcache
  PRIVATE "sqlite3 >= 3.38, zlib"
  LIBS_PRIVATE -pthread)
# An undefined symbol brings the file that registers a scheme in from a static
# library. libappcache has the files of sqlite: and memory:.
appcache_install_pc(appcache-open "Opens appcache's caches by URI"
  LIBS -Wl,--undefined=appcache_scheme_sqlite REQUIRES appcache)
# Keeps a shared library even with --as-needed: a program that opens it by URI
# refers to nothing in it. One option, so that pkg-config keeps it together.
foreach(scheme IN LISTS components)
  set(keep "-Wl,--push-state,--no-as-needed,-lappcache-${scheme},--pop-state")
  set(pc_libs_${scheme}
    "-Wl,--undefined=appcache_scheme_${scheme} ${keep}")
endforeach()
if(APPCACHE_REDIS)
  appcache_install_pc(appcache-redis "appcache's RedisCache"
    LIBS "${pc_libs_redis}" REQUIRES appcache)
endif()
if(APPCACHE_MEMCACHE)
  appcache_install_pc(appcache-memcache "appcache's MemcacheCache"
    LIBS "${pc_libs_memcache}" REQUIRES appcache PRIVATE zlib)
endif()
if(APPCACHE_LMDB)
  # Not every installation of LMDB has a file for pkg-config.
  appcache_install_pc(appcache-lmdb "appcache's LmdbCache"
    LIBS "${pc_libs_lmdb}" REQUIRES appcache LIBS_PRIVATE -llmdb)
endif()
if(APPCACHE_TIERED)
  appcache_install_pc(appcache-tiered "appcache's TieredCache"
    LIBS "${pc_libs_tiered}" REQUIRES appcache)
endif()
