// What one process tells the other: of the same program, so as it is in memory.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/resource.h"

namespace rm {

class Parcel {
 public:
  explicit Parcel(std::string bytes = {}) : bytes_(std::move(bytes)) {}

  template <class... T>
  static Parcel Of(const T&... values) {
    Parcel parcel;
    (parcel.Put(values), ...);
    return parcel;
  }

  template <class T>
  void Put(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void Put(const std::string& text) {
    Put(text.size());
    bytes_.append(text);
  }
  void Put(const std::vector<ObjectHandle>& handles);

  // What is not there any more is 0 or empty.
  template <class T>
  T Get() {
    T value{};
    Take(&value, sizeof value);
    return value;
  }
  std::string GetText();
  std::vector<ObjectHandle> GetHandles();
  const std::string& bytes() const { return bytes_; }

 private:
  void Take(void* value, size_t size);

  std::string bytes_;
  size_t at_ = 0;
};

}  // namespace rm
