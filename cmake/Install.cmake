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

# The way from a .pc file to the prefix, so that an installed tree can be moved as a whole.
file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(library rstrtmgr restartapp)
  configure_file(${PROJECT_SOURCE_DIR}/packaging/${library}.pc.in ${library}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${library}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

# The boot pays what was owed when the machine went down. Wanted by its link and not by an [Install]
# section: nobody has to enable it, and without a debt it does nothing.
set(units ${PROJECT_BINARY_DIR}/units)
set(recover restart-manager-recover.service)
file(MAKE_DIRECTORY ${units}/multi-user.target.wants)
file(CREATE_LINK ../${recover} ${units}/multi-user.target.wants/${recover} SYMBOLIC)
# At installation, since only then the prefix is known for certain.
install(CODE "set(bindir \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
  configure_file(\"${PROJECT_SOURCE_DIR}/packaging/${recover}.in\" \"${units}/${recover}\" @ONLY)")
install(DIRECTORY ${units}/ DESTINATION lib/systemd/system)
