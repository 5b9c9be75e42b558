#include "abi/answer.h"

#include <mutex>
#include <unordered_map>
#include <utility>

namespace rm {
namespace {

struct Published {
  std::mutex mutex;
  std::unordered_map<const void*, std::unique_ptr<AnswerBase>> answers;
};

Published& All() {
  static Published& all = *new Published;
  return all;
}

}  // namespace

void Publish(const void* top, std::unique_ptr<AnswerBase> answer) {
  const std::lock_guard lock(All().mutex);
  All().answers.emplace(top, std::move(answer));
}

void FreeAnswer(const void* top) {
  std::unique_ptr<AnswerBase> answer;
  const std::lock_guard lock(All().mutex);
  if (auto node = All().answers.extract(top)) answer = std::move(node.mapped());
}

}  // namespace rm
