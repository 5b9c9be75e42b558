// What is seen from outside of the library? The functions of restartapp.h, and nothing else.
#pragma once

#pragma GCC visibility push(default)
#include <restartapp.h>
#pragma GCC visibility pop

#include <new>

namespace rm {

// Nothing that C++ throws may reach the caller.
template <class Function>
HRESULT Guarded(Function function) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return E_OUTOFMEMORY;
  } catch (...) {
    return E_FAIL;
  }
}

}  // namespace rm
