#include "procfs/lookup_child.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/win32_codes.h"
#include "procfs/child_answers.h"
#include "procfs/mounts.h"
#include "procfs/parcel.h"

namespace rm {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kRecent{10};
constexpr int kPartForSilent = 4;

// The served mount points that gave no answer, and when. For all threads.
class Silence {
 public:
  void Note(const std::string& point) {
    const std::lock_guard lock(mutex_);
    since_[point] = Clock::now();
  }
  bool IsRecent(const std::string& point) {
    const std::lock_guard lock(mutex_);
    std::erase_if(since_, [](const auto& one) { return one.second + kRecent < Clock::now(); });
    return since_.contains(point);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Clock::time_point> since_;
};
Silence silence;

// The served mount points above a path, the nearest one last. "/" says nothing.
std::vector<std::string> PointsAbove(const std::string& path,
                                     const std::vector<std::string>& served) {
  std::vector<std::string> points;
  for (const std::string& point : served)
    if (point != "/" && IsBelow(path, point)) points.push_back(point);
  std::ranges::sort(points, {}, &std::string::size);
  return points;
}

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
  parcel.Put(answer->handles);
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
  file.handles = parcel.GetHandles();
  return file;
}

}  // namespace

Result<std::vector<FileResource>> LookFromChild(std::span<const std::string> paths,
                                                const std::vector<std::string>& served,
                                                const LookUp& look, milliseconds patience) {
  std::vector<std::vector<std::string>> points;
  std::vector<size_t> usual, silent;
  const auto is_silent = [](const std::string& point) { return silence.IsRecent(point); };
  for (size_t i = 0; i < paths.size(); ++i) {
    points.push_back(PointsAbove(paths[i], served));
    (std::ranges::any_of(points[i], is_silent) ? silent : usual).push_back(i);
  }
  std::vector<FileResource> files(paths.size());
  const auto ask = [&](const std::vector<size_t>& numbers, milliseconds limit) -> Result<void> {
    ChildQuestions questions;
    questions.count = numbers.size();
    questions.answer = [&](size_t k) { return Pack(look(paths[numbers[k]])); };
    questions.alike = [&](size_t unanswered, size_t other) {
      return std::ranges::any_of(points[numbers[unanswered]], [&](const std::string& point) {
        return IsBelow(paths[numbers[other]], point);
      });
    };
    auto answers = AnswersFromChild(questions, limit);
    if (!answers) return Pass(std::move(answers));
    for (size_t k = 0; k < numbers.size(); ++k) {
      const size_t i = numbers[k];
      if (!(*answers)[k]) {
        if (!points[i].empty()) silence.Note(points[i].back());
        files[i] = {.path = paths[i], .unreachable = true};
        continue;
      }
      Result<FileResource> file = Unpack(*(*answers)[k], paths[i]);
      if (!file) return Pass(std::move(file));
      files[i] = std::move(*file);
    }
    return {};
  };
  if (auto asked = ask(usual, patience); !asked) return Pass(std::move(asked));
  if (auto asked = ask(silent, patience / kPartForSilent); !asked) return Pass(std::move(asked));
  return files;
}

}  // namespace rm
