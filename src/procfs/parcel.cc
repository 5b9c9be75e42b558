#include "procfs/parcel.h"

#include <algorithm>
#include <cstring>

namespace rm {

void Parcel::Put(const std::vector<ObjectHandle>& handles) {
  Put(handles.size());
  for (const ObjectHandle& handle : handles) {
    Put(handle.overlay);
    Put(handle.id);
    Put(handle.dev);
  }
}

std::string Parcel::GetText() {
  const auto size = std::min(Get<size_t>(), bytes_.size() - std::min(at_, bytes_.size()));
  at_ += size;
  return bytes_.substr(at_ - size, size);
}

std::vector<ObjectHandle> Parcel::GetHandles() {
  std::vector<ObjectHandle> handles;
  for (size_t left = std::min(Get<size_t>(), bytes_.size()); left > 0; --left) {
    const bool overlay = Get<bool>();
    std::string id = GetText();
    handles.push_back({overlay, std::move(id), Get<uint64_t>()});
  }
  return handles;
}

void Parcel::Take(void* value, size_t size) {
  if (at_ <= bytes_.size() && bytes_.size() - at_ >= size)
    std::memcpy(value, bytes_.data() + at_, size);
  at_ += size;
}

}  // namespace rm
