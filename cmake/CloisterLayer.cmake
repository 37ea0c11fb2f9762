# Targets of the layers. A layer's public links are exactly the layers that it may include;
# tests/include_test.py reads every #include and fails on any other edge.

add_library(cloister_options INTERFACE)
target_compile_features(cloister_options INTERFACE cxx_std_20)
target_include_directories(cloister_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(cloister_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overflows inside std::string and std::vector that are not there (its bugs 105329 and 105651).
  target_compile_options(cloister_options INTERFACE -Wno-restrict -Wno-stringop-overflow)
endif()
if(CLOISTER_SANITIZER)
  target_compile_options(cloister_options INTERFACE -fsanitize=${CLOISTER_SANITIZER} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(cloister_options INTERFACE -fsanitize=${CLOISTER_SANITIZER})
endif()

# cloister_layer(<name> [DEPENDS <layer>...] [LIBRARIES <target>...] SOURCES <file>...)
# Makes the library cloister_<name>. Layers that touch a secret key have a second target,
# <name>_owner, which no server target may link.
function(cloister_layer name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES;SOURCES" ${ARGN})
  add_library(cloister_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(cloister_${name} PUBLIC cloister_options ${ARG_LIBRARIES})
  foreach(layer IN LISTS ARG_DEPENDS)
    target_link_libraries(cloister_${name} PUBLIC cloister_${layer})
  endforeach()
endfunction()

# cloister_tests(<name> [LINKS <target>...] SOURCES <file>...)
# One GoogleTest binary. Suites whose name starts with Slow get the label slow, the rest fast; ctest
# starts tests of higher COST first, so that the fast ones have spoken before the slow ones begin.
function(cloister_tests name)
  if(NOT CLOISTER_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "LINKS;SOURCES" ${ARGN})
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${ARG_LINKS} GTest::gtest_main GTest::gtest)
  gtest_discover_tests(${name}_test TEST_FILTER "-Slow*" TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS fast COST 2 TIMEOUT 300)
  gtest_discover_tests(${name}_test TEST_FILTER "Slow*" TEST_PREFIX "${name}." TEST_LIST ${name}_slow
    DISCOVERY_TIMEOUT 60 PROPERTIES LABELS slow COST 1 TIMEOUT 1800)
endfunction()
