# Runs the command to write its man pages and completions:
#
#   cmake -Dfolder=FOLDER -P write_pages.cmake -- COMMAND...

set(command)
set(after_dashes OFF)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
  if(after_dashes)
    list(APPEND command "${CMAKE_ARGV${i}}")
  elseif(CMAKE_ARGV${i} STREQUAL "--")
    set(after_dashes ON)
  endif()
endforeach()

function(write file)
  execute_process(COMMAND ${command} ${ARGN}
    OUTPUT_FILE "${folder}/${file}"
    RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${command} ${ARGN} failed: ${result}")
  endif()
endfunction()

file(REMOVE_RECURSE "${folder}")
file(MAKE_DIRECTORY "${folder}/man1")
write(man1/appcache.1 man)
# The first page refers to the page of each subcommand.
file(STRINGS "${folder}/man1/appcache.1" references REGEX "^\\.Xr appcache-")
foreach(reference IN LISTS references)
  string(REGEX REPLACE "^\\.Xr appcache-([a-z]+) .*" "\\1" subcommand
    "${reference}")
  write(man1/appcache-${subcommand}.1 man ${subcommand})
endforeach()
write(appcache completion bash)
write(_appcache completion zsh)
write(appcache.fish completion fish)
file(TOUCH "${folder}/done")
