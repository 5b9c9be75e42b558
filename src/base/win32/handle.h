// Who closes this handle? The one that holds the UniqueHandle.
#pragma once

#include <windows.h>

#include <memory>
#include <utility>

namespace rm {

class UniqueHandle {
 public:
  UniqueHandle() = default;
  // INVALID_HANDLE_VALUE is as good as none.
  explicit UniqueHandle(HANDLE handle)
      : handle_(handle == INVALID_HANDLE_VALUE ? nullptr : handle) {}
  UniqueHandle(UniqueHandle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  UniqueHandle& operator=(UniqueHandle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~UniqueHandle() {
    if (handle_) ::CloseHandle(handle_);
  }

  HANDLE get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }

 private:
  HANDLE handle_ = nullptr;
};

struct CloseService {
  void operator()(SC_HANDLE service) const { ::CloseServiceHandle(service); }
};
using UniqueService = std::unique_ptr<SC_HANDLE__, CloseService>;

}  // namespace rm
