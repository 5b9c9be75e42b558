# No report of a sanitizer is lost: each program writes its own into a folder that all users may write to, and ctest fails
# when there is one after the tests.
set(reports ${PROJECT_BINARY_DIR}/reports)
file(MAKE_DIRECTORY ${reports})
file(CHMOD ${reports} DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_WRITE GROUP_EXECUTE WORLD_READ WORLD_WRITE WORLD_EXECUTE)
add_library(rm_sanitizer_reports OBJECT ${PROJECT_SOURCE_DIR}/tools/sanitizer_reports.c)
target_compile_definitions(rm_sanitizer_reports PRIVATE RM_REPORTS="${reports}")
target_compile_options(rm_sanitizer_reports PRIVATE -fno-sanitize=all)  # it is asked before there is a sanitizer
link_libraries($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:$<TARGET_OBJECTS:rm_sanitizer_reports>>)
file(WRITE ${PROJECT_BINARY_DIR}/CTestCustom.cmake
  "set(CTEST_CUSTOM_POST_TEST \"${PROJECT_SOURCE_DIR}/tools/sanitizer-reports ${reports}\")\n")
