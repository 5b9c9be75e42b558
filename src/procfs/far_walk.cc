#include "procfs/far_walk.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/win32_codes.h"
#include "procfs/child_process.h"
#include "procfs/frames.h"
#include "procfs/parcel.h"

namespace rm {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kMostTimes = 5;
constexpr int kSlow = 4;  // who takes this part of the patience for one answer
constexpr size_t kMostUnsent = 16 << 10;
constexpr milliseconds kOften{50};

enum class Said : char { kLooksInto, kFound, kEnter, kSkip, kFailed, kDone };

// In the child.
class Teller final : public TreeSink {
 public:
  Teller(int out, milliseconds limit) : out_(out), limit_(limit) {}

  Result<void> Walk(TreeWalker& walker, std::vector<TreePlace> places) {
    todo_ = std::move(places);
    Tell(Parcel::Of(Said::kLooksInto, std::string()), true);
    if (auto gone = walker.GoFar(*this); !gone) return gone;
    while (!todo_.empty()) {
      const TreePlace place = std::move(todo_.back());
      todo_.pop_back();
      Tell(Parcel::Of(Said::kLooksInto, place.below), true);
      if (auto looked = walker.LookInto(place, *this); !looked) return looked;
    }
    return {};
  }

  void Finish(const Result<void>& walked) {
    if (walked) return Tell(Parcel::Of(Said::kDone), true);
    Tell(Parcel::Of(Said::kFailed, walked.error().code, walked.error().message), true);
  }

  void Found(TreeEntry entry) override {
    Tell(Parcel::Of(Said::kFound, entry.below, entry.identity, entry.handles));
  }
  void Enter(TreePlace place) override {
    Tell(Parcel::Of(Said::kEnter, place.below, place.dev));
    todo_.push_back(std::move(place));
  }
  void Skip(Skipped skipped) override { Tell(Parcel::Of(Said::kSkip, skipped.path, skipped.why)); }

 private:
  // At once, before it may have to wait for a server; else together with what follows soon.
  void Tell(const Parcel& parcel, bool at_once = false) {
    unsent_ += Frame(parcel.bytes());
    const Clock::time_point now = Clock::now();
    if (!at_once && unsent_.size() < kMostUnsent && now - sent_ < kOften) return;
    LiveOn(limit_);
    if (!WriteAll(out_, unsent_)) _exit(1);
    unsent_.clear();
    sent_ = now;
  }

  const int out_;
  const milliseconds limit_;
  std::vector<TreePlace> todo_;
  std::string unsent_;
  Clock::time_point sent_;
};

class FarWalk {
 public:
  FarWalk(TreeWalker& walker, std::vector<TreePlace> places, const TreeOptions& options,
          TreeSink& sink)
      : walker_(walker), todo_(std::move(places)), options_(options), sink_(sink) {}

  Result<void> Run() {
    if (walker_.is_open())
      if (auto gone = walker_.GoFar(sink_); !gone) return gone;
    while (!todo_.empty() && !done_) {
      const milliseconds limit = 2 * options_.patience;
      const auto work = [&](int out) {
        Teller teller(out, limit);
        teller.Finish(teller.Walk(walker_, todo_));
      };
      Result<UniqueFd> in = StartChild(work, -1, limit);
      if (!in) return Pass(std::move(in));
      FrameReader reader(std::move(*in), options_.cancel);
      if (auto listened = Listen(reader); !listened) return listened;
    }
    return {};
  }

 private:
  // Until it is done, or says nothing any more.
  Result<void> Listen(FrameReader& reader) {
    at_ = todo_.back();
    while (!done_) {
      const Clock::time_point asked = Clock::now();
      const std::optional<std::string> said = reader.Next(asked + options_.patience);
      if (options_.cancel.stop_requested())
        return Fail(kCancelled, "Looking below {} was cancelled.", walker_.FullPath(""));
      const auto waited = std::chrono::duration_cast<milliseconds>(Clock::now() - asked);
      if (waited > options_.patience / kSlow) slow_ += waited;
      if (!said || slow_ > kMostTimes * options_.patience) {
        GiveUp(slow_ > kMostTimes * options_.patience);
        return {};
      }
      if (auto took = Take(*said); !took) return took;
    }
    return {};
  }

  Result<void> Take(const std::string& bytes) {
    Parcel said(bytes);
    switch (said.Get<Said>()) {
      case Said::kLooksInto: {
        const std::string below = said.GetText();
        const auto place = std::find_if(todo_.rbegin(), todo_.rend(),
                                        [&](const TreePlace& one) { return one.below == below; });
        if (place == todo_.rend()) break;
        at_ = *place;
        todo_.erase(std::next(place).base());
        break;
      }
      case Said::kFound: {
        TreeEntry entry{.below = said.GetText()};
        entry.identity = said.Get<FileIdentity>();
        entry.handles = said.GetHandles();
        sink_.Found(std::move(entry));
        break;
      }
      case Said::kEnter: {
        std::string below = said.GetText();
        todo_.push_back({std::move(below), said.Get<uint64_t>()});
        break;
      }
      case Said::kSkip: {
        std::string path = said.GetText();
        sink_.Skip({std::move(path), said.GetText()});
        break;
      }
      case Said::kFailed: {
        const auto code = said.Get<decltype(Error::code)>();
        return tl::unexpected(Error{code, said.GetText()});
      }
      case Said::kDone:
        done_ = true;
    }
    return {};
  }

  // What is below it is on the way to where it hangs.
  void GiveUp(bool all) {
    std::erase_if(todo_, [&](const TreePlace& place) { return place.below == at_.below; });
    todo_.push_back(at_);
    std::erase_if(todo_, [&](const TreePlace& place) {
      if (!all && place.dev != at_.dev) return false;
      sink_.Skip({walker_.FullPath(place.below), "its file system does not answer"});
      return true;
    });
  }

  TreeWalker& walker_;  // as it was before: what the child does with it is its own
  std::vector<TreePlace> todo_;
  const TreeOptions& options_;
  TreeSink& sink_;
  TreePlace at_;  // where it is looked
  milliseconds slow_{0};
  bool done_ = false;
};

}  // namespace

Result<void> WalkFar(TreeWalker& walker, std::vector<TreePlace> places, const TreeOptions& options,
                     TreeSink& sink) {
  return FarWalk(walker, std::move(places), options, sink).Run();
}

}  // namespace rm
