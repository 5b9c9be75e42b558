#include "procfs/lookup_child.h"

#include <algorithm>
#include <cstring>

#include "base/win32_codes.h"
#include "procfs/child_answers.h"
#include "procfs/mounts.h"

namespace rm {
namespace {

using std::chrono::milliseconds;

// The answer about one path, from one process to the other: of the same program, so as it is in
// memory.
class Parcel {
 public:
  explicit Parcel(std::string bytes = {}) : bytes_(std::move(bytes)) {}

  template <class T>
  void Put(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void Put(const std::string& text) {
    Put(text.size());
    bytes_.append(text);
  }
  template <class T>
  T Get() {
    T value{};
    if (at_ + sizeof value <= bytes_.size()) std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string GetText() {
    const auto size = std::min(Get<size_t>(), bytes_.size() - std::min(at_, bytes_.size()));
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  size_t at_ = 0;
};

std::string Pack(const Result<FileResource>& answer) {
  Parcel parcel;
  parcel.Put(answer ? kSuccess : answer.error().code);
  if (!answer) {
    parcel.Put(answer.error().message);
    return parcel.bytes();
  }
  parcel.Put(answer->unreachable);
  parcel.Put(answer->links.size());
  for (const std::string& link : answer->links) parcel.Put(link);
  parcel.Put(answer->at_registration.has_value());
  parcel.Put(answer->at_registration.value_or(FileIdentity{}));
  parcel.Put(answer->handles.size());
  for (const ObjectHandle& handle : answer->handles) {
    parcel.Put(handle.overlay);
    parcel.Put(handle.id);
    parcel.Put(handle.dev);
  }
  return parcel.bytes();
}

Result<FileResource> Unpack(const std::string& bytes, const std::string& path) {
  Parcel parcel(bytes);
  if (const auto code = parcel.Get<decltype(Error::code)>(); code != kSuccess) {
    return tl::unexpected(Error{code, parcel.GetText()});
  }
  FileResource file{.path = path};
  file.unreachable = parcel.Get<bool>();
  for (size_t left = parcel.Get<size_t>(); left > 0; --left) file.links.push_back(parcel.GetText());
  const bool exists = parcel.Get<bool>();
  const auto identity = parcel.Get<FileIdentity>();
  if (exists) file.at_registration = identity;
  for (size_t left = parcel.Get<size_t>(); left > 0; --left) {
    const bool overlay = parcel.Get<bool>();
    std::string id = parcel.GetText();
    file.handles.push_back({overlay, std::move(id), parcel.Get<uint64_t>()});
  }
  return file;
}

}  // namespace

Result<std::vector<FileResource>> LookFromChild(std::span<const std::string> paths,
                                                const std::vector<std::string>& served,
                                                const LookUp& look, milliseconds patience) {
  ChildQuestions questions;
  questions.count = paths.size();
  questions.answer = [&](size_t i) { return Pack(look(paths[i])); };
  questions.alike = [&](size_t unanswered, size_t other) {
    return std::any_of(served.begin(), served.end(), [&](const std::string& point) {
      return point != "/" && IsBelow(paths[unanswered], point) && IsBelow(paths[other], point);
    });
  };
  auto answers = AnswersFromChild(questions, patience);
  if (!answers) return Pass(std::move(answers));
  std::vector<FileResource> files;
  for (size_t i = 0; i < paths.size(); ++i) {
    if (!(*answers)[i]) {
      files.push_back({.path = paths[i], .unreachable = true});
      continue;
    }
    Result<FileResource> file = Unpack(*(*answers)[i], paths[i]);
    if (!file) return Pass(std::move(file));
    files.push_back(std::move(*file));
  }
  return files;
}

}  // namespace rm
