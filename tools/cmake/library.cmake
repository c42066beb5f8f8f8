# Defines the libraries. Each target exists for each kind that is built, as
# appcache_redis_cache_static and appcache_redis_cache_shared, and
# appcache::redis_cache is an alias of the first. Both kinds have the same
# object files. These are position-independent, so that a static library can
# become part of a shared one.

# The alias of a target, and its name and set in an installation: targets of one
# set are one component of find_package.
function(appcache_publish target name kind component)
  if(NOT TARGET appcache::${name})
    add_library(appcache::${name} ALIAS ${target})
  endif()
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  if(APPCACHE_INSTALL)
    install(TARGETS ${target}
      EXPORT appcache-${component}-${kind}
      ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
      LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  endif()
endfunction()

# appcache_add_objects(NAME FOLDER SOURCES source... [LINK library...])
#
# Defines appcache_NAME_objects: source files that include the public headers of
# FOLDER/include.
function(appcache_add_objects name folder)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "SOURCES;LINK")
  set(top "${CMAKE_CURRENT_SOURCE_DIR}")
  list(TRANSFORM arg_SOURCES PREPEND "${top}/")

  set(objects appcache_${name}_objects)
  add_library(${objects} OBJECT ${arg_SOURCES})
  target_compile_features(${objects} PUBLIC cxx_std_20)
  target_include_directories(${objects}
    PUBLIC "${top}/engine/include" "${top}/${folder}/include"
    PRIVATE "${top}")
  target_include_directories(${objects} SYSTEM
    PRIVATE "${APPCACHE_XXHASH_INCLUDE_DIR}")
  target_compile_options(${objects} PRIVATE -Wall -Wextra)
  set_target_properties(${objects} PROPERTIES
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(${objects} PRIVATE ${arg_LINK})
  if(NOT name STREQUAL "cache")
    # Source files of the adapters define the same names. Those of the engine do
    # not, and CMAKE_UNITY_BUILD may join them.
    set_target_properties(${objects} PROPERTIES UNITY_BUILD OFF)
  endif()
endfunction()

# appcache_add_library(NAME FILE FOLDER [SCHEME scheme] SOURCES source...
#   [OBJECTS name...] [LINK library...])
#
# Defines appcache::NAME, the library libFILE, with the public headers of
# FOLDER/include and also the object files of appcache_add_objects(name...). All
# but the first one link appcache::cache.
#
# Nothing refers to the file that registers the openers of URIs. So users of the
# library get options of the linker: an undefined symbol brings the file in from
# a static library, and a shared library is kept even with --as-needed.
function(appcache_add_library name file folder)
  cmake_parse_arguments(PARSE_ARGV 3 arg "" SCHEME "SOURCES;OBJECTS;LINK")
  set(top "${CMAKE_CURRENT_SOURCE_DIR}")
  appcache_add_objects(${name} ${folder}
    SOURCES ${arg_SOURCES}
    LINK ${arg_LINK})
  set(objects)
  foreach(objects_name IN LISTS name arg_OBJECTS)
    list(APPEND objects $<TARGET_OBJECTS:appcache_${objects_name}_objects>)
  endforeach()

  set(component core)
  if(arg_SCHEME)
    set(component ${arg_SCHEME})
  endif()
  foreach(kind IN LISTS kinds)
    string(TOUPPER ${kind} library_kind)
    set(target appcache_${name}_${kind})
    add_library(${target} ${library_kind} ${objects})
    target_compile_features(${target} PUBLIC cxx_std_20)
    target_include_directories(${target} PUBLIC
      "$<BUILD_INTERFACE:${top}/${folder}/include>"
      "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
    target_link_libraries(${target} PRIVATE ${arg_LINK})
    set_target_properties(${target} PROPERTIES
      LINKER_LANGUAGE CXX
      OUTPUT_NAME ${file}
      VERSION ${PROJECT_VERSION}
      SOVERSION ${abi_version})
    if(NOT name STREQUAL "cache")
      target_link_libraries(${target} PUBLIC appcache_cache_${kind})
    endif()
    if(kind STREQUAL "shared")
      set(exports "${top}/tools/cmake/exports.map")
      target_link_options(${target} PRIVATE
        LINKER:-z,defs "LINKER:--version-script=${exports}")
      set_target_properties(${target} PROPERTIES LINK_DEPENDS "${exports}")
    endif()
    if(arg_SCHEME)
      appcache_keep(${target} ${name} ${kind} ${arg_SCHEME})
    endif()
    appcache_publish(${target} ${name} ${kind} ${component})
  endforeach()
endfunction()

# Adds the options for users of a library that registers a scheme.
function(appcache_keep target name kind scheme)
  if(kind STREQUAL "static")
    target_link_options(${target} INTERFACE
      "LINKER:--undefined=appcache_scheme_${scheme}")
    return()
  endif()
  set(built "$<TARGET_FILE:${target}>")
  set(installed "$<TARGET_FILE:appcache::${name}>")
  set(before "LINKER:--push-state,--no-as-needed")
  target_link_options(${target} INTERFACE
    "$<BUILD_INTERFACE:${before},${built},--pop-state>"
    "$<INSTALL_INTERFACE:${before},${installed},--pop-state>")
endfunction()

# appcache_add_part_of_library(NAME [SCHEME])
#
# Defines appcache::NAME, a part of libappcache. A program that links it has the
# URIs that the file of the scheme registers.
function(appcache_add_part_of_library name)
  foreach(kind IN LISTS kinds)
    set(target appcache_${name}_${kind})
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE appcache_cache_${kind})
    if(ARGC GREATER 1 AND kind STREQUAL "static")
      target_link_options(${target} INTERFACE
        "LINKER:--undefined=appcache_scheme_${ARGV1}")
    endif()
    appcache_publish(${target} ${name} ${kind} core)
  endforeach()
endfunction()
