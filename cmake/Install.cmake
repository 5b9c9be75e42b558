# The target `product`: all that `cmake --install` installs, and nothing else. Programs say beside
# their sources where they go; here is what belongs to no folder of src/.
add_custom_target(product)
add_dependencies(product rstrtmgr restartapp restartctl rm-guard rm-relaunch rm-windows)
if(TARGET man)
  add_dependencies(product man)
endif()

install(TARGETS rstrtmgr LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS restartctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/restartmanager*)
install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# The way from the .pc file to the prefix, so that an installed tree can be moved as a whole.
file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/packaging/rstrtmgr.pc.in rstrtmgr.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/rstrtmgr.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
