# Rstrtmgr.dll: the same rooms, with Windows' machine and the registry behind the two seams.
#
# ROOM/win32/NAME.cc takes the place of ROOM/NAME.cc. Nothing is needed at run time but what every
# Windows has.

# The libraries that are headers only. They lie among those of this machine, which are not for
# Windows: a folder of its own has just them.
set(headers ${PROJECT_BINARY_DIR}/headers)
file(MAKE_DIRECTORY ${headers})
foreach(name tl fmt utf8 utf8.h)
  if(NOT EXISTS /usr/include/${name})
    message(FATAL_ERROR "/usr/include/${name} is missing: packaging/packages.debian lists its package")
  endif()
  file(CREATE_LINK /usr/include/${name} ${headers}/${name} SYMBOLIC)
endforeach()

add_library(rm_options INTERFACE)
target_compile_options(rm_options INTERFACE -Wall -Wextra -Wpedantic -Werror -Wno-missing-field-initializers)
target_compile_definitions(rm_options INTERFACE
  UNICODE _UNICODE NOMINMAX WIN32_LEAN_AND_MEAN WINVER=0x0601 _WIN32_WINNT=0x0601)
target_include_directories(rm_options INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_include_directories(rm_options SYSTEM INTERFACE ${PROJECT_SOURCE_DIR}/src/base/win32 ${headers})
target_link_options(rm_options INTERFACE -static -s)

# Sources of a room: rm_sources(OUT ROOM [NAME...]), all of the room if none is named, and all of its
# win32/.
function(rm_sources out room)
  set(folder ${PROJECT_SOURCE_DIR}/src/${room})
  file(GLOB own CONFIGURE_DEPENDS ${folder}/win32/*.cc)
  file(GLOB shared CONFIGURE_DEPENDS ${folder}/*.cc)
  list(FILTER shared EXCLUDE REGEX "_test\\.cc$")
  set(found ${own})
  foreach(source ${shared})
    get_filename_component(name ${source} NAME)
    get_filename_component(stem ${source} NAME_WE)
    if(NOT EXISTS ${folder}/win32/${name} AND (NOT ARGN OR stem IN_LIST ARGN))
      list(APPEND found ${source})
    endif()
  endforeach()
  set(${out} ${${out}} ${found} PARENT_SCOPE)
endfunction()

set(sources)
rm_sources(sources base text)
rm_sources(sources model)
rm_sources(sources store codec packed session_key)
rm_sources(sources journal record)
rm_sources(sources inspect)
rm_sources(sources plan)
rm_sources(sources execute)
rm_sources(sources session)
rm_sources(sources machine none)
add_library(rm_engine OBJECT ${sources})
target_link_libraries(rm_engine PUBLIC rm_options)
target_precompile_headers(rm_engine PRIVATE <fmt/format.h> <tl/expected.hpp> <functional> <map> <optional>
                                            <set> <string> <vector>)

set(libraries advapi32 bcrypt ntdll user32 version)

# Of the ABI the twelve functions that Windows has; the declarations are ours, so that text has the
# same type everywhere.
set(sources)
rm_sources(sources abi call convert handles key_text rm_resources rm_sessions rm_tasks)
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
  list(APPEND sources ${PROJECT_SOURCE_DIR}/src/abi/win32/x86/status_call.cc)
else()
  list(APPEND sources ${PROJECT_SOURCE_DIR}/src/abi/status_call.cc)
endif()
set(exports ${PROJECT_SOURCE_DIR}/src/abi/win32/rstrtmgr.def)
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
  set(exports ${PROJECT_SOURCE_DIR}/src/abi/win32/x86/rstrtmgr.def)
endif()
add_library(rstrtmgr SHARED ${sources} $<TARGET_OBJECTS:rm_engine> ${exports})
target_link_options(rstrtmgr PRIVATE -Wl,--kill-at)
target_compile_definitions(rstrtmgr PRIVATE WINAPI=__stdcall)
target_link_libraries(rstrtmgr PRIVATE rm_options ${libraries})
set_target_properties(rstrtmgr PROPERTIES PREFIX "" OUTPUT_NAME Rstrtmgr)

# The import library for the programs of others, which link with -lrstrtmgr.
set(imports ${PROJECT_BINARY_DIR}/lib/librstrtmgr.a)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
add_custom_command(OUTPUT ${imports} DEPENDS ${exports}
  COMMAND ${CMAKE_DLLTOOL} --kill-at --input-def ${exports} --output-lib ${imports})
add_custom_target(imports ALL DEPENDS ${imports})

add_executable(rm-envoy src/machine/envoy/main.cc $<TARGET_OBJECTS:rm_engine>)
target_link_libraries(rm-envoy PRIVATE rm_options ${libraries})

# What tests/wine runs: programs as others write them, with mingw-w64's headers.
include(CTest)
if(BUILD_TESTING)
  set(tests ${PROJECT_SOURCE_DIR}/tests/wine)
  add_library(stage OBJECT ${tests}/stage.c)
  add_executable(abi_test ${tests}/abi_test.c $<TARGET_OBJECTS:stage>)
  foreach(part session list stop patience service restart filter process rivals damage loading system_folder)
    target_sources(abi_test PRIVATE ${tests}/${part}_tests.c)
  endforeach()
  add_executable(installer_test ${tests}/installer_test.c $<TARGET_OBJECTS:stage>)
  foreach(program abi_test installer_test)
    target_link_libraries(${program} PRIVATE ${imports})
    add_dependencies(${program} imports)
  endforeach()
  add_executable(holder WIN32 ${tests}/holder.c)
  add_executable(holder-console ${tests}/holder.c)
  add_executable(service ${tests}/service.c)
  add_executable(portable ${PROJECT_SOURCE_DIR}/tests/abi/portable.c)
  target_link_libraries(portable PRIVATE ${imports})
  add_dependencies(portable imports)
  foreach(program stage abi_test installer_test holder holder-console service portable)
    target_compile_options(${program} PRIVATE -include windows.h -Wall -Wextra -Werror -Wno-format)
    target_compile_definitions(${program} PRIVATE UNICODE _UNICODE __USE_MINGW_ANSI_STDIO=1)
  endforeach()
  foreach(program abi_test installer_test holder holder-console service)
    target_link_options(${program} PRIVATE -municode)
  endforeach()
endif()
