# A room is a folder of src/ with one purpose: a static library, and its tests beside the code.
#
#   rm_room(NAME [ROOMS other rooms] [LIBRARIES imported targets])
#
# Every NAME/*.cc belongs to the library rm_NAME, every NAME/*_test.cc to the program NAME_test.
add_library(rm_options INTERFACE)
target_compile_options(rm_options INTERFACE -Wall -Wextra -Wpedantic -Werror -Wno-missing-field-initializers)
target_include_directories(rm_options INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)

# How tests are compiled, which takes longer than to run them: without optimisation, with lines alone, and without what
# tells a fuzzer where it is.
set(RM_QUICKLY -O0 -g1)
if(CMAKE_CXX_FLAGS MATCHES "fuzzer-no-link")
  list(APPEND RM_QUICKLY -fno-sanitize=fuzzer-no-link)
endif()

function(rm_room name)
  cmake_parse_arguments(arg "" "" "ROOMS;LIBRARIES;TEST_LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(NOT sources)
    return()
  endif()
  list(TRANSFORM arg_ROOMS PREPEND rm_)
  add_library(rm_${name} STATIC ${sources})
  target_link_libraries(rm_${name} PUBLIC rm_options fmt::fmt tl::expected ${arg_ROOMS} ${arg_LIBRARIES})
  if(BUILD_TESTING AND tests)
    add_executable(${name}_test ${tests})
    target_compile_options(${name}_test PRIVATE ${RM_QUICKLY})
    target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(${name}_test PRIVATE rm_${name} GTest::gmock GTest::gtest_main ${arg_TEST_LIBRARIES})
    # What all tests include takes the compiler longer than the tests themselves. It is read once, for the first room; the
    # others have the same options.
    if(name STREQUAL base)
      target_precompile_headers(base_test PRIVATE <gmock/gmock.h> <gtest/gtest.h> <algorithm> <filesystem> <fstream>
                                                  <functional> <map> <set> <string> <vector>)
    else()
      target_precompile_headers(${name}_test REUSE_FROM base_test)
    endif()
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()
endfunction()
